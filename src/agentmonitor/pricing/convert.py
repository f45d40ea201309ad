"""Makes a catalogue from the data that the project genai-prices publishes as JSON.

The build and ``agentmonitor pricing refresh`` both go this way.
"""

import math
import re
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from agentmonitor.pricing import additions
from agentmonitor.pricing.catalogue import FORMAT, UNIT, Amount, Catalogue, Model, Price, Provider
from agentmonitor.pricing.catalogue import Rule as Match
from agentmonitor.pricing.names import SOLE

PROVIDERS = (
    "anthropic", "openai", "google", "x-ai", "deepseek", "mistral", "moonshotai", "zai",
    "zhipuai", "minimax", "meta", "cohere", "cursor", "perplexity", "aws", "azure",
    "github-copilot", "openrouter", "groq", "together", "fireworks", "cerebras", "baseten",
    "cloudflare", "databricks", "novita", "avian",
)  # fmt: skip
"""Those whose prices are kept, in the order in which a bare model name is looked for."""

_FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "web_search": "web_searches_kcount",
    "request": "requests_kcount",
}
_CLAUSES = {
    "equals": "equals",
    "starts_with": "starts",
    "ends_with": "ends",
    "contains": "contains",
    "regex": "regex",
}
_FAST = ({"speed": "fast"}, {"service_tier": "fast"}, {"service_tier": "priority"})
"""What the makers call their fast mode; the first that a model has counts."""
_BATCH = ({"processing": "batch"},)
_LARGEST = 10_000.0
"""US dollars a million tokens; more is a mistake."""
_LARGEST_CONTEXT = 1_000_000_000
"""Tokens; more is a mistake."""

_Data = dict[str, Any]


class _Provider(msgspec.Struct, frozen=True):
    id: str
    name: str
    models: list[_Data]
    model_match: _Data | None = None
    provider_match: _Data | None = None
    fallback_model_providers: list[str] | None = None


class Strange(ValueError):
    """A model's data is of a kind that this version does not know."""


_STRANGE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading such data raises; Strange is a ValueError."""


def convert(data: bytes, source: str, day: str) -> tuple[Catalogue, list[str]]:
    """The catalogue, and what had to be left out (``provider:model``).

    ``day`` is the day of the data (ISO date). Raises msgspec.DecodeError when ``data`` is not
    what genai-prices publishes.
    """
    raw = {p.id: p for p in msgspec.json.decode(data, type=list[_Provider])}
    strange: list[str] = []
    providers = []
    for name in PROVIDERS:
        if name in raw:
            try:
                providers.append(_provider(raw[name], raw, day, strange))
            except _STRANGE as error:
                strange.append(f"{name}: {error}")
    catalogue = Catalogue(
        format=FORMAT, source=source, date=day, unit=UNIT, notes=additions.NOTES,
        providers=providers,
    )  # fmt: skip
    return catalogue, strange


def _provider(
    raw: _Provider, all_raw: dict[str, _Provider], day: str, strange: list[str]
) -> Provider:
    models = []
    for entry in raw.models:
        try:
            models.append(_model(raw.id, entry, day))
        except _STRANGE as error:
            strange.append(f"{raw.id}:{entry.get('id', '?')}: {error}")
    match = raw.model_match
    if raw.id == "zai" and match is None and "zhipuai" in all_raw:
        # Both sell the GLM models; outside China Z.ai does.
        match = all_raw["zhipuai"].model_match
    return Provider(
        id=raw.id,
        name=raw.name,
        match=None if match is None else _all_own(raw.id, rule(match), models),
        named=None if raw.provider_match is None else rule(raw.provider_match),
        fallback=raw.fallback_model_providers or [],
        models=msgspec.Raw(msgspec.json.encode(models)),
    )


def _all_own(provider: str, match: Match, models: list[Model]) -> Match:
    """``match`` and the names of a sole maker's models that do not tell who makes them, such as
    "codex-mini-latest"."""
    if provider not in SOLE:
        return match
    own = [model.match or Match(equals=(model.id.lower(),)) for model in models]
    equals = [n for each in own for n in each.equals if not match.matches(n)]
    starts = [n for each in own for n in each.starts if not match.matches(n)]
    return msgspec.structs.replace(
        match,
        equals=tuple(dict.fromkeys((*match.equals, *equals))),
        starts=tuple(dict.fromkeys((*match.starts, *starts))),
    )


def rule(clause: _Data) -> Match:
    """A matching rule; regular expressions stay as they are, all else is in lower case."""
    parts: dict[str, list[Any]] = {}
    _collect(clause, parts)
    return Match(**{kind: tuple(dict.fromkeys(values)) for kind, values in parts.items()})


def _collect(clause: _Data, parts: dict[str, list[Any]]) -> None:
    ((kind, value),) = clause.items()
    if kind == "or":
        for each in value:
            _collect(each, parts)
    elif kind == "and":
        parts.setdefault("both", []).append(tuple(rule(each) for each in value))
    elif kind == "regex":
        try:
            re.compile(value)
        except re.error as error:
            raise Strange(f"the expression {value!r}") from error
        parts.setdefault("regex", []).append(value)
    elif kind in _CLAUSES:
        parts.setdefault(_CLAUSES[kind], []).append(value.lower())
    else:
        raise Strange(f"a rule of the kind {kind!r}")


def _model(provider: str, raw: _Data, day: str) -> Model:
    name: str = raw["id"]
    match: Match | None = rule(raw["match"])
    if match == Match(equals=(name.lower(),)):
        match = None
    prices = _prices(raw["prices"])
    notes: list[str] = []
    if not prices and name.lower().endswith(":free"):
        prices, notes = [Price(input=0.0, output=0.0)], ["free"]
    variants = raw.get("price_variants") or []
    fast, moved = _mode(variants, _FAST, prices, day)
    batch, moved_too = _mode(variants, _BATCH, prices, day)
    if moved or moved_too:
        notes.append("mode-since")
    model = Model(id=name, match=match, prices=prices, fast=fast, batch=batch)
    known = additions.fast_prices(provider, model)
    if known is not None:
        fast, note = known
        notes.append(note)
    prices, derived = additions.with_cache_hour(model)
    if derived:
        notes.append("cache-1h")
    return Model(
        id=name, match=match, prices=prices, fast=fast, batch=batch, notes=notes,
        context=_context(raw.get("context_window")),
    )  # fmt: skip


def _context(raw: Any) -> int | None:
    if raw is None:
        return None
    if not isinstance(raw, int) or not 0 < raw <= _LARGEST_CONTEXT:
        raise Strange(f"a context window of {raw!r}")
    return raw


def _prices(raw: _Data | list[_Data]) -> list[Price]:
    """All of a model's prices that are by tokens, in their order."""
    entries = raw if isinstance(raw, list) else [{"prices": raw}]
    prices = [_price(entry.get("constraint"), entry["prices"]) for entry in entries]
    return [p for p in prices if p.input is not None or p.output is not None]


def _price(constraint: _Data | None, raw: _Data) -> Price:
    values: _Data = {}
    for ours, theirs in _FIELDS.items():
        if raw.get(theirs) is not None:
            values[ours] = _amount(raw[theirs])
    return Price(**_when(constraint), **values)


def _when(constraint: _Data | None) -> _Data:
    if constraint is None:
        return {}
    if set(constraint) == {"start_date"}:
        return {"start": date.fromisoformat(constraint["start_date"]).isoformat()}
    if set(constraint) == {"start_time", "end_time"}:
        return {"hours": (_utc(constraint["start_time"]), _utc(constraint["end_time"]))}
    raise Strange(f"a condition of the kind {sorted(constraint)}")


def _utc(text: str) -> str:
    """A time of day such as ``00:30:00+08:00`` in UTC; without an offset it is UTC."""
    moment = datetime.fromisoformat(f"2000-01-02T{text}")
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.strftime("%H:%M:%S")


def _amount(raw: Any) -> Amount:
    if not isinstance(raw, dict):
        return _number(raw)
    steps = sorted((int(tier["start"]), _number(tier["price"])) for tier in raw["tiers"])
    flat: list[float] = [_number(raw["base"])]
    for start, price in steps:
        flat += [start, price]
    return flat


def _number(raw: Any) -> float:
    value = float(raw)
    if not 0 <= value <= _LARGEST or math.isnan(value):
        raise Strange(f"a price of {raw!r}")
    return value


def _mode(
    variants: list[_Data], kinds: tuple[_Data, ...], prices: list[Price], day: str
) -> tuple[list[Price], bool]:
    """What a mode changes, and whether the first day was moved back; see the note
    "mode-since"."""
    for when in kinds:
        found = [_price(v.get("constraint"), v["prices"]) for v in variants if v["when"] == when]
        found = [p for p in found if p != Price(start=p.start)]
        if found:
            break
    else:
        return [], False
    first = min(range(len(found)), key=lambda i: found[i].start or "")
    start = found[first].start
    if start is None or start > day:
        return found, False
    since = max((p.start for p in prices if p.start is not None and p.start <= start), default=None)
    if since == start:
        return found, False
    found[first] = msgspec.structs.replace(found[first], start=since)
    return found, True
