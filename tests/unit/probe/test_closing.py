"""Whatever the probe is doing, it is gone within about a second, and so are its connections."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from llama_metrics.collectors.probe.source import ProbeSource
from tests.support import collectors
from tests.support.fake_ollama import FakeOllama, http
from tests.support.waiting import until
from tests.unit.probe.probing import (
    FIRST,
    GENERATE,
    HEAD,
    PS,
    SOON,
    Waiting,
    chunked,
    in_memory,
    named,
    opened,
    ps,
)

PHASES = {
    "no answer": lambda: Waiting(b""),
    "a chunk": lambda: Waiting(HEAD + chunked(FIRST)),
    "a drip": lambda: Waiting(HEAD, chunked(b" ")),
}


def is_over() -> bool:
    """Whether no thread of a probe is left."""
    return "background-probe" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("phase", PHASES)
def test_closing_ends_a_request_that_would_wait_for_a_minute(phase: str) -> None:
    """Within about a second, with its connection and its thread."""
    waiting = PHASES[phase]()
    with FakeOllama({PS: ps(in_memory("a:1")), GENERATE: waiting}) as ollama:
        source = ProbeSource(named("a:1", timeout=60), collectors.context(ollama.url))
        assert waiting.begun.wait(SOON)
        began = time.monotonic()
        source.close()
        took = time.monotonic() - began

        assert waiting.left.wait(SOON)
        until(is_over)
    assert took < 2


def test_closing_ends_a_pause() -> None:
    """In the middle of a minute in which nothing is due; nothing is asked afterwards."""
    with FakeOllama({PS: ps()}) as ollama:
        source = ProbeSource(named("a:1"), collectors.context(ollama.url))
        until(lambda: source.last_success)
        began = time.monotonic()
        source.close()
        took = time.monotonic() - began

        until(is_over)
        assert ollama.asked == {PS: 1}
    assert took < 2


def test_closing_ends_a_connection_that_is_not_made_yet() -> None:
    """Its other end takes none: the thread is left behind, and asks nothing any more."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        # On Linux a backlog of 0 holds one connection, and the next one's first packet is left unanswered.
        with socket.create_connection(address):
            url = f"http://127.0.0.1:{address[1]}"
            source = ProbeSource(named("a:1", timeout=60), collectors.context(url))
            began = time.monotonic()
            source.close()
            took = time.monotonic() - began

    assert took < 3


def test_no_connection_is_kept_until_the_next_round() -> None:
    """A proxy between would close it at about that time, perhaps just when it is used again."""
    open_ = Waiting(b"")

    def kept(connection: socket.socket) -> None:
        http('{"models":[]}')(connection)
        open_(connection)

    with FakeOllama({PS: kept}) as ollama, opened(ollama, named("a:1")) as source:
        until(lambda: source.last_success)

        assert open_.left.wait(SOON)
