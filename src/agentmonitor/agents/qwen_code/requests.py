"""Which lines of a session file tell of the same model request.

A ``ui_telemetry`` line tells of each request with its counts and its answer's id, also of those
that sub-agents and the client itself make. Right after it the line of the answer has the same
counts and no id. Some versions write the first line without counts, and some write none.
"""

import msgspec

from agentmonitor.agents._counts import Counts

_REMEMBERED = 16


class Told(msgspec.Struct, array_like=True):
    """A line about a request that another one may tell of as well."""

    key: str
    prompt: int
    output: int


class Requests(msgspec.Struct, omit_defaults=True):
    """Lines that were read lately."""

    records: list[Told] = []
    """Of telemetry, for which no answer came yet."""
    answers: list[Told] = []
    """Of answers for which no telemetry came yet."""

    def of_record(self, key: str, counts: Counts) -> str | None:
        """The answer of a request that telemetry tells of; None when none came before it."""
        found = _taken(self.answers, counts)
        if found is None:
            self.records = _kept(self.records, key, counts)
        return found

    def of_answer(self, key: str, counts: Counts) -> str | None:
        """What telemetry told of an answer's request; None when nothing did."""
        found = _taken(self.records, counts)
        if found is None and self.records and not (last := self.records[-1]).prompt + last.output:
            self.records.pop()
            return last.key
        if found is None:
            self.answers = _kept(self.answers, key, counts)
        return found


def _taken(told: list[Told], counts: Counts) -> str | None:
    for number in range(len(told) - 1, -1, -1):
        if (told[number].prompt, told[number].output) == (counts.prompt, counts.output):
            return told.pop(number).key
    return None


def _kept(told: list[Told], key: str, counts: Counts) -> list[Told]:
    return [*told, Told(key, counts.prompt, counts.output)][-_REMEMBERED:]
