"""The stack, started once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.compose import Failed, Stack, run


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Nothing here belongs to `make test`: it is collected only where the folder is named."""
    return None if any("e2e" in argument for argument in config.args) else True


@pytest.fixture(scope="session")
def docker() -> None:
    """An engine that answers; without one the tests of this folder fail and say so."""
    try:
        run("docker", "info")
    except (Failed, OSError) as error:
        pytest.fail(f"These tests need a Docker engine with Compose 2.24 or later, and none answers here: {error}")


@pytest.fixture(scope="session")
def stack(docker: None) -> Iterator[Stack]:  # noqa: ARG001
    """The shipped services with the simulated Ollama, all healthy."""
    with Stack() as running:
        yield running
