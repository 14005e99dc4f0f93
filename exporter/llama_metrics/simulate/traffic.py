"""What a scenario's log holds: everything that is written, in order, worked out without a clock.

Two runs of a scenario write the same. Whoever asks for more reads on; nothing is kept but what is under way.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from llama_metrics.simulate.event import Counts, Event, Work, answered
from llama_metrics.simulate.loads import CONTEXT, Loaded, failed_load, load, server_start
from llama_metrics.simulate.residents import Resident, Residents
from llama_metrics.simulate.scenario import Load, Model, Requests, Scenario, Step
from llama_metrics.simulate.state import State, happenings
from llama_metrics.simulate.tasks import Task, draw, served

_LOAD_ENDINGS = ("cancelled_loading", "unreadable", "out_of_memory")
_PATIENCE = 1.0
# However patient: a scenario that asks for more than can be answered would queue without bounds.
_LONGEST_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class _Arrival:
    asked: Requests
    number: int
    seed: str
    since: float

    @property
    def at(self) -> float:
        """Evenly spaced, but no two kinds of request in step."""
        return self.since + (self.number + zlib.crc32(self.seed.encode()) / 2**32) / self.asked.rate


class Traffic:
    """The log of one run of a scenario and of what clients asked meanwhile, read on as far as it is asked for."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.state = State(scenario.version, up=False, known=scenario.models, installed=(), loaded=())
        self._happenings = happenings(scenario)
        self._happening = next(self._happenings, None)
        self.residents = Residents(scenario.max_loaded_models)
        # With a number that is never equal, or a heap would compare events of one moment.
        self._queue: list[tuple[float, int, Event | _Arrival]] = []
        self._queued = 0

    @property
    def coming(self) -> float | None:
        """When to read on: nothing is written before, and perhaps not even then. None where nothing more comes."""
        moments = [item[0] for item in (self._happening, *self._queue[:1]) if item]
        return min(moments, default=None)

    def until(self, seconds: float) -> Iterator[Event]:
        """What is written up to that moment and was not read before, in order of time."""
        while (now := self.coming) is not None and now <= seconds:
            if self._happening and self._happening[0] == now:
                self._happen(*self._happening)
                self._happening = next(self._happenings, None)
                continue
            at, _, item = heapq.heappop(self._queue)
            if isinstance(item, Event):
                yield item
                continue
            following = replace(item, number=item.number + 1)
            self._put(following.at, following)
            if self.state.up:
                self._arrive(at, item)

    def write(self, *written: Event) -> None:
        """Has the log hold these too, each when its moment comes."""
        for event in written:
            self._put(event.at, event)

    def serve(self, now: float, begin: float, resident: Resident, task: Task) -> Resident:
        """Has the slot taken by a request that came `now`, from `begin`."""
        loaded, end = task.loaded, begin + task.seconds
        on_gpu = loaded.vram / loaded.memory if loaded.memory else 0.0
        tokens = (task.prompt, task.cached, task.produced)
        work = Work(task.seconds, on_gpu, resident.name, resident.started, task.number, *tokens, task.prompt_seconds)
        self.write(Event(begin, (), work=work))
        if loaded.model.format == "safetensors":
            # Its runner logs no request.
            self.write(answered(end, task.asked.route, 200, end - now))
        else:
            self.write(*served(task, now, begin))
        return self.residents.take(resident, end, task.following)

    def _put(self, at: float, item: Event | _Arrival) -> None:
        self._queued += 1
        heapq.heappush(self._queue, (at, self._queued, item))

    def _keep(self, kind: type[Event | _Arrival]) -> None:
        """Of what is queued, this alone."""
        self._queue = [item for item in self._queue if isinstance(item[2], kind)]
        heapq.heapify(self._queue)

    def _happen(self, now: float, step: Step | None, state: State) -> None:
        was_up, self.state = self.state.up, state
        self.residents.happen(now, step, state)
        # A killed server says nothing more.
        if was_up and not state.up:
            self._keep(_Arrival)
        if state.up and not was_up:
            self.write(*server_start(now, self._scenario))
        if step is None or step.requests is not None:
            self._keep(Event)
        for index, asked in enumerate(step.requests or () if step else ()):
            first = _Arrival(asked, 0, f"{now} {index}", now)
            self._put(first.at, first)
        coming = step.load if step else ()
        for index, one in enumerate(coming):
            self._load(now, one, self.residents.count(now) - len(coming) + index + 1)

    def _load(self, now: float, one: Load, count: int) -> None:
        model = self._model(one.model)
        loaded = Loaded(model, one.memory, int(one.memory * one.gpu), one.context_length or CONTEXT)
        route = "/api/embed" if model.embeds else "/api/generate"
        self.write(load(now, loaded, count), answered(now, route, 200, loaded.seconds + 0.006))

    def _arrive(self, now: float, arrival: _Arrival) -> None:
        asked, resident = arrival.asked, self.residents.find(arrival.asked.model, now)
        if not self.state.has_installed(asked.model):
            self.write(answered(now, asked.route, 404, 0.00044))
        elif asked.ending == "rejected":
            self.write(answered(now, asked.route, 503, 0.00042, {("ollama_queue_rejections_total",): 1.0}))
        elif asked.ending == "failed":
            self.write(answered(now, asked.route, 500, 0.00061))
        elif asked.ending in _LOAD_ENDINGS and not resident:
            model = self._model(asked.model)
            self.write(*failed_load(now, asked.ending, Loaded(model, model.size, 0, CONTEXT), asked.route))
        elif asked.ending not in _LOAD_ENDINGS and resident:
            self._queue_up(now, arrival, resident)

    def _queue_up(self, now: float, arrival: _Arrival, resident: Resident) -> None:
        asked, loaded = arrival.asked, resident.loaded
        waits = resident.free_at - now
        if asked.ending == "cancelled_waiting" or waits > _LONGEST_PATIENCE:
            self.write(*_given_up(now, asked, _PATIENCE if waits < _PATIENCE else min(waits, _LONGEST_PATIENCE)))
            return
        begin = max(now, resident.free_at)
        if asked.ending in _RELOADING:
            begin += loaded.seconds
            resident = self.residents.restart(resident, begin)
            section, metric = _RELOADING[asked.ending]
            self.write(load(begin, loaded, self.residents.count(now), (section,), {(metric,): 1.0}))
        self.serve(now, begin, resident, draw(asked, loaded, resident.next_task, f"{arrival.seed} {arrival.number}"))

    def _model(self, name: str) -> Model:
        return next(model for model in self._scenario.models if model.name == name)


_RELOADING = {
    "crashed": ("dead", "ollama_runner_crashes_total"),
    "evicting": ("evicting", "ollama_model_evictions_total"),
}


def _given_up(now: float, asked: Requests, waited: float) -> list[Event]:
    cancelled: Counts = {("ollama_requests_cancelled_total", "500"): 1.0}
    left = now + waited
    return [Event(left, ("abort",)), answered(left, asked.route, 500, waited, cancelled)]
