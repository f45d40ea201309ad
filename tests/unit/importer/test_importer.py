"""A file is read once, from where it was left; what happens to files in between loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.agents.base import Agent
from agentmonitor.bus import Bus
from agentmonitor.importer.batches import Span, Ways
from agentmonitor.importer.importer import Importer
from agentmonitor.importer.live import Live
from agentmonitor.importer.outcome import FileOutcome
from agentmonitor.metadata import Rules
from agentmonitor.model.clock import now_ms
from agentmonitor.model.filters import SessionFilter
from agentmonitor.pipeline import Pipeline
from agentmonitor.pricing.engine import Pricer
from agentmonitor.witnesses import Witness, Witnesses
from tests.unit.builders import DAY
from tests.unit.importer.notes import NOTES, line
from tests.unit.storage.store import ENGINES, Store, opened


class Desk:
    """An importer with its store."""

    def __init__(self, store: Store, span: Span | None = None) -> None:
        self.store = store
        pipeline = Pipeline(
            store.engine, Bus(), Pricer(), Rules(max_bytes=10_000, edit_tools=frozenset())
        )
        self.importer = Importer(
            Ways(
                sink=pipeline.ingest_from_thread,
                locate=lambda cwd: "home",
                put_quotas=lambda quotas: None,
                span=span,
            )
        )

    def read(self, path: Path, live: Live | None = None, agent: Agent = NOTES) -> FileOutcome:
        outcome = FileOutcome()
        mark = self.store.engine.file_mark(str(path))
        self.importer.read(agent, path, mark, outcome, live)
        self.importer.settle()
        return outcome

    @property
    def counted(self) -> tuple[int, int]:
        stats = self.store.engine.stats(None, None)
        return stats.total_events, stats.total_tokens_out


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(ENGINES["sqlite"], tmp_path / "a.db") as store:
        yield Desk(store)


def test_only_what_was_appended_is_read_again(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1) + line(2))
    assert desk.read(path).new == 2
    again = desk.read(path)
    assert (again.lines, again.bytes_read) == (0, 0)
    with path.open("ab") as file:
        file.write(line(3))
    outcome = desk.read(path)
    assert (outcome.lines, outcome.new, outcome.bytes_read) == (1, 1, len(line(3)))
    assert desk.counted == (3, 3)
    # The reader went on with the state that it had saved.
    newest, *_ = desk.store.engine.session_events("s", 10, newest_first=True)
    assert '"position":3' in newest.metadata
    assert newest.project == "home"


def test_a_torn_last_line_is_read_when_it_is_whole(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1) + line(2)[:-5])
    assert desk.read(path).unreadable == 0
    assert desk.counted == (1, 1)
    path.write_bytes(line(1) + line(2)[:-1])  # whole, though its end is missing
    desk.read(path)
    assert desk.counted == (2, 2)
    path.write_bytes(line(1) + line(2) + line(3))
    assert desk.read(path).lines == 1
    assert desk.counted == (3, 3)


def test_a_bad_line_is_named_and_the_rest_is_read(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1) + b"{oops\n" + line(2))
    outcome = desk.read(path)
    assert (outcome.new, outcome.unreadable) == (2, 1)
    (fault,) = outcome.faults
    assert (fault.path, fault.line) == (str(path), 2)
    assert "no JSON" in fault.reason
    mark = desk.store.engine.file_mark(str(path))
    assert mark is not None
    assert mark.unreadable == 1


@pytest.mark.parametrize("content", [line(3), line(4) * 5, b""], ids=["shrunk", "other", "empty"])
def test_a_file_that_became_another_one_is_read_from_its_beginning(
    desk: Desk, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1) + line(2))
    desk.read(path)
    path.write_bytes(content)
    desk.read(path)
    assert desk.counted[0] == 2 + (1 if content else 0)


def test_a_compressed_file_is_read_like_any_other(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstd.compress(line(1) + line(2)))
    assert desk.read(path).new == 2
    path.write_bytes(zstd.compress(line(1) + line(2) + line(3)))
    assert desk.read(path).new == 1


@pytest.mark.parametrize("content", [b"no such thing", zstd.compress(line(1) * 2000)[:-40]])
def test_a_damaged_compressed_file_is_one_that_cannot_be_read(
    content: bytes, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(content)
    with pytest.raises((OSError, EOFError)):
        desk.read(path)


def test_a_span_takes_in_what_happened_then_and_marks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1, at=DAY - 1) + line(2, at=DAY) + line(3, at=DAY + 10))
    with opened(ENGINES["sqlite"], tmp_path / "a.db") as store:
        Desk(store, Span(DAY, DAY + 10)).read(path)
        assert Desk(store).counted == (1, 1)
        assert store.engine.file_mark(str(path)) is None
        Desk(store).read(path)
        assert Desk(store).counted == (3, 3)


def test_history_makes_no_session_live(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1, at=now_ms()))
    desk.read(path)
    (row,) = desk.store.engine.sessions(SessionFilter(), 0)[0]
    assert row.status == "ended"


def test_a_followed_file_makes_its_session_live_by_fresh_lines_only(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    witnesses = Witnesses()
    witnesses.note(["hooked"], Witness.HOOK)
    live = Live(60_000, witnesses)
    path.write_bytes(line(1, session="old", at=DAY))
    desk.read(path, live)
    path.write_bytes(
        path.read_bytes() + line(2, session="new", at=now_ms())
        + line(3, session="hooked", at=now_ms())
    )  # fmt: skip
    desk.read(path, live)
    rows = {row.id: row for row in desk.store.engine.sessions(SessionFilter(), 0)[0]}
    assert {name: row.status for name, row in rows.items()} == {
        "old": "ended", "new": "active", "hooked": "active",
    }  # fmt: skip
    assert rows["new"].state == "working"
    assert rows["hooked"].state == "idle"  # its hooks say what it does


@settings(max_examples=30)
@given(
    notes=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=25),
    cuts=st.lists(st.integers(0, 400), max_size=5),
)
def test_however_a_file_grows_and_repeats_itself_it_is_counted_once(
    notes: list[tuple[int, int]], cuts: list[int]
) -> None:
    from tempfile import TemporaryDirectory

    data = b"".join(line(number, out=out) for number, out in notes)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        with opened(ENGINES["sqlite"], Path(folder) / "a.db") as store:
            for cut in [*sorted(cuts), len(data)]:
                path.write_bytes(data[:cut])
                Desk(store).read(path)
            best: dict[int, int] = {}
            for number, out in notes:
                best[number] = max(out, best.get(number, 0))
            assert Desk(store).counted == (len(best), sum(best.values()))
