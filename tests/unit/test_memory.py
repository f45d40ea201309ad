"""Memory that was freed goes back to the system."""

import ctypes
import os

import pytest

from agentmonitor.bench.memory import memory_mib
from agentmonitor.memory import give_back


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library cannot give back"
)
def test_memory_that_was_freed_between_what_is_kept_goes_back_to_the_system() -> None:
    kept = [bytes(3000) for _ in range(20_000)]
    kept = kept[::10]
    before, _ = memory_mib(os.getpid())
    give_back()
    after, _ = memory_mib(os.getpid())
    assert len(kept) == 2_000
    assert before - after > 30
