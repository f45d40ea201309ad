"""How many events each channel reported, and when the last one was."""

import sqlite3
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from agentmonitor.model.channels import ChannelUse, WayUse, uses_by_way
from agentmonitor.model.clock import DAY_MS, HOUR_MS, now_ms
from agentmonitor.model.event import Event
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.check import check
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import DAY, event
from tests.unit.storage.sqlite.audit import rows
from tests.unit.storage.sqlite.test_prune import prune
from tests.unit.storage.store import Store

NOW = DAY - 100 * DAY_MS
"""In the past of the real clock too."""
TABLE = "SELECT * FROM channel_sums WHERE last_at ORDER BY agent, channels"


def told(number: int, channel: Channel, agent: str = "alpha", at: int = NOW) -> Event:
    """The report of activity ``number`` through ``channel``."""
    keys = () if channel is Channel.API else (f"{agent}:call:{number}",)
    return event(
        agent_type=agent,
        channel=channel,
        keys=keys,
        occurred_at=at,
        created_at=NOW,
        session_id=agent,
    )


def reports() -> st.SearchStrategy[list[Event]]:
    """Activities that several channels report, repeats included."""
    one = st.builds(
        told, st.integers(1, 6), st.sampled_from(Channel), st.sampled_from(("alpha", "beta")),
        st.integers(NOW - HOUR_MS, NOW),
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=25)


@settings(max_examples=30)
@given(story=reports(), gone=st.integers(NOW - HOUR_MS, NOW), size=st.integers(1, 6))
def test_each_channel_counts_what_it_reported_though_events_were_merged_and_pruned(
    story: list[Event], gone: int, size: int
) -> None:
    """Each activity once for each of its channels."""
    seen: set[tuple[str, str, Channel]] = set()
    for number, each in enumerate(story):
        key = each.keys[0] if each.keys else f"{number}"
        seen.add((each.agent_type, key, each.channel))
    expected = Counter((agent, channel) for agent, _, channel in seen)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        engine = SqliteEngine(path)
        engine.open()
        store = Store(engine)
        for start in range(0, len(story), size):
            store.write(*story[start : start + size])
        counted: Counter[tuple[str, Channel]] = Counter()
        for use in engine.channel_uses():
            for channel in Channel:
                if use.channels & channel:
                    counted[use.agent_type, channel] += use.events
        # Of an activity that plain HTTP and others reported the others are kept.
        assert +counted == expected
        before = rows(path, TABLE)
        engine.rebuild()
        assert rows(path, TABLE) == before
        prune(engine, gone)
        kept = [(row["agent"], row["channels"], row["events"]) for row in rows(path, TABLE)]
        assert kept == [(row["agent"], row["channels"], row["events"]) for row in before]
        engine.rebuild()
        assert kept == [(r["agent"], r["channels"], r["events"]) for r in rows(path, TABLE)]
        engine.close()
        assert check(path).sound


def test_a_time_in_the_future_does_not_hide_what_comes_later(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "events.db")
    engine.open()
    Store(engine).write(event(occurred_at=now_ms() + 10**12, created_at=now_ms()))
    (use,) = engine.channel_uses()
    engine.close()
    assert use.last_at <= now_ms()


def test_what_was_stored_before_there_were_sums_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    engine = SqliteEngine(path)
    engine.open()
    Store(engine).write(*(told(n, Channel.HOOK) for n in range(3)), told(1, Channel.FILE))
    Store(engine).write(told(9, Channel.API, agent="beta", at=NOW - 5))
    before = rows(path, TABLE)
    engine.close()
    _undo_the_migration(path)
    engine.open()
    assert rows(path, TABLE) == before
    engine.close()


def test_ways_add_up_what_their_channels_reported() -> None:
    uses = [
        ChannelUse("alpha", Channel.LOG | Channel.SPAN, 3, 7),
        ChannelUse("alpha", Channel.METRIC, 2, 9),
        ChannelUse("alpha", Channel.HOOK | Channel.LOG, 1, 5),
        ChannelUse("beta", Channel.API, 4, 1),
    ]
    assert uses_by_way(uses) == {
        "alpha": {"otlp": WayUse(6, 9), "hook": WayUse(1, 5)},
        "beta": {"api": WayUse(4, 1)},
    }


def _undo_the_migration(path: Path) -> None:

    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE channel_sums")
    connection.execute("DELETE FROM migrations WHERE name LIKE '%channels.sql'")
    connection.commit()
    connection.close()
