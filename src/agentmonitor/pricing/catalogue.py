"""The price catalogue: who sells which model at which price, since when.

Shipped as data. A provider's models stay encoded until a name is looked up among them, so that
what lies in memory is the file's bytes.
"""

import re
from pathlib import Path

import msgspec

FORMAT = 2
"""Of the file. One of another format, left by another version, is not used."""
UNIT = "US dollars: tokens a million, web_search and request a thousand"

Amount = float | list[float]
"""A price, or ``[price, above, price, above, price, …]``: the price of the whole request when
its prompt (uncached, cache read and cache written tokens) is larger than ``above`` tokens."""


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Names that are meant, in lower case: those for which any of this holds."""

    equals: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    """Found anywhere in the name."""
    both: tuple[tuple["Rule", ...], ...] = ()
    """Groups of rules; all of a group must hold."""

    def matches(self, name: str) -> bool:
        """Whether ``name``, in lower case, is meant."""
        return (
            name in self.equals
            or name.startswith(self.starts)
            or name.endswith(self.ends)
            or any(part in name for part in self.contains)
            or any(re.search(pattern, name) is not None for pattern in self.regex)
            or any(all(rule.matches(name) for rule in group) for group in self.both)
        )


class Price(msgspec.Struct, frozen=True, omit_defaults=True, rename={"start": "from"}):
    """Prices and when they hold. In US dollars; tokens a million, the others a thousand.

    A cached token without a price of its own costs what an uncached one does, and an hour in the
    cache what five minutes do.
    """

    start: str | None = None
    """The first day, UTC (ISO date); None: always."""
    hours: tuple[str, str] | None = None
    """Holds every day from the first time until before the second, UTC (``HH:MM:SS``)."""
    input: Amount | None = None
    output: Amount | None = None
    cache_read: Amount | None = None
    cache_write: Amount | None = None
    """For five minutes."""
    cache_write_1h: Amount | None = None
    web_search: Amount | None = None
    request: Amount | None = None
    """The fee of each request."""


AMOUNTS = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "web_search",
    "request",
)
"""The fields of a Price that are money."""
TOKENS = AMOUNTS[:5]
"""Those for tokens."""


class Model(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model of one provider. Without prices: known, but not sold by tokens."""

    id: str
    match: Rule | None = None
    """None: the name is the id."""
    prices: list[Price] = []
    """The last that holds counts; when none does, the first."""
    fast: list[Price] = []
    """What differs in the fast mode: of each amount, the first that holds."""
    batch: list[Price] = []
    """What differs in the batch mode, likewise."""
    notes: list[str] = []
    """Keys of the catalogue's notes: what is not from its source."""
    context: int | None = None
    """How many tokens its context window holds; None: unknown."""

    def matches(self, name: str) -> bool:
        """Whether ``name``, in lower case, is this model."""
        return name == self.id.lower() if self.match is None else self.match.matches(name)


class Provider(msgspec.Struct, frozen=True, omit_defaults=True):
    """Someone who sells models."""

    id: str
    name: str
    match: Rule | None = None
    """Names of models that mean this provider when none is named: it makes them."""
    named: Rule | None = None
    """Other names of the provider."""
    fallback: list[str] = []
    """Providers whose prices it asks for models that it does not list."""
    models: msgspec.Raw = msgspec.Raw(b"[]")

    def decoded(self) -> list[Model]:
        """Its models; decoded anew at each call."""
        return _MODELS.decode(self.models)


class Catalogue(msgspec.Struct, frozen=True):
    """All known models, with where and when the prices were taken."""

    format: int
    source: str
    date: str
    """The day of the data (ISO date)."""
    unit: str
    notes: dict[str, str]
    providers: list[Provider]

    def provider(self, name: str) -> Provider | None:
        """The provider with the id ``name``."""
        return next((each for each in self.providers if each.id == name), None)


def times(amount: Amount | None, factor: float) -> Amount | None:
    """The price multiplied, the sizes of its tiers kept."""
    if isinstance(amount, list):
        return [n if i % 2 else round(n * factor, 9) for i, n in enumerate(amount)]
    return None if amount is None else round(amount * factor, 9)


_MODELS = msgspec.json.Decoder(list[Model])


def decode(data: bytes) -> Catalogue:
    """Raises msgspec.DecodeError when ``data`` is no catalogue of this format."""
    head = msgspec.json.decode(data, type=Catalogue)
    if head.format != FORMAT:
        raise msgspec.ValidationError(f"its format is {head.format}, not {FORMAT}")
    return head


def encode(catalogue: Catalogue) -> bytes:
    """The file: a line a model, so that a difference can be read."""
    providers = [
        msgspec.structs.replace(
            provider,
            models=msgspec.Raw(
                b"[\n" + b",\n".join(msgspec.json.encode(m) for m in provider.decoded()) + b"\n]"
            ),
        )
        for provider in catalogue.providers
    ]
    return msgspec.json.encode(msgspec.structs.replace(catalogue, providers=providers)) + b"\n"


def load_shipped() -> Catalogue:
    """The catalogue that ships with the program."""
    return decode(Path(__file__).with_name("data").joinpath("catalogue.json").read_bytes())


def load_file(file: Path) -> Catalogue:
    """The catalogue in ``file``, looked through. Raises OSError and msgspec.DecodeError."""
    catalogue = decode(file.read_bytes())
    for provider in catalogue.providers:
        provider.decoded()
    return catalogue
