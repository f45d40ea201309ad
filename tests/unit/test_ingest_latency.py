"""How long batches take from their acceptance to their commit."""

import pytest

from agentmonitor.errors import StorageError
from tests.unit.builders import event, report
from tests.unit.test_pipeline import Parts, parts, run

__all__ = ["parts"]  # the fixture


def test_every_committed_batch_is_observed_once(parts: Parts) -> None:
    async def story() -> None:
        await parts.pipeline.ingest([event() for _ in range(50)])
        await parts.pipeline.ingest([], [report()])
        await parts.pipeline.ingest([])
        parts.pipeline.ingest_from_thread([event()]).result(60)

    run(story)
    latency = parts.pipeline.latency.snapshot()
    assert latency.counts[-1] == 3
    assert latency.sum > 0


def test_what_was_not_stored_is_not_observed(parts: Parts) -> None:
    async def story() -> None:
        with pytest.raises(StorageError):
            await parts.pipeline.ingest([event(project="\ud800")])

    run(story)
    assert parts.pipeline.latency.snapshot().counts[-1] == 0
