"""Which model of which provider a name means."""

from collections.abc import Iterable, Iterator

import msgspec

from agentmonitor.pricing import names
from agentmonitor.pricing.catalogue import Catalogue, Model, Provider

_LISTS_MOST = "openrouter"


class Found(msgspec.Struct, frozen=True):
    """A model, and how it was named."""

    provider: Provider
    model: Model
    fast: bool = False
    """The name itself asks for the fast mode: ``…-fast``."""


def find(catalogue: Catalogue, name: str) -> Found | None:
    """The model that ``name`` means.

    A prefix that names a provider is where the search begins. Without one a model is its
    maker's. Behind a prefix that nobody knows, and for what a provider does not list, only the
    models that no one but their maker prices are found: the price of anything else is unknown.
    """
    ref = names.plain(name)
    if not ref or len(ref) > names.LONGEST:
        return None
    for provider in catalogue.providers:
        if "/" in ref and provider.match is not None and _by_path(provider, ref):
            return _first(catalogue, [provider], ref)
    seller, rest, sure = _seller(catalogue, ref)
    if seller is None and names.on_own_machine(rest):
        return None
    if seller is not None:
        found = _first(catalogue, _places(catalogue, seller), rest)
        if found is not None:
            return found
    stand_in = names.STAND_INS.get(_stand_in(ref, rest) if sure else "")
    if stand_in is not None:
        place = catalogue.provider(stand_in[0])
        found = None if place is None else _first(catalogue, [place], stand_in[1] + rest)
        if found is not None:
            return found
    return _first(catalogue, _makers(catalogue, rest, sole=seller is not None or not sure), rest)


def context_window(catalogue: Catalogue, name: str) -> int | None:
    """How many tokens the context window of ``name`` holds; None when that is not known.

    What the name asks for counts (``…[1m]``), then what its provider says, then what the one who
    lists most models says of the model with the same id.
    """
    asked = names.window(name)
    found = None if asked is not None else find(catalogue, name)
    if found is None or found.model.context is not None:
        return asked if found is None else found.model.context
    listed = catalogue.provider(_LISTS_MOST)
    own = _bare(found.model.id)
    same = (m for m in ([] if listed is None else listed.decoded()) if _bare(m.id) == own)
    return next((model.context for model in same if model.context is not None), None)


def _bare(model: str) -> str:
    return model.lower().rsplit("/", 1)[-1]


def _by_path(provider: Provider, ref: str) -> bool:
    """Whether a name with slashes begins as the provider's own do: ``accounts/fireworks/…``."""
    starts = () if provider.match is None else provider.match.starts
    return any("/" in start and ref.startswith(start) for start in starts)


def _seller(catalogue: Catalogue, ref: str) -> tuple[Provider | None, str, bool]:
    """The provider that the prefixes or the form of ``ref`` name, what remains of it, and
    whether each prefix was understood."""
    head, slash, rest = ref.partition("/")
    sure = True
    while slash:
        if head in names.STAND_INS or names.ALIASES.get(head) in names.STAND_INS:
            return None, rest, sure
        provider = _named(catalogue, head)
        if provider is not None and (sure or provider.match is None or provider.id in names.SOLE):
            return provider, rest, sure
        sure = False
        head, slash, rest = rest.partition("/")
    if names.is_bedrock(head):
        return catalogue.provider("aws"), head, sure
    if names.is_vertex(head):
        return catalogue.provider("google"), head, sure
    return None, head, sure


def _named(catalogue: Catalogue, name: str) -> Provider | None:
    name = names.ALIASES.get(name, name)
    return catalogue.provider(name) or next(
        (p for p in catalogue.providers if p.named is not None and p.named.matches(name)), None
    )


def _stand_in(ref: str, rest: str) -> str:
    head = ref.partition("/")[0]
    maker = names.ALIASES.get(head, head)
    if maker in names.STAND_INS:
        return maker
    if ref != rest:
        return ""
    return next((m for m, (_, _, called) in names.STAND_INS.items() if called.match(ref)), "")


def _places(catalogue: Catalogue, seller: Provider) -> list[Provider]:
    others = (catalogue.provider(name) for name in seller.fallback)
    return [seller, *(other for other in others if other is not None)]


def _makers(catalogue: Catalogue, ref: str, *, sole: bool) -> Iterator[Provider]:
    """Those who may make the model ``ref``, the likeliest first."""
    bare = ref.rsplit("/", 1)[-1]
    for provider in catalogue.providers:
        if sole and provider.id not in names.SOLE:
            continue
        if provider.match is not None and any(
            provider.match.matches(spelling) for spelling in names.spellings(bare)
        ):
            yield provider


def _first(catalogue: Catalogue, places: Iterable[Provider], ref: str) -> Found | None:
    """The first of ``places`` to know ``ref``: as it stands in any before it is shortened."""
    lists = [(place, place.decoded()) for place in places]
    for spelling in names.spellings(ref):
        for place, models in lists:
            for model in models:
                if model.matches(spelling):
                    return _found(place, model, ref, spelling)
    return None


def _found(place: Provider, model: Model, ref: str, spelling: str) -> Found | None:
    fast = ref.endswith("-fast") and not model.id.lower().endswith("-fast")
    if fast and not model.fast:
        # Known as it stands: a model of that name. Otherwise the fast mode's price is unknown.
        return Found(place, model) if spelling.endswith("-fast") else None
    return Found(place, model, fast=fast)
