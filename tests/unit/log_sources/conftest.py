"""What several tests of sources need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.log_sources.following import Clock, append, line


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Time, at its beginning. The sources that were given it are closed in the end."""
    clock = Clock()
    yield clock
    for followed in clock.sources:
        followed.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of twenty lines, up to number 9."""
    path = tmp_path / "server.log"
    append(path, b"".join(map(line, range(-10, 10))))
    return path
