"""Edits of a settings file's text, and their undoing when the text has changed since."""

import tomllib
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Literal

import msgspec

from agentmonitor.agents.setup import Append, Edit, Put
from agentmonitor.connect.json_text import JsonText
from agentmonitor.connect.jsonc import Node, parse
from agentmonitor.errors import AgentMonitorError, InvalidInput

Format = Literal["json", "toml"]
BOM = "\ufeff"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An edit that changed the text, and what undoes it."""

    edit: Edit
    previous: str | None = None
    """The text of the value that was there before; None when there was none."""
    depth: int = 0
    """How many keys of the path existed."""


def read(text: str, form: Format) -> dict[str, Any]:
    """What a settings file says; an empty one says nothing. Raises InvalidInput."""
    if not text.strip():
        return {}
    try:
        found = parse(text).data() if form == "json" else tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(str(error)) from error
    if not isinstance(found, dict):
        raise InvalidInput("line 1: it is no object")
    return found


def is_bare(text: str, form: Format) -> bool:
    """Whether a file holds nothing that anybody would miss: no key and no comment."""
    return text.strip() == "" if form == "toml" else "".join(text.split()) in ("", "{}")


def apply(text: str, form: Format, edits: Sequence[Edit]) -> tuple[str, list[Done]]:
    """``text`` with the edits, and those that were needed. Raises InvalidInput."""
    if not edits:
        return text, []
    bom, text = _split(text)
    if form == "toml":
        from agentmonitor.connect import toml_text  # Only one agent's settings are TOML.

        changed, done = toml_text.apply(text, edits)
    else:
        changed, done = _apply_json(text, edits)
    expected = read(text, form)
    for each in done:
        merge(expected, each.edit)
    if read(changed, form) != expected:
        raise AgentMonitorError("The settings cannot be changed safely. Change them by hand.")
    return bom + changed, done


def undo(text: str, form: Format, done: Sequence[Done]) -> str:
    """``text`` without what is ours in it. What somebody changed since is theirs, and stays."""
    bom, text = _split(text)
    if form == "toml":
        from agentmonitor.connect import toml_text  # as above

        return bom + toml_text.undo(text, done)
    if not text.strip():
        return bom + text
    document = JsonText(text)
    for each in reversed(done):
        _undo_json(document, each)
    return bom + document.text


def merge(data: dict[str, Any], edit: Edit) -> None:
    """The edit on plain data."""
    *above, last = edit.path
    for key in above:
        data = data.setdefault(key, {})
    value = deepcopy(edit.value)
    if isinstance(edit, Put):
        data[last] = value
    else:
        data.setdefault(last, []).append(value)


def _split(text: str) -> tuple[str, str]:
    return (BOM, text[1:]) if text.startswith(BOM) else ("", text)


def _apply_json(text: str, edits: Sequence[Edit]) -> tuple[str, list[Done]]:
    document = JsonText(text if text.strip() else "{}\n")
    done = [made for edit in edits if (made := _apply_one(document, edit)) is not None]
    return (document.text, done) if done else (text, [])


def _apply_one(document: JsonText, edit: Edit) -> Done | None:
    node, depth = document.root, 0
    for key in edit.path:
        if not node.is_object:
            raise InvalidInput(f"{'.'.join(edit.path[:depth]) or 'it'} is no object")
        member = node.member(key)
        if member is None:
            break
        node, depth = member.node, depth + 1
    if depth < len(edit.path):
        value = [edit.value] if isinstance(edit, Append) else edit.value
        for key in reversed(edit.path[depth + 1 :]):
            value = {key: value}
        document.add(node, edit.path[depth], value, grows=depth + 1 < len(edit.path))
        return Done(edit=edit, depth=depth)
    if isinstance(edit, Put):
        if node.data() == edit.value:
            return None
        previous = document.text[node.start : node.end]
        document.replace(node, edit.value)
        return Done(edit=edit, depth=depth, previous=previous)
    if not node.is_array:
        raise InvalidInput(f"{'.'.join(edit.path)} is no list")
    if any(_mentions(child.node.data(), edit.mark) for child in node.children):
        return None
    document.add(node, None, edit.value)
    return Done(edit=edit, depth=depth)


def _mentions(value: Any, mark: str) -> bool:
    if isinstance(value, str):
        return mark in value
    if isinstance(value, dict):
        return any(_mentions(each, mark) for each in value.values())
    return isinstance(value, list) and any(_mentions(each, mark) for each in value)


def _undo_json(document: JsonText, done: Done) -> None:
    edit = done.edit
    chain = _chain(document.root, edit.path)
    if chain is None:
        return
    node = chain[-1]
    if isinstance(edit, Append):
        at = [i for i, child in enumerate(node.children) if child.node.data() == edit.value]
        if not node.is_array or not at:
            return
        document.remove(node, at[-1])
    elif node.data() != edit.value:
        return
    elif done.previous is not None:
        document.replace_raw(node, done.previous)
        return
    else:
        _remove_key(document, chain[-2], edit.path[-1])
    for length in range(len(edit.path), done.depth, -1):
        above = _chain(document.root, edit.path[:length])
        if above is None:
            continue
        inner = document.text[above[-1].start + 1 : above[-1].end - 1]
        if not (above[-1].is_object or above[-1].is_array) or inner.strip():
            return
        _remove_key(document, above[-2], edit.path[length - 1])


def _chain(root: Node, path: Sequence[str]) -> list[Node] | None:
    """The nodes on the way along ``path``, the root first; None when it does not exist."""
    chain = [root]
    for key in path:
        member = chain[-1].member(key)
        if member is None:
            return None
        chain.append(member.node)
    return chain


def _remove_key(document: JsonText, container: Node, key: str) -> None:
    member = container.member(key)
    if member is not None:
        document.remove(container, container.children.index(member))
