"""What several of these tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process_table import ProcessTable
from tests.unit.runner.asked import NOBODY, Ask, Asked


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Makes sources, and closes them."""
    made: list[Asked] = []

    def make(table: ProcessTable, url: str = NOBODY, *, metrics: bool = False) -> Asked:
        made.append(Asked(table, tmp_path, url, metrics=metrics))
        return made[-1]

    yield make
    for asked in made:
        asked.source.close()
