"""What was measured beside its budget, as a table and as an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One budget: the most that `measured` may be, in `unit`; `detail` says what the number is made of."""

    what: str
    measured: float
    budget: float
    unit: str
    detail: str

    @property
    def kept(self) -> bool:
        """Whether the budget holds; a number that is none (NaN) keeps no budget."""
        return self.measured <= self.budget


def render(rows: Sequence[Row]) -> str:
    """The table as aligned text, a line a row."""
    cells = [("what", "measured", "budget", "verdict", "made of")]
    for row in rows:
        measured, budget = (f"{number:.4g} {row.unit}" for number in (row.measured, row.budget))
        cells.append((row.what, measured, f"<= {budget}", "kept" if row.kept else "MISSED", row.detail))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join(_line(line, widths) for line in cells)


def status(rows: Sequence[Row]) -> int:
    """0 where every budget holds, 1 where one is missed or nothing was measured."""
    return 0 if rows and all(row.kept for row in rows) else 1


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n"
