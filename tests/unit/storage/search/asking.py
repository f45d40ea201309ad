"""Things to be found, and short ways to ask for them."""

from pathlib import Path

from agentmonitor.metadata import Rules, prepare
from agentmonitor.model.event import Event
from agentmonitor.model.search import Search, SearchPage, parse_words
from agentmonitor.storage.sqlite.engine import SqliteEngine
from tests.unit.builders import event
from tests.unit.storage.store import Store

RULES = Rules(max_bytes=10_240, edit_tools=frozenset())


def said(prompt: str = "", **fields: object) -> Event:
    """An event with a prompt, or with the metadata that is given."""
    metadata = fields.pop("metadata", {"prompt": prompt})
    made = event(metadata=metadata, **{"event_type": "user_prompt", **fields})
    prepare([made], RULES)
    return made


def make(path: Path) -> SqliteEngine:
    return SqliteEngine(path)


def page(store: Store, q: str, **asked: object) -> SearchPage:
    """What a search finds when everything has been indexed."""
    assert isinstance(store.engine, SqliteEngine)
    store.engine.indexer.catch_up()
    return store.engine.search(Search(words=parse_words(q), **asked))  # type: ignore[arg-type]


def ids(store: Store, q: str, **asked: object) -> list[int]:
    return [hit.event_id for hit in page(store, q, **asked).results]


def alter(store: Store, number: int, prompt: str, command: str) -> None:
    run(
        store, "UPDATE events SET metadata = json_object('prompt', ?, 'command', ?) WHERE id = ?",
        prompt, command, number,
    )  # fmt: skip


def run(store: Store, statement: str, *arguments: object) -> None:
    """A statement in the writer, as the program's own would be."""
    assert isinstance(store.engine, SqliteEngine)
    writer = store.engine._writer
    assert writer is not None
    writer.call(lambda connection, _: connection.execute(statement, arguments))
