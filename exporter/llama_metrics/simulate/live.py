"""A scenario that clients take part in: it answers their requests, on a clock, and says what the log says of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from llama_metrics.simulate import api, clients, generate
from llama_metrics.simulate.event import Event
from llama_metrics.simulate.residents import Resident
from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.state import State
from llama_metrics.simulate.traffic import Traffic


class Clock(Protocol):
    """Tells and waits for moments, in seconds from the start of the scenario."""

    def now(self) -> float:
        """The present one."""

    def wait(self, moment: float) -> None:
        """Until then."""


class WallClock:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def now(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._start

    def wait(self, moment: float) -> None:
        """Sleeps until then."""
        time.sleep(max(0.0, moment - self.now()))  # what is simulated takes its time


class Live:
    """One run of a scenario; from any thread. `began` is the moment from which its seconds count.

    `tell` hears of each event, in their order, when there is somebody who asks for the present.
    """

    def __init__(
        self, scenario: Scenario, began: datetime, clock: Clock, tell: Callable[[Event], None] = lambda _: None
    ) -> None:
        self._scenario, self._began, self._clock, self._tell = scenario, began, clock, tell
        self._lock = threading.RLock()
        self.traffic = Traffic(scenario)

    @property
    def coming(self) -> float | None:
        """When there is perhaps something to tell."""
        with self._lock:
            return self.traffic.coming

    def follow(self) -> float:
        """Tells what has happened; gives the present moment."""
        with self._lock:
            # Inside, or a moment that was earlier outside might come later here.
            now = self._clock.now()
            for event in self.traffic.until(now):
                self._tell(event)
            return now

    def state(self) -> State:
        """What is true now."""
        with self._lock:
            return self._state(self.follow())

    def runners(self) -> tuple[Resident, ...]:
        """Those whose runners are alive now."""
        with self._lock:
            return self.traffic.residents.at(self.follow())

    def say(self, sections: tuple[str, ...], values: Mapping[str, object]) -> None:
        """Has the log say something that is not the scenario's, behind all before it."""
        with self._lock:
            self._tell(Event(self.follow(), sections, values))

    def respond(self, request: api.Request) -> api.Answer:
        """What Ollama answers now; it takes the time that it would take there."""
        if request.target.partition("?")[0] != clients.ROUTE:
            return api.answer(request, self.state(), self._began)
        if request.method != "POST":
            return api.not_allowed("POST")
        with self._lock:
            now = self.follow()
            state = self._state(now)
            wanted = generate.parse(request.body, state, self._scenario)
            if isinstance(wanted, api.Answer):
                return wanted
            plan = self._plan(wanted, state, now)
        if plan is None:
            return generate.NEVER
        if wanted.streams:
            return generate.streamed(self._pieces(wanted, plan))
        self._wait(plan.end)
        return generate.at_once(wanted, plan, self._began)

    def _state(self, now: float) -> State:
        return self.traffic.residents.state(self.traffic.state, now)

    def _plan(self, wanted: generate.Wanted, state: State, now: float) -> clients.Plan | None:
        if not state.up:
            return None
        if wanted.unloads:
            return clients.unload(self.traffic, now, wanted.asked.loaded.model.name)
        return clients.ask(self.traffic, now, wanted.asked)

    def _pieces(self, wanted: generate.Wanted, plan: clients.Plan) -> Iterator[bytes]:
        for moment, piece in generate.words(wanted, plan, self._began):
            self._clock.wait(moment)
            yield piece
        self._wait(plan.end)
        yield generate.final(wanted, plan, self._began)

    def _wait(self, moment: float) -> None:
        """Until then; what is told of it is told before the client has its answer."""
        self._clock.wait(moment)
        self.follow()
