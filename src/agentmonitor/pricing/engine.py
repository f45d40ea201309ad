"""What a request costs. An unknown price is None, never 0."""

import logging
from collections.abc import Iterable
from pathlib import Path

import msgspec

from agentmonitor.errors import ConfigError
from agentmonitor.model.session import SessionRow
from agentmonitor.model.usage import TokenUsage
from agentmonitor.pricing.catalogue import Catalogue, Model, Price, load_file, load_shipped
from agentmonitor.pricing.lookup import context_window, find
from agentmonitor.pricing.overrides import Overrides, load_overrides
from agentmonitor.pricing.plan import Plan

MILLION = 1_000_000
_CACHE = 1000
"""Looked-up model names kept; what arrives is untrusted, so this may not grow freely."""

log = logging.getLogger(__name__)


class Explanation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a model's prices come from. All prices as in the catalogue, the oldest first."""

    name: str
    """As it was asked for."""
    model: str
    """The id of the model that it means."""
    provider: str
    source: str
    date: str | None
    """The day of the data; None for the user's own."""
    prices: list[Price]
    fast: list[Price] = []
    batch: list[Price] = []
    always_fast: bool = False
    """The name itself asks for the fast mode."""
    notes: list[str] = []


class Pricer:
    """Prices requests by the user's own prices, then by the catalogue.

    Nothing is read before the first request. A file that cannot be used is logged once and left
    out, because a wrong file may not keep the server from storing events.
    """

    def __init__(self, overrides: Path | None = None, refreshed: Path | None = None) -> None:
        """``overrides``: the user's ``pricing.json``; ``refreshed``: a newer catalogue, used
        unless the shipped one is newer. Neither needs to exist."""
        self._overrides_file = overrides
        self._refreshed_file = refreshed
        self._overrides: Overrides | None = None
        self._catalogue: Catalogue | None = None
        self._plans: dict[str, Plan] = {}
        self._windows: dict[str, int | None] = {}

    def cost(self, model: str, usage: TokenUsage, at: int) -> float | None:
        """US dollars of one request at the time ``at`` (ms); None when no price is known."""
        plan = self._plans.get(model)
        if plan is None:
            plan = self._plan(model)
        span = plan.span
        if not span.start <= at < span.end:
            span = plan.at(at)
        if usage.batch:
            rates = span.batch
        elif usage.fast:
            rates = span.fast
        else:
            rates = span.standard
        if rates is None:
            return None
        tokens_in = usage.tokens_in
        cache_read = usage.cache_read
        cache_write = usage.cache_write
        prompt = tokens_in + cache_read + cache_write
        limit, fresh, out, read, write, write_1h, search, request, dearer = rates
        while prompt > limit and dearer is not None:
            limit, fresh, out, read, write, write_1h, search, request, dearer = dearer
        total = (
            tokens_in * fresh
            + usage.tokens_out * out
            + cache_read * read
            + cache_write * write
            + usage.web_searches * search
            + request
        )
        hour = usage.cache_write_1h
        if hour:
            # No more than were written: a report may contradict itself.
            total += min(hour, cache_write) * (write_1h - write)
        return total / MILLION

    def cost_of(
        self,
        model: str,
        tokens_in: int,
        tokens_out: int,
        cache_read: int,
        cache_write: int,
        at: int,
    ) -> float | None:
        """As ``cost``, of a plain request whose cache is kept for five minutes.

        ``tokens_in`` does not hold the cached tokens.
        """
        plan = self._plans.get(model)
        if plan is None:
            plan = self._plan(model)
        span = plan.span
        if not span.start <= at < span.end:
            span = plan.at(at)
        rates = span.standard
        if rates is None:
            return None
        prompt = tokens_in + cache_read + cache_write
        limit, fresh, out, read, write, _, _, request, dearer = rates
        while prompt > limit and dearer is not None:
            limit, fresh, out, read, write, _, _, request, dearer = dearer
        return (
            tokens_in * fresh + tokens_out * out + cache_read * read + cache_write * write + request
        ) / MILLION

    def reload(self) -> None:
        """Read the files anew at the next request."""
        self._overrides = None
        self._catalogue = None
        self._plans = {}
        self._windows = {}

    def context_window(self, model: str) -> int | None:
        """How many tokens the context window of ``model`` holds; None when that is not known."""
        if model not in self._windows:
            if len(self._windows) >= _CACHE:
                self._windows.clear()
            self._windows[model] = context_window(self.catalogue, model)
        return self._windows[model]

    def with_windows(self, rows: Iterable[SessionRow]) -> list[SessionRow]:
        """``rows`` with the context windows of their models."""
        return [self._with_window(row) for row in rows]

    def explain(self, name: str) -> Explanation | None:
        """Where the prices of ``name`` come from; None when it is not known."""
        own = self.overrides.find(name)
        if own is not None:
            model, fast = own
            return _explanation(name, model, "you", str(self._overrides_file), None, fast, [])
        catalogue = self.catalogue
        found = find(catalogue, name)
        if found is None:
            return None
        notes = [catalogue.notes.get(key, key) for key in found.model.notes]
        return _explanation(
            name, found.model, found.provider.id, catalogue.source, catalogue.date, found.fast,
            notes,
        )  # fmt: skip

    @property
    def catalogue(self) -> Catalogue:
        """The newer of the shipped catalogue and the refreshed one."""
        if self._catalogue is None:
            self._catalogue = self._load_catalogue()
        return self._catalogue

    @property
    def overrides(self) -> Overrides:
        """The user's own prices."""
        if self._overrides is None:
            self._overrides = self._load_overrides()
        return self._overrides

    def _load_catalogue(self) -> Catalogue:
        shipped = load_shipped()
        if self._refreshed_file is None:
            return shipped
        try:
            refreshed = load_file(self._refreshed_file)
        except FileNotFoundError:
            return shipped
        except (OSError, msgspec.DecodeError) as error:
            log.warning(
                "The refreshed prices in %s cannot be used (%s); using the shipped ones. "
                "Run `agentmonitor pricing refresh`, or remove the file.",
                self._refreshed_file, error,
            )  # fmt: skip
            return shipped
        return refreshed if refreshed.date >= shipped.date else shipped

    def _load_overrides(self) -> Overrides:
        if self._overrides_file is None:
            return Overrides({})
        try:
            return load_overrides(self._overrides_file)
        except ConfigError as error:
            log.warning("Your own prices are left out: %s", error)
            return Overrides({})

    def _with_window(self, row: SessionRow) -> SessionRow:
        window = None if row.model is None else self.context_window(row.model)
        return row if window is None else msgspec.structs.replace(row, context_window=window)

    def _plan(self, name: str) -> Plan:
        own = self.overrides.find(name)
        if own is not None:
            plan = Plan(own[0], fast=own[1])
        else:
            found = find(self.catalogue, name)
            plan = Plan(None) if found is None else Plan(found.model, fast=found.fast)
        if len(self._plans) >= _CACHE:
            self._plans.clear()
        self._plans[name] = plan
        return plan


def _explanation(
    name: str, model: Model, provider: str, source: str, date: str | None, fast: bool,
    notes: list[str],
) -> Explanation:  # fmt: skip
    return Explanation(
        name=name,
        model=model.id,
        provider=provider,
        source=source,
        date=date,
        prices=model.prices,
        fast=model.fast,
        batch=model.batch,
        always_fast=fast,
        notes=notes,
    )
