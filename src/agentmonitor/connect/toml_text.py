"""Changing a TOML text in place, with tomlkit. Lists are not changed here."""

from collections.abc import MutableMapping, Sequence
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError

from agentmonitor.agents.setup import Append, Edit
from agentmonitor.connect.edits import Done
from agentmonitor.errors import InvalidInput

Table = MutableMapping[str, Any]


def apply(text: str, edits: Sequence[Edit]) -> tuple[str, list[Done]]:
    """``text`` with the edits, and those that were needed. Raises InvalidInput."""
    text, newline = _unix(text)
    document = _parsed(text)
    done = [made for edit in edits if (made := _apply_one(document, edit)) is not None]
    changed = tomlkit.dumps(document) if done else text
    return changed.replace("\n", newline), done


def undo(text: str, done: Sequence[Done]) -> str:
    """``text`` without what is ours in it."""
    text, newline = _unix(text)
    document = _parsed(text)
    undone = [_undo_one(document, each) for each in reversed(done)]
    return (tomlkit.dumps(document) if any(undone) else text).replace("\n", newline)


def _unix(text: str) -> tuple[str, str]:
    """The text with plain line ends, and those that it has. A mixture is left as it is."""
    plain = text.replace("\r\n", "\n")
    is_windows = plain != text and plain.replace("\n", "\r\n") == text
    return (plain, "\r\n") if is_windows else (text, "\n")


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise InvalidInput(str(error)) from error


def _apply_one(document: tomlkit.TOMLDocument, edit: Edit) -> Done | None:
    if isinstance(edit, Append):
        raise InvalidInput(f"{'.'.join(edit.path)}: lists in TOML are not changed")
    table: Table = document
    depth = 0
    *above, last = edit.path
    for key in above:
        if key not in table:
            if depth == 0 and document.as_string().strip():
                document.add(tomlkit.nl())
            table[key] = tomlkit.table()
        else:
            depth += 1
        if not isinstance(table[key], MutableMapping):
            raise InvalidInput(f"{'.'.join(edit.path[:depth])} is no table")
        table = cast(Table, table[key])
    previous = None
    if last in table:
        if _plain(table[last]) == edit.value:
            return None
        depth += 1
        previous = cast(Any, table[last]).as_string()
    table[last] = _item(edit.value)
    return Done(edit=edit, depth=depth, previous=previous)


def _undo_one(document: tomlkit.TOMLDocument, done: Done) -> bool:
    edit = done.edit
    tables: list[Table] = [document]
    for key in edit.path[:-1]:
        below = tables[-1].get(key)
        if not isinstance(below, MutableMapping):
            return False
        tables.append(below)
    table, last = tables[-1], edit.path[-1]
    if last not in table or _plain(table[last]) != edit.value:
        return False
    if done.previous is not None:
        table[last] = cast(Any, tomlkit.parse(f"x = {done.previous}")["x"])
        return True
    del table[last]
    for depth in range(len(edit.path) - 2, done.depth - 1, -1):
        below = tables[depth + 1]
        if len(below) or "#" in cast(Any, below).as_string():
            break
        del tables[depth][edit.path[depth]]
    return True


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _item(value: Any) -> Any:
    """Objects on one line: they are small here."""
    if not isinstance(value, dict):
        return tomlkit.item(value)
    table = tomlkit.inline_table()
    for key, each in value.items():
        table[key] = _item(each)
    return table
