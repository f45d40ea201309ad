"""What the counters of ``/metrics`` show: what was added since the server started.

A counter may only grow, or start at nothing after a restart. What is stored may also shrink: a
better report replaces a weaker one, a price is corrected. So each series shows the most that its
growth has ever been, and all begin at nothing with the process: the highest value is forgotten
then, and a total a little smaller than before would be read as all of it having come again.
"""

from collections.abc import Iterable

from agentmonitor.model.totals import Totals
from agentmonitor.server.openmetrics import label

MAX_AGENTS = 50
MAX_NAMES = 50
"""Models of an agent that have series of their own; so many tools and types as well."""
OTHER = "other"

Labels = tuple[str, ...]
Sums = dict[str, dict[Labels, int]]
"""By counter and the values of its labels."""


class Names:
    """Which names have series of their own: the first ones of each group, for good.

    Of those that come at once the larger ones. None gives its place up again, because then two
    series would jump.
    """

    def __init__(self) -> None:
        self._kept: dict[str, set[str]] = {}

    def admit(self, sizes: dict[tuple[str, str], int], most: int) -> None:
        """Give places to the names in ``sizes`` by (group, name), ``most`` in a group."""
        for group, name in sorted(sizes, key=lambda key: (-sizes[key], key)):
            kept = self._kept.setdefault(group, set())
            if len(kept) < most:
                kept.add(name)

    def shown(self, group: str, name: str) -> str:
        """``name``, or what stands for all that have no place."""
        return name if name in self._kept.get(group, ()) else OTHER


class Counters:
    """The counters' values from scrape to scrape."""

    def __init__(self, start: Totals) -> None:
        """``start``: what was stored when the server started."""
        self._names = {kind: Names() for kind in ("agent", "type", "tool", "model")}
        self._start = self.sums(start)
        self._highest: Sums = {}

    def update(self, totals: Totals) -> Sums:
        """What to show when ``totals`` is what is stored."""
        for counter, series in self.sums(totals).items():
            start = self._start.get(counter, {})
            highest = self._highest.setdefault(counter, {})
            for labels, value in series.items():
                highest[labels] = max(highest.get(labels, 0), value - start.get(labels, 0))
        return self._highest

    def agents(self, totals: Totals) -> Sums:
        """The totals themselves, by agent."""
        sums: Sums = {"events": {}, "tokens": {}, "cost": {}}
        for row in totals.usage:
            agent = (self._names["agent"].shown("", label(row.agent_type)),)
            _add(sums, "events", agent, row.events)
            _add(sums, "tokens", agent, row.tokens)
            _add(sums, "cost", agent, row.cost_nano)
        return sums

    def sums(self, totals: Totals) -> Sums:
        """``totals`` by series; costs in 1e-9 US dollars."""
        rows = [
            (
                label(row.agent_type),
                label(row.event_type),
                None if row.tool_name is None else label(row.tool_name),
                # What has tokens had a model, whether somebody named it or not.
                label(row.model or "") if row.model or row.tokens or row.cost_nano else None,
                row,
            )
            for row in totals.usage
        ]
        names = self._names
        names["agent"].admit(_sizes(("", row[0], row[4].events) for row in rows), MAX_AGENTS)
        shown = [(names["agent"].shown("", row[0]), *row[1:]) for row in rows]
        for position, kind in ((1, "type"), (2, "tool"), (3, "model")):
            found = ((str(r[0]), str(r[position]), r[4].events) for r in shown if r[position])
            names[kind].admit(_sizes(found), MAX_NAMES)
        sums: Sums = {}
        priced: set[Labels] = set()
        place: Labels
        for agent, kind, tool, model, row in shown:
            _add(sums, "events", (agent, names["type"].shown(agent, kind)), row.events)
            _add(sums, "errors", (agent,), row.errors)
            if tool is not None:
                place = (agent, names["tool"].shown(agent, tool))
                _add(sums, "tool_calls", place, row.events)
                _add(sums, "tool_failures", place, row.errors)
            if model is not None:
                place = (agent, names["model"].shown(agent, model))
                _add(sums, "tokens", (*place, "input"), row.tokens_in)
                _add(sums, "tokens", (*place, "output"), row.tokens_out)
                _add(sums, "tokens", (*place, "cache_read"), row.cache_read)
                _add(sums, "tokens", (*place, "cache_write"), row.cache_write)
                _add(sums, "cost", place, row.cost_nano)
                _add(sums, "unpriced_tokens", place, row.unpriced_tokens)
                if row.cost_nano or row.tokens > row.unpriced_tokens:
                    priced.add(place)
        # What has no price costs something that we do not know, and not nothing.
        unknown = {p for p, n in sums.get("unpriced_tokens", {}).items() if n and p not in priced}
        for place in unknown:
            del sums["cost"][place]
        return sums


def _sizes(found: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    sizes: dict[tuple[str, str], int] = {}
    for group, name, events in found:
        sizes[group, name] = sizes.get((group, name), 0) + events
    return sizes


def _add(sums: Sums, counter: str, labels: Labels, value: int) -> None:
    series = sums.setdefault(counter, {})
    series[labels] = series.get(labels, 0) + value
