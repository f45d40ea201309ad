"""Pricing the past anew: requests without a price of ours, which has become known, or all."""

from collections.abc import Callable, Iterator

import msgspec

from agentmonitor.model.event import MAX_COST_USD
from agentmonitor.model.usage import Priceable
from agentmonitor.pricing.engine import Pricer
from agentmonitor.storage.engine import Engine

_PAGE = 2000
"""Requests of one transaction, so that whoever else writes is not held up."""

Progress = Callable[[int], None]
"""Told how many requests were looked at so far."""


class ModelOutcome(msgspec.Struct, kw_only=True):
    """What became, or would become, of one model's requests. Costs are US dollars."""

    model: str
    requests: int = 0
    """Looked at."""
    changed: int = 0
    unpriced: int = 0
    """Those that stay without a price."""
    cost_before_usd: float = 0.0
    """What counts now, of those that change; and what would."""
    cost_after_usd: float = 0.0


class Outcome(msgspec.Struct, kw_only=True):
    """What a recalculation did, or would do."""

    applied: bool
    requests: int
    changed: int
    cost_before_usd: float
    cost_after_usd: float
    models: list[ModelOutcome]


def recalculate(
    engine: Engine, pricer: Pricer, *, everything: bool, apply: bool, progress: Progress
) -> Outcome:
    """Price requests without a price of ours, or ``everything``; store that if ``apply`` says so.

    A cost that a client named over plain HTTP stays. Blocks; each page is a transaction of its
    own, and a second run goes on where a broken one stopped. Raises StorageError.
    """
    models: dict[str, ModelOutcome] = {}
    seen = 0
    for page in _pages(engine, everything=everything):
        prices = []
        for request in page:
            outcome = models.setdefault(request.model, ModelOutcome(model=request.model))
            outcome.requests += 1
            cost = pricer.cost(request.model, request.usage, request.at)
            if cost is None or cost > MAX_COST_USD:
                outcome.unpriced += request.cost_usd is None
                cost = None
            if cost is None or cost == request.own_cost_usd:
                continue
            prices.append((request.event, cost))
            outcome.changed += 1
            before = request.cost_usd or 0.0
            outcome.cost_before_usd += before
            outcome.cost_after_usd += before if request.is_fixed else cost
        if apply and prices:
            engine.reprice(prices)
        seen += len(page)
        progress(seen)
    listed = sorted(models.values(), key=lambda each: (-each.changed, each.model))
    return Outcome(
        applied=apply,
        requests=seen,
        changed=sum(each.changed for each in listed),
        cost_before_usd=sum(each.cost_before_usd for each in listed),
        cost_after_usd=sum(each.cost_after_usd for each in listed),
        models=listed,
    )


def _pages(engine: Engine, *, everything: bool) -> Iterator[list[Priceable]]:
    after = 0
    while page := engine.priceable(after, _PAGE, everything=everything):
        yield page
        after = page[-1].event
