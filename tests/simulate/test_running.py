"""Which runners are started when, and what they are told, by the moments of the models in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest
import requests

from llama_metrics.ollama.names import ModelName
from llama_metrics.ollama.processes import role_of
from llama_metrics.simulate.event import Event, Work
from llama_metrics.simulate.loads import Loaded
from llama_metrics.simulate.residents import Resident
from llama_metrics.simulate.runners import Runners
from llama_metrics.simulate.scenario import Model
from tests.support.waiting import until

A = ModelName("a:1")
MODEL = Model(name=A, size=10**9, modified_at=datetime(2026, 10, 1, tzinfo=UTC), format="gguf")
# A second to load.
LOADED = Loaded(MODEL, 3 * 10**9, 0, 4096)
RESIDENT = Resident(LOADED, 4096, since=0, started=0, free_at=0, keep_alive=300, expires_at=300)


@pytest.fixture
def runners(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runners]:
    """The runners of a scenario that began ten seconds ago."""
    monkeypatch.setenv("LLAMA_ARG_ENDPOINT_METRICS", "1")
    runners = Runners("0.33.0", time.monotonic() - 10)
    yield runners
    runners.end()


def ports() -> set[int]:
    """Where this test's runners listen."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            role = role_of(child.cmdline())
        except psutil.Error:
            continue  # it has just ended
        if role and role.port:
            found.add(role.port)
    return found


def generated(port: int) -> int:
    """The tokens that a runner says it has generated."""
    page = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    return int(page.partition("\nllamacpp:tokens_predicted_total ")[2].split()[0])


def test_a_runner_hears_of_what_it_did_before_it_was_there(runners: Runners) -> None:
    """A request may be told before the process is started; it is not lost. What is told then is neither."""
    work = Work(0.1, 0, A, 0, task=0, prompt=2, cached=0, generated=7, prompt_seconds=0.05)
    runners.tell(Event(1, (), work=work))
    runners.tell(Event(2, (), work=replace(work, model="other:1")))
    runners.follow([RESIDENT], 10, up=True)
    (port,) = until(ports)

    until(lambda: generated(port) == 7)
    runners.tell(Event(3, (), work=replace(work, task=9, generated=5)))
    until(lambda: generated(port) == 12)


def test_a_runner_stays_until_the_one_that_takes_its_place_begins_to_load(runners: Runners) -> None:
    """A reload that waits for a request leaves it alone."""
    runners.follow([RESIDENT], 10, up=True)
    old = until(ports)
    new = replace(RESIDENT, started=14.0)
    runners.follow([new], 12.9, up=True)
    # Sent behind whatever follow() sent: when it is done, so is that.
    runners.tell(Event(9, (), work=Work(0, 0, A, 0, 0, 1, 0, 1, 0)))
    until(lambda: generated(next(iter(old))) == 1)
    assert ports() == old
    runners.follow([new], 13, up=True)

    until(lambda: ports() and not ports() & old)
