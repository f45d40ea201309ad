"""Agents of other packages: found, checked, and held to what an agent promises."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentmonitor.agents.base import (
    Agent,
    Colors,
    HookReport,
    Palette,
    Reading,
    SessionDatabase,
    SessionFiles,
    Telemetry,
)
from agentmonitor.agents.guard import guarded
from agentmonitor.agents.plugins import plugin_agents
from agentmonitor.agents.registry import Registry, load_registry
from agentmonitor.errors import InvalidInput, UnreadableLine
from agentmonitor.model.event import Event
from agentmonitor.model.quota import Quota
from agentmonitor.model.signal import Signal
from agentmonitor.model.usage import Channel, Report
from agentmonitor.otlp.records import LogRecord, Point
from agentmonitor.paths import Folders
from tests.unit.builders import DAY, NOW, report

PALETTE = Palette(mark="#123456", text="#123456", soft="#abcdef")
FOLDERS = Folders(Path("/nowhere"))
RECORD = LogRecord(resource={}, attributes={})

Install = Callable[..., None]


def agent(**fields: Any) -> Agent:
    known: dict[str, Any] = {"agent_type": "acme", "label": "Acme", "short": "Ac",
             "colors": Colors(light=PALETTE, dark=PALETTE)}  # fmt: skip
    return Agent(**known | fields)


def event(**fields: Any) -> Event:
    known: dict[str, Any] = {
        "session_id": "s",
        "agent_type": "acme",
        "event_type": "tool_use",
        "occurred_at": DAY,
    }
    return Event(**known | fields)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a module and its entry points where Python finds them."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(name: str, code: str, *points: str, group: str = "agentmonitor.agents") -> None:
        (tmp_path / f"plugin_{name}.py").write_text(f"{MADE}\n{code}\n")
        info = tmp_path / f"plugin_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 1.0")
        lines = points or (f"{name} = plugin_{name}:AGENT",)
        (info / "entry_points.txt").write_text("\n".join((f"[{group}]", *lines)))

    yield put
    for name in set(sys.modules) - before:
        if name.startswith("plugin_"):
            del sys.modules[name]


MADE = "from tests.unit.agents.test_plugins import agent, Telemetry"


def found(known: list[Agent], folder: Path) -> list[str]:
    return [each.agent_type for each in plugin_agents(known, [str(folder), "/nowhere/at/all"])]


def test_agents_join_in_the_order_of_their_names(tmp_path: Path, install: Install) -> None:
    install("b", "AGENT = agent(agent_type='b')")
    install("a", "A = agent(agent_type='a1')\nB = agent(agent_type='a2')",
            "y = plugin_a:A", "x = plugin_a:B")  # fmt: skip
    install("other", "raise SystemExit", group="agentmonitor.something_else")
    assert found([], tmp_path) == ["b", "a2", "a1"]


def test_the_registry_treats_them_as_its_own(install: Install) -> None:
    install("new", "AGENT = agent(edit_tools=frozenset({'Scribble'}), lingers=True)")
    registry = load_registry()
    assert registry.by_type("acme") is registry.agents[-1]
    assert "Scribble" in registry.edit_tools
    assert "acme" in registry.lingering


OWN = agent(
    agent_type="own", label="Our Own", hook_slug="own", parse_hook=lambda payload, at: HookReport(),
    telemetry=Telemetry(services=frozenset({"own-service"}), event_prefix="own."),
)  # fmt: skip
FAULTS = {
    "raise ValueError('not today')": "ValueError: not today",
    "import nothing_of_that_name": "No module named 'nothing_of_that_name'",
    "raise SystemExit(3)": "SystemExit: 3",
    "NOT_THE_NAME = 1": "has no attribute 'AGENT'",
    "AGENT = 'acme'": "no agentmonitor.agents.base.Agent but str",
    "AGENT = agent(agent_type='own')": "its agent_type 'own' is that of Our Own",
    "AGENT = agent(hook_slug='own', parse_hook=print)": "its hook_slug 'own' is that of Our Own",
    "AGENT = agent(telemetry=Telemetry(services=frozenset({'own-service'})))":
        "its service 'own-service' is that of Our Own",
    "AGENT = agent(telemetry=Telemetry(services=frozenset(), event_prefix='own'))":
        "its event_prefix 'own' is that of Our Own",
    "AGENT = agent(agent_type='../evil')": "'../evil' is not of the form my_agent",
    "AGENT = agent(agent_type=7)": "7 is not of the form my_agent",
    "AGENT = agent(label='')": "label is no text",
    "AGENT = agent(short='Acme')": "short is no text of 1 to 2",
    "AGENT = agent(colors='red')": "colors are not",
    "AGENT = agent(hook_slug='acme')": "a hook_slug without a parser",
    "AGENT = agent(parse_hook=print)": "a parser without a hook_slug",
    "AGENT = agent(hook_slug='A/b', parse_hook=print)": "'A/b' is not of the form my-agent",
    "AGENT = agent(files=print)": "files is no SessionFiles",
    "AGENT = agent(edit_tools=None)": "edit_tools is not sound",
    "AGENT = agent(edit_tools=frozenset({1}))": "edit_tools is not sound",
    "AGENT = agent(telemetry=Telemetry(services='abc'))": "telemetry.services is not sound",
    "AGENT = agent(connect='~/.acme')": "connect is not sound",
    "AGENT = agent(usage={'limit_type': 'hope'})": "usage is not sound",
}  # fmt: skip


@pytest.mark.parametrize("code", FAULTS)
def test_an_unsound_one_is_left_out_and_named_once(
    tmp_path: Path, install: Install, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    install("broken", code)
    install("sound", "AGENT = agent(agent_type='sound')")
    assert found([OWN], tmp_path) == ["sound"]
    (record,) = caplog.records
    assert FAULTS[code] in record.message
    assert "uninstall the package 'plugin-broken'" in record.message


def test_of_two_that_take_one_name_the_first_joins(
    tmp_path: Path, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("one", "AGENT = agent(label='One')")
    install("two", "AGENT = agent(label='Two')")
    assert [each.label for each in plugin_agents([], [str(tmp_path)])] == ["One"]
    assert "is that of One" in caplog.text


def test_looking_for_none_loads_nothing() -> None:
    script = (
        "import sys; from agentmonitor.agents.registry import load_registry; load_registry();"
        "print(sorted({'importlib.metadata', 'email', 'zipfile', 'agentmonitor.agents.guard'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


# What a joined agent does later on.


def fail(*args: object) -> Any:
    raise RuntimeError("a bug")


def test_what_is_sound_passes_as_it_is() -> None:
    sent = HookReport(
        events=[
            event(
                keys=("acme:1", "~acme:2"), channel=Channel.HOOK, source="hook", tokens_in=3,
                metadata={"deep": [{"a": 1.5}]}, report=Report(fast=True), status="error",
                signal=Signal(kind="tool_finished", call_id="c"), cost_usd=0.1,
            )
        ],
        signals=[report("busy", agent_type="acme")],
        cwd="/tmp",
    )  # fmt: skip
    parse = guarded(agent(hook_slug="acme", parse_hook=lambda payload, at: sent)).parse_hook
    assert parse is not None
    assert parse({}, NOW) == sent


def test_a_hooks_own_refusal_is_kept() -> None:
    def refuse(payload: object, at: int) -> HookReport:
        raise InvalidInput("No.")

    parse = guarded(agent(hook_slug="acme", parse_hook=refuse)).parse_hook
    assert parse is not None
    with pytest.raises(InvalidInput, match="No"):
        parse({}, NOW)


UNSOUND: list[Any] = [
    None,
    Reading(events=[event(session_id="")]),
    Reading(events=[event(session_id=5)]),
    Reading(events=[event(event_type="dance")]),
    Reading(events=[event(tokens_in=-1)]),
    Reading(events=[event(metadata={"x": object()})]),
    Reading(events=[event(metadata={"x": "\ud800"})]),
    Reading(events=[event(occurred_at=10**17)]),
    Reading(events=[event(keys="acme")]),
    Reading(signals=[report("busy", at=-1)]),
    Reading(events="none"),  # type: ignore[arg-type]  # what the guard is for
]


@pytest.mark.parametrize("told", UNSOUND, ids=range(len(UNSOUND)))
def test_a_line_that_is_read_as_nonsense_is_an_unreadable_one(told: Any) -> None:
    class Lines:
        def read(self, line: bytes) -> Reading:
            return told  # type: ignore[no-any-return]

        def save(self) -> bytes:
            return b"state"

    files = files_of(open=lambda path, state: Lines())
    reader = files.open(Path("x"), None)
    with pytest.raises(UnreadableLine, match="the package of Acme failed"):
        reader.read(b"line")
    assert reader.save() == b"state"


def files_of(**functions: Any) -> SessionFiles:
    known: dict[str, Any] = {"find": lambda f: [], "roots": lambda f: [], "open": fail}
    files = guarded(agent(files=SessionFiles(**known | functions))).files
    assert files is not None
    return files


def test_files_of_a_failing_agent_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    def half(folders: Folders) -> Iterator[Path]:
        yield Path("one")
        fail()

    files = files_of(find=half, roots=fail, whole=fail)
    for _ in range(3):
        assert list(files.find(FOLDERS)) == [Path("one")]
        assert files.roots(FOLDERS) == []
    assert len(caplog.records) == 2
    assert "Update or uninstall" in caplog.text
    for attempt in (lambda: files.open(Path("x"), None), lambda: files.whole(Path("x"))):
        with pytest.raises(OSError, match="a bug"):
            attempt()


def test_a_state_that_is_none_fails_its_file_only() -> None:
    class Lines:
        read = fail
        save = fail

    reader = files_of(open=lambda path, state: Lines()).open(Path("x"), b"")
    with pytest.raises(UnreadableLine, match="a bug"):
        reader.read(b"")
    with pytest.raises(OSError, match="a bug"):
        reader.save()


def test_a_database_that_fails_half_way_is_unreadable_from_there() -> None:
    def read(path: Path, state: bytes | None) -> Iterator[tuple[Reading, bytes]]:
        yield Reading(events=[event()]), b"1"
        fail()

    database = guarded(agent(database=SessionDatabase(find=fail, roots=fail, read=read))).database
    assert database is not None
    pieces = iter(database.read(Path("x"), None))
    assert next(pieces)[1] == b"1"
    with pytest.raises(UnreadableLine, match="a bug"):
        next(pieces)
    assert (list(database.find(FOLDERS)), database.roots(FOLDERS)) == ([], [])


def test_telemetry_that_fails_says_nothing_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = guarded(agent(telemetry=Telemetry(services=frozenset({"acme"}), log=fail)))
    telemetry = Registry([made]).telemetry_of("acme")
    assert telemetry.log is not None
    for _ in range(3):
        assert telemetry.log(RECORD, NOW) == Reading()
    assert len(caplog.records) == 1
    assert (telemetry.points, telemetry.span) == (None, None)


def test_sound_telemetry_and_status_lines_pass() -> None:
    quota = Quota(agent_type="acme", window="week", used_percent=7.5, at=NOW)

    def points(some: list[Point], at: int) -> Reading:
        return Reading(events=[event(occurred_at=at)], quotas=[quota])

    made = guarded(
        agent(
            hook_slug="acme", parse_statusline=lambda payload, at: [quota],
            telemetry=Telemetry(services=frozenset({"acme"}), points=points),
        )
    )  # fmt: skip
    assert made.telemetry is not None
    assert made.telemetry.points is not None
    assert made.telemetry.points([], NOW).quotas == [quota]
    assert made.parse_statusline is not None
    assert made.parse_statusline({}, NOW) == [quota]
