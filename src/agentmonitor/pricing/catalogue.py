"""The price catalogue: which model costs what, since when. Shipped as data, read on first use."""

import re
from importlib import resources

import msgspec


class Rule(msgspec.Struct, frozen=True, rename={"any_of": "or", "all_of": "and"}):
    """How a model's name is recognised: exactly one field is set."""

    equals: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    contains: str | None = None
    regex: str | None = None
    any_of: list["Rule"] | None = None
    all_of: list["Rule"] | None = None

    def matches(self, name: str) -> bool:
        """Whether ``name``, in lower case, is meant."""
        if self.any_of is not None:
            return any(rule.matches(name) for rule in self.any_of)
        if self.all_of is not None:
            return all(rule.matches(name) for rule in self.all_of)
        if self.equals is not None:
            return name == self.equals.lower()
        if self.starts_with is not None:
            return name.startswith(self.starts_with.lower())
        if self.ends_with is not None:
            return name.endswith(self.ends_with.lower())
        if self.contains is not None:
            return self.contains.lower() in name
        return self.regex is not None and re.search(self.regex, name) is not None


class Tier(msgspec.Struct, frozen=True):
    """Dearer prices for a whole request whose prompt is larger than ``above`` tokens."""

    above: int
    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None


class Price(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """US dollars a million tokens, from the day ``start`` (ISO date; None: always) on."""

    input: float
    start: str | None = None
    output: float = 0.0
    cache_read: float | None = None
    cache_write: float | None = None
    tiers: list[Tier] = []


class Model(msgspec.Struct, frozen=True):
    """One model and its prices, oldest first."""

    id: str
    provider: str
    match: Rule
    prices: list[Price]


class Catalogue(msgspec.Struct, frozen=True):
    """All known models, with where and when the prices were taken."""

    source: str
    date: str
    unit: str
    models: list[Model]


def load_catalogue() -> Catalogue:
    """The catalogue that ships with the program."""
    file = resources.files("agentmonitor.pricing").joinpath("data/catalogue.json")
    return msgspec.json.decode(file.read_bytes(), type=Catalogue)
