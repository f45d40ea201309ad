"""Pruning by the limits of age and size, in small steps that leave the writer to the others."""

import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from agentmonitor.errors import InvalidInput
from agentmonitor.model.clock import DAY_MS, now_ms
from agentmonitor.model.database import PruneLimits, PruneOutcome, PruneStep, Retention
from agentmonitor.storage.engine import Engine

PAGE = 50
"""Events in one transaction: a few milliseconds."""
SHRINK_PAGES = 32
"""Pages that are given back to the disk in one transaction."""
SHARE = 0.2
"""Of the writer's time at most, while a server needs it too."""
_FIRST = -(2**62)

Tell = Callable[[int, int], None]
"""Told (events done, events in all, about)."""


def limits_of(kept: Retention, now: int, *, settled: bool = False) -> PruneLimits:
    """What ``kept`` means at ``now``. Events of the last day always stay: windows and late
    reports need them. ``settled``: so do those that arrived within it. Raises InvalidInput."""
    if not kept.days and not kept.gigabytes:
        message = "name a limit: an age (90d) or a size (2GB)"
        raise InvalidInput(f"There is nothing to prune by; {message}.", [("days", message)])
    for field, value in (("days", kept.days), ("gigabytes", kept.gigabytes)):
        if not 0 <= value <= 1e6:
            message = "must be a number from 0 (no limit) to 1000000"
            raise InvalidInput(f"Invalid {field}: {message}.", [(field, message)])
    return PruneLimits(
        kept_from=now - DAY_MS,
        before=now - int(max(kept.days, 1) * DAY_MS) if kept.days else None,
        used_bytes=int(kept.gigabytes * 1e9) if kept.gigabytes else None,
        arrived_before=now - DAY_MS if settled else None,
    )


def prune(
    engine: Engine, kept: Retention, *, apply: bool, tell: Tell | None = None, share: float = 1.0
) -> PruneOutcome:
    """Prune what is beyond the limits, or only say what would be (``apply`` False).

    ``share``: of the writer's time at most. Raises InvalidInput and StorageError.
    """
    limits = limits_of(kept, now_ms())
    plan = engine.prune_plan(limits)
    if not apply:
        return plan
    done, used = 0, plan.used_bytes
    for step in _pages(engine, limits, share, threading.Event()):
        done, used = done + step.events, step.used_bytes
        if tell is not None:
            tell(done, max(done, plan.events))
    part = done / plan.events if plan.events else 0.0
    return msgspec.structs.replace(
        plan, applied=True, events=done, bytes=int(plan.bytes * part), used_bytes=used
    )


def keep_to(engine: Engine, kept: Retention, stop: threading.Event) -> int:
    """What a server does now and then: prune until ``stop``; how many events went.

    Events that arrived within the last day stay too: an import may still bring the rest of them.
    """
    limits = limits_of(kept, now_ms(), settled=True)
    return sum(step.events for step in _pages(engine, limits, SHARE, stop))


def _pages(
    engine: Engine, limits: PruneLimits, share: float, stop: threading.Event
) -> Iterator[PruneStep]:
    """Prune page by page, then give back what became free."""
    last = _FIRST
    while not stop.is_set():
        began = time.monotonic()
        step = engine.prune_page(limits, last, PAGE)
        if not step.events:
            break
        last = step.last
        yield step
        _rest(began, share, stop)
    left = -1
    while not stop.is_set():
        began = time.monotonic()
        before, left = left, engine.shrink(SHRINK_PAGES)
        if left in (0, before):  # nothing more can be given back at present
            break
        _rest(began, share, stop)


def _rest(began: float, share: float, stop: threading.Event) -> None:
    if share < 1:
        stop.wait((time.monotonic() - began) * (1 / share - 1))
