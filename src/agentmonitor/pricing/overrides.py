"""The user's own prices: ``pricing.json``, which wins over the catalogue.

``{"models": {"my-model": {"input": 1.0, "output": 2.0, "aliases": ["mine"]}}}``, in US dollars a
million tokens; docs/explanation/pricing.md has every field.
"""

import math
from pathlib import Path
from typing import Any

import msgspec

from agentmonitor.errors import ConfigError
from agentmonitor.pricing.catalogue import AMOUNTS, TOKENS, Amount, Model, Price, times
from agentmonitor.pricing.names import LONGEST, plain, spellings

EXAMPLE = '{"models": {"my-model": {"input": 1.0, "output": 2.0}}}'


class Amounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars: tokens a million, searches a thousand."""

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    web_search: float | None = None


class Tier(Amounts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prices of the whole request when its prompt is larger than ``above`` tokens."""

    above: int


class Entry(Amounts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model as the user writes it."""

    tiers: list[Tier] = []
    fast: float | Amounts | None = None
    """The fast mode: a factor on the tokens' prices, or prices."""
    batch: float | Amounts | None = None
    aliases: list[str] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: dict[str, msgspec.Raw]


class Overrides:
    """The user's models by name."""

    def __init__(self, models: dict[str, Model]) -> None:
        self._models = models

    def __len__(self) -> int:
        return len(self._models)

    def models(self) -> list[Model]:
        """Each model once."""
        return list({model.id: model for model in self._models.values()}.values())

    def find(self, name: str) -> tuple[Model, bool] | None:
        """The model for ``name``, and whether ``name`` asks for its fast mode (``…-fast``).

        A name in the file means itself, with a date, and behind prefixes; the longest counts.
        """
        ref = plain(name)
        for spelling in spellings(ref) if self._models and len(ref) <= LONGEST else ():
            model = self._models.get(spelling)
            if model is not None:
                fast = ref.endswith("-fast") and not spelling.endswith("-fast")
                return (model, fast) if model.fast or not fast else None
        return None


def load_overrides(file: Path) -> Overrides:
    """Raises ConfigError, naming the field, when ``file`` cannot be used."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return Overrides({})
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}). Check its owner.") from error
    try:
        raw = msgspec.json.decode(data, type=_File)
    except msgspec.DecodeError as error:
        raise _fault(file, "", str(error)) from error
    models: dict[str, Model] = {}
    for name, text in raw.models.items():
        try:
            entry = msgspec.json.decode(text, type=Entry)
        except msgspec.DecodeError as error:
            raise _fault(file, name, str(error)) from error
        model = _model(file, name, entry)
        for called in (name, *entry.aliases):
            key = plain(called)
            if not key:
                raise _fault(file, name, "a name or alias is empty")
            if key in models:
                raise _fault(file, name, f"the name {called!r} stands there twice")
            models[key] = model
    return Overrides(models)


def _fault(file: Path, name: str, reason: str) -> ConfigError:
    place, _, path = reason.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    where = ".".join(part for part in (f'models."{name}"' if name else "", field) if part)
    return ConfigError(
        f"{file}: {where + ': ' if where else ''}{place[:1].lower() + place[1:]}. "
        f"Correct it, or remove the file; it should look like {EXAMPLE}"
    )


def _model(file: Path, name: str, entry: Entry) -> Model:
    if entry.input is None and entry.output is None:
        raise _fault(file, name, "there is neither an input nor an output price")
    above = [tier.above for tier in entry.tiers]
    if above != sorted(set(above)) or any(size < 0 for size in above):
        raise _fault(file, name, "each tier must be above a larger size - at `$.tiers`")
    for label, part in (("", entry), *((".tiers", tier) for tier in entry.tiers),
                        (".fast", entry.fast), (".batch", entry.batch)):  # fmt: skip
        for field, value in _numbers(part):
            if not 0 <= value < math.inf:
                reason = f"{value!r} is not a price of 0 or more"
                raise _fault(file, name, f"{reason} - at `${label}{field}`")
    amounts = {field: _tiered(entry, field) for field in AMOUNTS}
    return Model(
        id=name,
        prices=[_price(amounts)],
        fast=_mode(entry.fast, amounts),
        batch=_mode(entry.batch, amounts),
    )


def _numbers(part: Amounts | float | None) -> list[tuple[str, float]]:
    if part is None:
        return []
    if isinstance(part, Amounts):
        values = ((f".{field}", getattr(part, field, None)) for field in AMOUNTS)
        return [(field, value) for field, value in values if value is not None]
    return [("", part)]


def _tiered(entry: Entry, field: str) -> Amount | None:
    """A price and those of the tiers that have their own."""
    base: float | None = getattr(entry, field, None)
    own = [(t.above, getattr(t, field, None)) for t in entry.tiers]
    steps = [number for above, price in own if price is not None for number in (above, price)]
    if base is None and steps:
        # What has no price of its own below the tier costs what its kind falls back to.
        base = getattr(entry, "cache_write" if field == "cache_write_1h" else "input", None)
        base = entry.input if base is None else base
    return [base or 0.0, *steps] if steps else base


def _mode(mode: float | Amounts | None, amounts: dict[str, Amount | None]) -> list[Price]:
    if mode is None:
        return []
    if isinstance(mode, Amounts):
        return [_price({field: getattr(mode, field, None) for field in AMOUNTS})]
    return [_price({field: times(amounts[field], mode) for field in TOKENS})]


def _price(amounts: dict[str, Any]) -> Price:
    return Price(**{field: value for field, value in amounts.items() if value is not None})
