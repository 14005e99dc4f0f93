"""Waiting before the next try."""

from __future__ import annotations

from llama_metrics.system.backoff import Backoff


def test_each_failure_doubles_the_wait_up_to_half_a_minute() -> None:
    """Counted from the failure; the first try is due at once."""
    now = [100.0]
    backoff = Backoff(0.5, lambda: now[0])
    waits = [backoff.left()]
    for _ in range(8):
        backoff.failed()
        waits.append(backoff.left())
        now[0] += waits[-1]

    assert waits == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.left() == 0


def test_a_success_makes_the_wait_short_again() -> None:
    """What worked for a while is tried again soon."""
    backoff = Backoff(0.5, lambda: 100.0)
    for _ in range(3):
        backoff.failed()
    backoff.succeeded()
    backoff.failed()

    assert backoff.left() == 0.5
