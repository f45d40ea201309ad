"""What the process does about its memory, since it runs all day."""

import gc
from collections.abc import Callable
from functools import cache


def calm_collector() -> None:
    """To be called once, when the program is about to take in events. What the start made lives as
    long as the process and need not be looked at again; events come and go by the thousand, and
    none of them is part of a circle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def give_back() -> None:
    """Give the system what was freed within the C library's heaps, of which each thread has one;
    by itself it gives back only what lies at a heap's end. Takes less than a millisecond; without
    effect where the library cannot do it (glibc can)."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    import ctypes  # no part of a start

    library = ctypes.CDLL(None)
    try:
        return library.malloc_trim
    except AttributeError:
        return lambda keep: keep
