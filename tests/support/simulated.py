"""A simulated Ollama in this process, on a free loopback port, whose scheduler does what a real one's does.

Nobody waits for it: its clock leaps over every wait, so that a thousand requests take seconds. `pass_time` lets models
expire. What takes real time is FakeOllama's business.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Self

import requests

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate.api import Answer, Request
from llama_metrics.simulate.clients import ROUTE
from llama_metrics.simulate.event import Event
from llama_metrics.simulate.generate import NEVER
from llama_metrics.simulate.live import Live
from llama_metrics.simulate.scenario import Model, Scenario
from llama_metrics.simulate.server import Server
from llama_metrics.simulate.state import Loaded

_FAMILY, _TRAINED_FOR = "llama", 131072


class LeapingClock:
    """Runs on its own, and leaps to each moment that somebody waits for."""

    def __init__(self) -> None:
        self._start, self._lock = time.monotonic(), threading.Lock()

    def now(self) -> float:
        """Seconds since it began, those leaped over included."""
        return time.monotonic() - self._start

    def wait(self, moment: float) -> None:
        """It is then."""
        with self._lock:
            self._start -= max(0.0, moment - self.now())


class SimulatedOllama:
    """An Ollama 0.33 with these models installed, none in memory, while it is entered.

    Attributes:
        url: its address.
        asked: the requests to generate, in the order of their arrival.
        events: what its log would hold, piece by piece.

    """

    def __init__(
        self, *models: str, embedding: tuple[str, ...] = (), fit: int | None = None, version: str = "0.33.0-rc2"
    ) -> None:
        """`fit` is how many models fit in memory; None for all of them. Those for `embedding` generate nothing."""
        self.asked: list[Request] = []
        self.events: list[Event] = []
        self._hangs = False
        self._clock = LeapingClock()
        installed = [
            *(_model(name, "completion") for name in models),
            *(_model(name, "embedding") for name in embedding),
        ]
        scenario = Scenario(version, tuple(installed), max_loaded_models=fit)
        self._live = Live(scenario, datetime.now(UTC), self._clock, self.events.append)
        self._server = Server("127.0.0.1", 0, self._respond)

    def __enter__(self) -> Self:
        self._server.up()
        self.url = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        self._server.down()

    @property
    def reloads(self) -> int:
        """How often a request had a model loaded anew, because its options were others."""
        return self._live.traffic.residents.reloads

    @property
    def evictions(self) -> int:
        """How often a model had to go for another one."""
        return self._live.traffic.residents.evictions

    @property
    def loaded(self) -> dict[str, Loaded]:
        """What is in memory, by name."""
        return {one.model.name: one for one in self._live.state().loaded}

    def load(self, name: str, context_length: int | None = None, keep_alive: float | str | None = None) -> None:
        """What a client does to have a model in memory."""
        options = {} if context_length is None else {"num_ctx": context_length}
        asked = {"model": name, "options": options, "keep_alive": keep_alive}
        answer = requests.post(self.url + ROUTE, json=asked, timeout=10)
        assert answer.status_code == 200, answer.text

    def hang(self) -> None:
        """From now on no request to generate is answered; everything else is, as in Ollama's issue 17408."""
        self._hangs = True

    def pass_time(self, seconds: float) -> None:
        """So much later."""
        self._clock.wait(self._clock.now() + seconds)

    def expires_in(self, name: str) -> float:
        """Seconds until the model goes, as /api/ps has it."""
        return self.loaded[name].expires_at - self._clock.now()

    def _respond(self, request: Request) -> Answer:
        if request.target == ROUTE:
            self.asked.append(request)
            if self._hangs:
                return NEVER
        return self._live.respond(request)


def _model(name: str, capability: str) -> Model:
    return Model(
        name=ModelName.parse(name),
        size=2_000_000_000,
        modified_at=datetime(2026, 10, 1, tzinfo=UTC),
        family=_FAMILY,
        format="gguf",
        parameter_size="3.2B",
        quantization="Q4_K_M",
        context_length=_TRAINED_FOR,
        embedding_length=3072,
        capabilities=(capability,),
    )
