"""Connecting and disconnecting, on files as they are found: links, rights, other programs."""

from __future__ import annotations

import json
import stat
from functools import partial
from pathlib import Path

import msgspec
import pytest

from agentmonitor.agents.base import Agent
from agentmonitor.agents.guard import guarded
from agentmonitor.agents.registry import load_registry
from agentmonitor.agents.setup import Append, Changes, Put, SettingsFile, Setup, Wanted
from agentmonitor.connect.act import connect, disconnect
from agentmonitor.connect.journal import Journal
from agentmonitor.connect.plan import AgentPlan, make_plans, reverse
from agentmonitor.connect.programs import Programs
from agentmonitor.errors import AgentMonitorError, ConfigError
from agentmonitor.paths import Folders

ORIGIN = "http://127.0.0.1:3141"
SETTINGS = '{\n  // mine\n  "hooks": {\n    "Stop": [{"run": "say done"}] // keep\n  },\n}\n'


class Desk:
    """An agent "acme" with two settings files, and everything of ours in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = folder / "acme" / "settings.json"
        self.config = folder / "acme" / "deep" / "config.toml"
        self.settings.parent.mkdir()
        self.settings.write_text(SETTINGS)
        self.journal = Journal(folder / "ours")
        base = next(a for a in load_registry().agents if a.setup is None)
        self.agent: Agent = msgspec.structs.replace(base, agent_type="acme", setup=self.setup)

    def setup(self, wanted: Wanted) -> Setup:
        changes = partial(self.changes, wanted)
        return Setup(
            files=[
                SettingsFile(path=self.settings, format="json", changes=changes),
                SettingsFile(path=self.config, format="toml", changes=partial(self.otel, wanted)),
            ]
        )

    def changes(self, wanted: Wanted, content: object) -> Changes:
        url = f"{wanted.origin}/hook"
        edits: list[Append | Put] = [
            Append(channel="hooks", path=("hooks", name), value={"url": url}, mark=url)
            for name in ("Start", "Stop")
        ]
        if wanted.guard:
            edits.append(Put(channel="guard", path=("guard",), value=True))
        return Changes(edits=edits)

    def otel(self, wanted: Wanted, content: object) -> Changes:
        edit = Put(channel="telemetry", path=("otel", "exporter"), value={"to": wanted.origin})
        return Changes(edits=[edit])

    def plan(self, origin: str = ORIGIN, *, guard: bool = False, keep: bool = False) -> AgentPlan:
        wanted = Wanted(
            origin=origin,
            folders=Folders(self.folder),
            commands=Programs(self.folder / "ours"),
            guard=guard,
        )
        (plan,) = make_plans([self.agent], wanted, self.journal, keep_guard=keep)
        return plan

    def connect(self, origin: str = ORIGIN, *, guard: bool = False) -> list[Path]:
        return connect(self.plan(origin, guard=guard), origin, None, self.journal)

    def disconnect(self) -> None:
        for entry in self.journal.entries:
            disconnect(reverse(entry), self.journal)
        assert self.journal.entries == []

    def urls(self) -> list[str]:
        text = self.settings.read_text().replace("// mine", "").replace("// keep", "")
        stop = json.loads(text.replace("},\n}", "}\n}"))["hooks"]["Stop"]
        return [each["url"] for each in stop if "url" in each]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_connecting_and_disconnecting_leaves_every_byte_and_no_file(desk: Desk) -> None:
    before = desk.settings.read_bytes()
    (backup,) = desk.connect()
    assert backup.read_bytes() == before
    assert desk.urls() == [f"{ORIGIN}/hook"]
    assert "to" in desk.config.read_text()
    desk.disconnect()
    assert desk.settings.read_bytes() == before
    assert not desk.config.parent.exists()
    assert desk.settings.parent.exists()


def test_connecting_again_changes_nothing(desk: Desk) -> None:
    desk.connect()
    written = desk.settings.read_bytes(), desk.config.read_bytes()
    assert not desk.plan().changes
    assert desk.connect() == []
    assert (desk.settings.read_bytes(), desk.config.read_bytes()) == written


def test_another_address_takes_the_place_of_the_first(desk: Desk) -> None:
    before = desk.settings.read_bytes()
    desk.connect()
    assert desk.connect("http://10.0.0.2:3141")[0].read_bytes() == before
    assert desk.urls() == ["http://10.0.0.2:3141/hook"]
    desk.disconnect()
    assert desk.settings.read_bytes() == before


def test_the_guard_stays_until_it_is_taken_out(desk: Desk) -> None:
    desk.connect(guard=True)
    assert not desk.plan(keep=True).changes
    assert desk.plan().changes
    desk.connect()
    assert "guard" not in desk.settings.read_text()


def test_what_the_agent_wrote_since_stays_and_only_ours_goes(desk: Desk) -> None:
    desk.connect()
    text = desk.settings.read_text().replace("// mine", '"model": "opus", // mine')
    desk.settings.write_text(text)
    desk.config.write_text("[trust]\nx = 1\n" + desk.config.read_text())
    assert not desk.plan().changes
    desk.disconnect()
    assert desk.settings.read_text() == SETTINGS.replace("// mine", '"model": "opus", // mine')
    assert desk.config.read_text().strip() == "[trust]\nx = 1"


def test_a_file_that_the_agent_wrote_anew_loses_ours_alone(desk: Desk) -> None:
    """Agents read their settings and write them again, without comments and in their layout."""
    desk.connect()
    plain = {"hooks": {"Stop": [{"run": "say done"}, {"url": f"{ORIGIN}/hook"}],
                       "Start": [{"url": f"{ORIGIN}/hook"}]}, "theme": "dark"}  # fmt: skip
    desk.settings.write_text(json.dumps(plain, indent=4))
    assert not desk.plan().changes
    desk.disconnect()
    found = json.loads(desk.settings.read_text())
    assert found == {"hooks": {"Stop": [{"run": "say done"}]}, "theme": "dark"}


def test_what_the_user_took_out_comes_back_by_connecting_again(desk: Desk) -> None:
    desk.connect()
    desk.settings.write_text(SETTINGS)
    assert desk.plan().changes
    desk.connect()
    assert desk.urls() == [f"{ORIGIN}/hook"]
    desk.disconnect()
    assert desk.settings.read_text() == SETTINGS


def test_a_file_that_the_user_deleted_stays_deleted(desk: Desk) -> None:
    desk.connect()
    desk.settings.unlink()
    desk.disconnect()
    assert not desk.settings.exists()


def test_without_the_backup_only_ours_is_taken_out(desk: Desk) -> None:
    (backup,) = desk.connect()
    backup.unlink()
    desk.disconnect()
    assert desk.settings.read_text() == SETTINGS


def test_without_a_journal_nothing_is_added_twice(desk: Desk, tmp_path: Path) -> None:
    desk.connect()
    written = desk.settings.read_bytes()
    desk.journal = Journal(tmp_path / "lost")
    assert not desk.plan().changes
    assert desk.settings.read_bytes() == written


def test_links_and_rights_stay_as_they_are(desk: Desk, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles" / "acme.json"
    dotfiles.parent.mkdir()
    desk.settings.rename(dotfiles)
    dotfiles.chmod(0o640)
    desk.settings.symlink_to(dotfiles)
    desk.connect()
    assert desk.settings.is_symlink()
    assert stat.S_IMODE(dotfiles.stat().st_mode) == 0o640
    assert ORIGIN in dotfiles.read_text()
    desk.disconnect()
    assert desk.settings.is_symlink()
    assert dotfiles.read_text() == SETTINGS
    assert sorted(path.name for path in dotfiles.parent.iterdir()) == ["acme.json"]


def test_backups_and_journal_are_for_their_owner_alone(desk: Desk) -> None:
    """Settings hold keys."""
    (backup,) = desk.connect()
    for path in (backup, desk.folder / "ours" / "journal.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"hooks": {"Stop": []}', "line 1: a comma or } is expected"),
        (b'{"hooks": []}', "hooks is no object"),
        (b'{"hooks": {"Stop": {}}}', "hooks.Stop is no list"),
        (b"[]", "line 1: it is no object"),
        (b'{"a": "\xff"}', "is not UTF-8"),
    ],
)
def test_settings_that_cannot_be_understood_are_named_and_left(
    desk: Desk, content: bytes, fault: str
) -> None:
    desk.settings.write_bytes(content)
    plan = desk.plan()
    assert plan.fault is not None
    assert str(desk.settings) in plan.fault
    assert fault in plan.fault
    assert not plan.changes
    assert desk.settings.read_bytes() == content


def test_when_one_file_cannot_be_written_the_others_are_as_before(desk: Desk) -> None:
    desk.config.parent.mkdir()
    desk.config.write_text("x = 1\n")
    desk.config.chmod(0o444)
    with pytest.raises(ConfigError, match="is read-only"):
        desk.connect()
    assert desk.settings.read_text() == SETTINGS
    assert desk.config.read_text() == "x = 1\n"
    assert desk.journal.entries == []


def test_a_file_that_changes_between_the_question_and_the_answer_is_left(desk: Desk) -> None:
    plan = desk.plan()
    desk.settings.write_text('{"other": 1}')
    with pytest.raises(AgentMonitorError, match="changed by another program"):
        connect(plan, ORIGIN, None, desk.journal)
    assert desk.settings.read_text() == '{"other": 1}'
    assert not desk.config.exists()


def test_settings_that_were_broken_since_are_left_and_the_backup_is_named(desk: Desk) -> None:
    (backup,) = desk.connect()
    desk.settings.write_text('{"broken')
    entry = desk.journal.entry(desk.settings)
    assert entry is not None
    with pytest.raises(ConfigError, match=str(backup)):
        reverse(entry)
    assert desk.settings.read_text() == '{"broken'


def test_a_crash_before_the_file_is_written_can_be_undone(desk: Desk) -> None:
    """The journal is written first: it then names a change that never took place."""
    desk.connect()
    desk.settings.write_text(SETTINGS)
    desk.disconnect()
    assert desk.settings.read_text() == SETTINGS


def test_a_journal_that_cannot_be_read_is_no_reason_to_forget_it(desk: Desk) -> None:
    desk.connect()
    path = desk.folder / "ours" / "journal.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot be understood"):
        Journal(desk.folder / "ours")
    assert path.read_text() == "{"


def test_the_diff_shows_what_is_written(desk: Desk) -> None:
    settings, config = desk.plan().files
    assert f'+    "Start": [{{"url": "{ORIGIN}/hook"}}]' in settings.diff().splitlines()
    assert config.diff().splitlines()[:2] == ["--- /dev/null", f"+++ {desk.config}"]


def test_a_plugin_that_fails_stops_only_itself(desk: Desk) -> None:
    def failing(wanted: Wanted) -> Setup:
        raise KeyError("acme")

    for setup in (failing, lambda wanted: 3):
        desk.agent = guarded(msgspec.structs.replace(desk.agent, setup=setup))
        fault = desk.plan().fault
        assert fault is not None
        assert f"the package of {desk.agent.label} failed" in fault

    def wrong(wanted: Wanted) -> Setup:
        file = msgspec.structs.replace(desk.setup(wanted).files[0], changes=lambda content: None)
        return Setup(files=[file])

    desk.agent = guarded(msgspec.structs.replace(desk.agent, setup=wrong))
    assert "it returned NoneType" in (desk.plan().fault or "")
    desk.agent = guarded(msgspec.structs.replace(desk.agent, setup=desk.setup))
    assert desk.connect()
