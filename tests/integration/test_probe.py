"""A thousand probes of an Ollama that does with models what a real one does: everything stays as it was."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest
import requests

from llama_metrics.collectors.probe.options import ProbeOptions
from llama_metrics.collectors.probe.reading import Probed
from llama_metrics.collectors.probe.source import ProbeSource
from tests.support import collectors
from tests.support.simulated import SimulatedOllama
from tests.unit.probe.probing import GENERATE, PS, named

ROUNDS = 1000
MONTH = "720h"
NAMED, PINNED, OTHER, ABSENT = "llama3.2:latest", "qwen3.5:35b", "gemma4:31b", "absent:1"


class Hours:
    """A clock of the probe's and of Ollama's, which a pause moves on; after so many rounds it stands still."""

    def __init__(self, ollama: SimulatedOllama, rounds: int) -> None:
        self._ollama, self._left = ollama, rounds
        self.seconds = 0.0
        self.over = threading.Event()

    def pause(self, closing: threading.Event, seconds: float) -> bool:
        """As threading.Event.wait, without waiting."""
        if not self._left:
            self.over.set()
            return closing.wait()
        self._left -= 1
        self.seconds += seconds
        self._ollama.pass_time(seconds)
        return closing.is_set()


def probe(ollama: SimulatedOllama, options: ProbeOptions, rounds: int) -> dict[str, Probed]:
    """What is known after so many rounds, a minute apart as far as anybody can tell."""
    hours = Hours(ollama, rounds)
    context = replace(collectors.context(ollama.url), monotonic=lambda: hours.seconds)
    source = ProbeSource(options, context, pause=hours.pause)
    try:
        assert hours.over.wait(120)
        return {one.model: one for one in source.read(0)}
    finally:
        source.close()


def expiry(ollama: SimulatedOllama, name: str) -> datetime:
    """When a model goes, as /api/ps says it."""
    (told,) = [one for one in requests.get(ollama.url + PS, timeout=5).json()["models"] if one["name"] == name]
    return datetime.fromisoformat(told["expires_at"])


def loaded() -> SimulatedOllama:
    """An Ollama with room for three models, which clients have loaded each with a context of its own choice."""
    return SimulatedOllama(NAMED, PINNED, OTHER, ABSENT, fit=3)


def fill(ollama: SimulatedOllama) -> None:
    """What those clients do."""
    ollama.load(NAMED, context_length=8192, keep_alive="5m")
    ollama.load(PINNED, context_length=16384, keep_alive=-1)
    ollama.load(OTHER, context_length=2048, keep_alive=MONTH)


def test_a_thousand_probes_load_nothing_and_move_no_end_that_nobody_named() -> None:
    """No reload and no eviction; what is neither named nor pinned is never asked, what is not there never loaded."""
    with loaded() as ollama:
        fill(ollama)
        contexts = {name: one.context_length for name, one in ollama.loaded.items()}
        before, clients = expiry(ollama, OTHER), len(ollama.asked)
        found = probe(ollama, named(NAMED, ABSENT), ROUNDS)
        asked = [json.loads(request.body) for request in ollama.asked[clients:]]

        assert (ollama.reloads, ollama.evictions) == (0, 0)
        assert Counter(body["model"] for body in asked) == {NAMED: ROUNDS, PINNED: ROUNDS}
        assert {name: one.context_length for name, one in ollama.loaded.items()} == contexts
        assert expiry(ollama, OTHER) == before
        assert expiry(ollama, PINNED).year > 2300
        # Its own keep_alive, counted from the last probe.
        assert 0 < ollama.expires_in(NAMED) <= 300
        assert not any("keep_alive" in body for body in asked)
    for name in (NAMED, PINNED):
        assert (found[name].attempts, dict(found[name].failures), found[name].last is not None) == (
            ROUNDS,
            dict.fromkeys(dict(found[name].failures), 0),
            True,
        )
    assert (found[ABSENT].attempts, dict(found[ABSENT].skips)["not_loaded"]) == (0, ROUNDS)
    assert OTHER not in found


@pytest.mark.parametrize(("model", "changed"), [(NAMED, (1, 0)), (ABSENT, (0, 1))])
def test_the_same_ollama_does_reload_for_a_bare_request(model: str, changed: tuple[int, int]) -> None:
    """One without the running context, or for a model that is not in memory: that the thousand did not is no luck."""
    with loaded() as ollama:
        fill(ollama)
        bare = {"model": model, "prompt": "1", "raw": True, "stream": True, "options": {"num_predict": 1}}
        requests.post(ollama.url + GENERATE, json=bare, timeout=5).raise_for_status()

        assert (ollama.reloads, ollama.evictions) == changed


def test_a_named_model_that_nobody_uses_is_kept_only_by_probes_that_come_in_time() -> None:
    """A probe every ten minutes does not keep what goes after five; and does not bring it back."""
    with loaded() as ollama:
        fill(ollama)
        found = probe(ollama, named(NAMED, interval=600), 10)

        assert (set(ollama.loaded), ollama.reloads, ollama.evictions) == ({PINNED, OTHER}, 0, 0)
    assert (found[NAMED].attempts, dict(found[NAMED].skips)["not_loaded"]) == (1, 9)


def test_a_model_that_may_be_loaded_is_loaded_once() -> None:
    """With its own default, and asked as it runs from then on."""
    with SimulatedOllama(NAMED, fit=1) as ollama:
        found = probe(ollama, named(NAMED, load=True), 50)

        assert (set(ollama.loaded), ollama.reloads, ollama.evictions) == ({NAMED}, 0, 0)
    assert (found[NAMED].attempts, sum(count for _, count in found[NAMED].skips)) == (50, 0)


def test_an_embedding_model_is_asked_ever_more_rarely() -> None:
    """Ollama says that it does not generate, and that is no failure: asked at once, after 10, 30 and 70 minutes."""
    with SimulatedOllama(embedding=("all-minilm",)) as ollama:
        found = probe(ollama, named("all-minilm", load=True), 100)
        asked = len(ollama.asked)

    one = found["all-minilm:latest"]
    assert (one.attempts, sum(count for _, count in one.failures), dict(one.skips)["no_generation"]) == (0, 0, 100)
    assert asked == 4
