"""The bench fails where a budget is missed, and its table says which one."""

from __future__ import annotations

from math import nan

import pytest

from tests.bench.table import Row, render, status


def _row(what: str, measured: float, budget: float = 1.6) -> Row:
    return Row(what, measured, budget, "x", "2 ms / 1 ms")


@pytest.mark.parametrize(
    ("measured", "expected"),
    [(0.5, 0), (1.6, 0), (1.601, 1), (nan, 1)],
    ids=["below", "exactly the budget", "above", "not a number"],
)
def test_the_exit_status_tells_whether_every_budget_is_kept(measured: float, expected: int) -> None:
    """One row over its budget is enough; one that could not be measured too."""
    assert status([_row("first", 1.0), _row("second", measured), _row("third", 1.0)]) == expected


def test_no_rows_at_all_keep_no_budget() -> None:
    """A bench that measured nothing has not passed."""
    assert status([]) == 1


def test_the_table_names_the_missed_budget() -> None:
    """Each row says what, measured, budget and verdict."""
    _, kept, missed = render([_row("wall", 1.04321), _row("CPU", 1.73)]).splitlines()
    assert kept.split() == ["wall", "1.043", "x", "<=", "1.6", "x", "kept", "2", "ms", "/", "1", "ms"]
    assert missed.split() == ["CPU", "1.73", "x", "<=", "1.6", "x", "MISSED", "2", "ms", "/", "1", "ms"]
