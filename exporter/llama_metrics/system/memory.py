"""How the C library keeps memory that was freed."""

from __future__ import annotations

import ctypes

# As glibc numbers its settings.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_ARENAS = 2
_BLOCK = 64 * 1024


def spare_memory() -> None:
    """Has the C library keep little of what was freed, where it is glibc.

    It would give each thread a pool of its own, and the room of a page that was made in one is none for the others; and
    once a large block was freed, it would keep all that are as large. `make bench` shows what that is: some MB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _BLOCK), (_TRIM_THRESHOLD, _BLOCK)):
            mallopt(setting, value)
