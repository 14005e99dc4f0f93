"""How long to wait before something that ended is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable

_LONGEST = 30.0


class Backoff:
    """Each failure doubles the wait, from `first` seconds to half a minute; a success makes it short again."""

    def __init__(self, first: float = 0.5, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._first, self._monotonic = first, monotonic
        self._next, self._delay = monotonic(), first

    def failed(self) -> None:
        """The next try is due after the wait."""
        self._next = self._monotonic() + self._delay
        self._delay = min(self._delay * 2, _LONGEST)

    def succeeded(self) -> None:
        """The wait after the next failure is the first one."""
        self._delay = self._first

    def left(self) -> float:
        """Seconds until the next try; 0 where it is due."""
        return max(0.0, self._next - self._monotonic())
