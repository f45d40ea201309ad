"""Usage by period and one dimension."""

import sqlite3
from collections.abc import Sequence
from itertools import pairwise

from agentmonitor.model.analytics import (
    SUMS,
    ModelDay,
    Sums,
    UsageFacts,
    UsageQuestion,
    Where,
)
from agentmonitor.model.clock import DAY_MS
from agentmonitor.storage.sqlite.names import NameReader
from agentmonitor.storage.sqlite.queries.filters import filters_of
from agentmonitor.storage.sqlite.queries.grouped import Groups, TooLarge

_OF_MODEL = ("cache_read", "unpriced", "unpriced_tokens")
_AMONG_SUMS = tuple(map(SUMS.index, _OF_MODEL))


class UsageQueries:
    """What the events of some filters add up to, on one connection."""

    def __init__(self, connection: sqlite3.Connection, names: NameReader, where: Where) -> None:
        self._connection = connection
        self._names = names
        self._where = where
        self._filters = filters_of(connection, where)
        self._groups = Groups(connection, self._filters)

    def facts(self, question: UsageQuestion) -> UsageFacts:
        """By period and dimension, the span before, and by model. Raises TooLarge."""
        since, until = self._where.since, self._where.until
        edges = [since, *question.edges[1:-1], until]
        cells = self._groups.sums((question.by,), SUMS, edges)
        before = self._groups.sums((), SUMS, (question.before, since))
        names = self._names.values(self._connection, {number for _, number in cells})
        models: list[ModelDay] | None
        if question.by == "model" and _within_days(edges):
            models = [
                ModelDay(edges[index], names[model], *found)
                for (index, model), row in cells.items()
                if any(found := [int(row[at]) for at in _AMONG_SUMS])
            ]
        else:
            try:
                models = self._models(since, until)
            except TooLarge:
                models = None
        return UsageFacts(
            cells={(i, names[number]): _sums(row) for (i, number), row in cells.items()},
            previous=_sums(before[(0,)]) if before else Sums(),
            models=models,
        )

    def _models(self, since: int, until: int) -> list[ModelDay]:
        """By day (UTC) and model. Only days between the first and the last event are visited."""
        begin, end = self._groups.extent()
        since, until = max(since, begin), min(until, end)
        if since >= until:
            return []
        days = range((since // DAY_MS + 1) * DAY_MS, until, DAY_MS)
        cells = self._groups.sums(("model",), _OF_MODEL, (since, *days, until))
        names = self._names.values(self._connection, {model for _, model in cells})
        return [
            ModelDay(since + day * DAY_MS, names[model], *map(int, row))
            for (day, model), row in cells.items()
            if any(row)
        ]


def _within_days(edges: Sequence[int]) -> bool:
    """Whether each period lies within one day (UTC)."""
    return all(low // DAY_MS == (high - 1) // DAY_MS for low, high in pairwise(edges))


def _sums(row: Sequence[float]) -> Sums:
    return Sums(**{name: int(value) for name, value in zip(SUMS, row, strict=True)})
