"""Waits for what gives no sign of its own when it has come: a file that grows, another process, a thread let go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def until(condition: Callable[[], Answer | None], seconds: float = 10.0, pause: float = 0.01) -> Answer:
    """The first true answer of the condition; fails with its last one where none comes within `seconds`."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"did not come within {seconds} s; the last answer was {answer!r}"
        time.sleep(pause)  # asking again is the only way to know, and the other core is somebody else's
    return answer
