"""What several of these tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fake_ollama import FakeOllama
from tests.unit.process.watched import api


@pytest.fixture
def ollama() -> Iterator[FakeOllama]:
    """An Ollama with the models a and b."""
    with FakeOllama(api("a:latest", "b:latest")) as server:
        yield server
