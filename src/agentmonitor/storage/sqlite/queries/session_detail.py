"""One session: what its events add up to, by model, tool, sub-agent and file."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from agentmonitor.model.clock import to_iso
from agentmonitor.model.detail import (
    FileTouched,
    ModelUsed,
    SessionDetail,
    SubagentUsed,
    ToolUsed,
    Used,
)
from agentmonitor.model.selection import Page
from agentmonitor.model.session import SessionRow
from agentmonitor.model.usage import Channel
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.session_sums import stretches

FILES = 50
"""Files that the detail names."""

_PRUNED_SUMS = (
    "total(events), total(errors), total(tokens_in), total(tokens_out), total(cache_read),"
    " total(cache_write), total(cost_nano), total(unpriced), total(unpriced_tokens),"
    " total(duration_ms), total(durations)"
)
_PRUNED = f"SELECT type, tool, model, {_PRUNED_SUMS} FROM pruned WHERE session = ? GROUP BY 1, 2, 3"
_EVIDENCE = (
    "SELECT count(*) FROM session_ids e JOIN evidence v ON v.event = e.id WHERE e.session = ?"
)
_EVENTS_N, _ERRORS, _NANO, _UNPRICED, _DURATION, _DURATIONS = 0, 1, 6, 7, 9, 10
"""Places in the lists of sums."""

Sums = list[float]


class SessionDetailQueries:
    """Reads about one session on one connection. ``key``: the session's."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader, key: int) -> None:
        self._connection = connection
        self._names = names
        self._key = key

    def detail(self, session: SessionRow) -> SessionDetail:
        """All of it."""
        types: Counter[int] = Counter()
        models: defaultdict[int, Sums] = defaultdict(_nothing)
        tools: defaultdict[int, Sums] = defaultdict(_nothing)
        subagents: dict[str, _Subagent] = {}
        channels: set[int] = set()
        told = list(stretches(self._connection, self._key))
        rows = [row for stretch in told for row in stretch.groups]
        pruned = self._connection.execute(_PRUNED, (self._key,)).fetchall()
        ids = {number for row in (*rows, *pruned) for number in row[:3]}
        names = self._names.values(self._connection, ids)
        calls = {number for number, name in names.items() if name == "tool_use"}
        for kind, tool, model, channel, subagent, first, last, sort, *sums in rows:
            channels.add(channel)
            if subagent is not None:
                known = subagents.setdefault(subagent, _Subagent(first, last))
                known.take(first, last, sort, sums, is_call=kind in calls)
            _tell(types, models, tools, kind, tool, model, sums, is_call=kind in calls)
        for kind, tool, model, *sums in pruned:
            _tell(types, models, tools, kind, tool, model, sums, is_call=kind in calls)
        evidence = 0
        if any(channels):  # only what has a key is known to be the same
            evidence = self._connection.execute(_EVIDENCE, (self._key,)).fetchone()[0]
        files = self._files(file for stretch in told for file in stretch.files)
        files.sort(key=lambda file: (file.last or 0, file.path), reverse=True)
        return SessionDetail(
            session=session,
            types={names[n] or "": c for n, c in types.most_common()},
            models=sorted(
                (ModelUsed(model=names[n], **_used(s)) for n, s in models.items()),
                key=lambda m: (-(m.cost_usd or 0), -m.tokens_out, m.model or ""),
            ),
            tools=sorted(
                (_tool(names[n] or "", s) for n, s in tools.items()),
                key=lambda t: (-t.calls, t.tool_name),
            ),
            subagents=[
                known.row(name)
                for name, known in sorted(subagents.items(), key=lambda s: (s[1].first, s[0]))
            ],
            files=[file.row() for file in files[:FILES]],
            channels=_channels(channels),
            evidence=evidence,
            pruned_events=int(sum(row[3] for row in pruned)),
        )

    def files(self, limit: int, after: str | None) -> Page[FileTouched]:
        """The files that the session edited, by path."""
        told = stretches(self._connection, self._key)
        found = self._files(file for stretch in told for file in stretch.files)
        found.sort(key=lambda file: file.path)
        left = [file for file in found if after is None or file.path > after]
        page = left[:limit]
        following = [page[-1].path] if len(left) > limit else None
        rows = [file.row() for file in page]
        return Page(rows=rows, next=list(following) if following else None, total=len(found))

    def _files(self, told: Iterable[list[Any]]) -> list["_File"]:
        """``told``: the files of stretches."""
        found: dict[int, list[Any]] = {}
        for file, *values in told:
            known = found.get(file)
            if known is None:
                found[file] = values
                continue
            for at in range(3):
                known[at] += values[at]
            known[3], known[4] = min(known[3], values[3]), max(known[4], values[4])
        query = "SELECT file FROM pruned_files WHERE session = ?"
        for (file,) in self._connection.execute(query, (self._key,)):
            found.setdefault(file, [0, 0, 0, None, None])
        names = self._names.values(self._connection, found)
        return [_File(names[file] or "", *values) for file, values in found.items()]


class _File(NamedTuple):
    """A file that was edited. Of most only the order is needed."""

    path: str
    edits: int
    added: float
    removed: float
    first: int | None
    """ms since the epoch; None: its events were pruned."""
    last: int | None

    def row(self) -> FileTouched:
        """As it is answered."""
        return FileTouched(
            path=self.path,
            edits=self.edits,
            lines_added=int(self.added),
            lines_removed=int(self.removed),
            first_at=None if self.first is None else to_iso(self.first),
            last_at=None if self.last is None else to_iso(self.last),
        )


class _Subagent:
    """What is known of a sub-agent so far."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.sort: str | None = None
        self.sums = _nothing()
        self.calls = self.failures = 0

    def take(self, first: int, last: int, sort: Any, sums: Sums, *, is_call: bool) -> None:
        """Add events of one kind."""
        self.first, self.last = min(self.first, first), max(self.last, last)
        if isinstance(sort, str):
            self.sort = max(self.sort or "", sort)
        _add(self.sums, sums)
        if is_call:
            self.calls += int(sums[_EVENTS_N])
            self.failures += int(sums[_ERRORS])

    def row(self, name: str) -> SubagentUsed:
        """What it comes to."""
        return SubagentUsed(
            id=name,
            type=self.sort,
            tool_calls=self.calls,
            failures=self.failures,
            first_at=to_iso(self.first),
            last_at=to_iso(self.last),
            **_used(self.sums),
        )


def _tell(
    types: Counter[int],
    models: dict[int, Sums],
    tools: dict[int, Sums],
    kind: int,
    tool: int,
    model: int,
    sums: Sums,
    *,
    is_call: bool,
) -> None:
    types[kind] += int(sums[_EVENTS_N])
    if any(sums[2 : _NANO + 1]) or sums[_UNPRICED]:  # tool calls name a model, too, but use none
        _add(models[model], sums)
    if is_call and tool:
        _add(tools[tool], sums)


def _nothing() -> Sums:
    return [0.0] * (_DURATIONS + 1)


def _add(sums: Sums, more: Sums) -> None:
    for number, value in enumerate(more):
        sums[number] += value


def _used(sums: Sums) -> dict[str, Any]:
    counts = [int(value) for value in sums]
    names = Used.__struct_fields__
    fields: dict[str, Any] = dict(zip(names, counts, strict=False))
    fields["cost_usd"] = sums[_NANO] / 1e9
    if not sums[_NANO] and sums[_UNPRICED] > 0:
        fields["cost_usd"] = None
    return fields


def _tool(name: str, sums: Sums) -> ToolUsed:
    timed = sums[_DURATIONS]
    return ToolUsed(
        tool_name=name,
        calls=int(sums[_EVENTS_N]),
        failures=int(sums[_ERRORS]),
        duration_ms=int(sums[_DURATION]) if timed else None,
        average_ms=round(sums[_DURATION] / timed, 2) if timed else None,
    )


def _channels(bits: set[int]) -> list[str]:
    """The best first; an event without any channel came through plain HTTP."""
    known = {each for number in bits for each in Channel if number & each}
    if 0 in bits:
        known.add(Channel.API)
    return [each.name.lower() for each in sorted(known, reverse=True)]
