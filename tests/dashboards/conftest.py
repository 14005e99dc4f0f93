"""The stack that every test of a query asks, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dashboards.live import Live, watched
from tools.binaries import Binaries


@pytest.fixture(scope="package")
def live(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Two sites with a busy host of one name, an idle host, and three machines; nothing of it changes."""
    with watched(binaries, tmp_path_factory.mktemp("live")) as running:
        # Means and shares are those of a scenario only over some time.
        running.prometheus.wait_for("count(ollama_up offset 20s) == 4")
        yield running
