"""What all tests share: the real programs, and where further recordings lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tools.binaries import Binaries, locate

ROOT = Path(__file__).parent.parent
RECORDINGS = os.environ.get("LLAMA_METRICS_RECORDINGS")

# How long an example takes says more about the machine than about the code.
settings.register_profile("llama-metrics", deadline=None)
settings.load_profile("llama-metrics")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` rewrites the golden pages instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; then read the diff")


def pytest_report_header() -> str:
    """One line that says whether the further recordings are read."""
    if RECORDINGS:
        return f"further recordings: {RECORDINGS}"
    return "further recordings: none (LLAMA_METRICS_RECORDINGS is not set); the fixtures in the tree are tested"


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """Prometheus, promtool, Alertmanager and amtool, from PATH or fetched once."""
    return locate()


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """True where golden files are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))
