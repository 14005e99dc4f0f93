"""How the C library keeps memory for threads."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2


def share_arenas() -> None:
    """Lets all threads take memory from two pools, where the C library is glibc.

    It would give each of the server's forty threads one of its own, and the room of a page that was made in one of them
    is none for the others.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
