"""How Python and the C library keep memory that is no longer used."""

from __future__ import annotations

import ctypes
import gc

# As glibc numbers its settings.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_ARENAS = 2
_BLOCK = 64 * 1024
# Objects made until Python looks for garbage; by itself 700.
_OBJECTS = 200


def spare_memory() -> None:
    """Has Python look for garbage soon, and the C library, where it is glibc, keep little of what was freed.

    A request that fails leaves garbage which nothing else finds, and the longer it lies the more memory lies around it.
    glibc would give each thread a pool of its own, and the room of a page that was made in one is none for the others;
    and once a large block was freed, it would keep all that are as large. `make bench` shows what that is: some MB.
    """
    gc.set_threshold(_OBJECTS)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _BLOCK), (_TRIM_THRESHOLD, _BLOCK)):
            mallopt(setting, value)
