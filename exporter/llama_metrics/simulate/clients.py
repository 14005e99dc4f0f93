"""What clients ask of the models in memory, beside the scenario's own traffic."""

from __future__ import annotations

from dataclasses import dataclass

from llama_metrics.simulate.event import answered
from llama_metrics.simulate.loads import Loaded, load
from llama_metrics.simulate.scenario import Requests, Route
from llama_metrics.simulate.tasks import Task
from llama_metrics.simulate.traffic import Traffic

ROUTE: Route = "/api/generate"
# What a request costs that has nothing done.
_LOADING, _UNLOADING = 0.006, 0.0007


@dataclass(frozen=True, slots=True)
class Asked:
    """A client's request to generate: of which model with which context, how much, and for how long it is to stay.

    Without a prompt it only loads; `keep_alive` is None where it does not say.
    """

    loaded: Loaded
    prompt: int
    generated: int
    keep_alive: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a client's request goes: when its runner is ready, from when it has the slot, and when it ends."""

    asked_at: float
    ready: float
    begin: float
    end: float
    task: Task | None = None


def ask(traffic: Traffic, now: float, asked: Asked) -> Plan | None:
    """A client asks, at a moment up to which the traffic was read. None where it never has its turn.

    It is served to its end, also if it leaves before.
    """
    residents, name = traffic.residents, asked.loaded.model.name
    before = residents.find(name, now)
    resident = residents.bring(now, asked.loaded)
    if resident is None:
        return None
    if resident is not before:
        traffic.write(load(resident.since, resident.loaded, residents.count(resident.since)))
    ready = max(now, resident.started)
    if not asked.prompt:
        traffic.write(answered(ready, ROUTE, 200, ready - now + _LOADING))
        residents.hold(resident, now, ready, asked.keep_alive)
        return Plan(now, ready, ready, ready)
    # All prompts begin with the same token.
    cached = min(1, resident.next_task, asked.prompt - 1)
    kind = Requests(name, rate=1, route=ROUTE)
    task = Task(kind, resident.loaded, resident.next_task, asked.prompt, cached, asked.generated)
    begin = max(ready, resident.free_at)
    end = begin + task.seconds
    residents.hold(traffic.serve(now, begin, resident, task), now, end, asked.keep_alive)
    return Plan(now, ready, begin, end, task)


def unload(traffic: Traffic, now: float, name: str) -> Plan:
    """A client wants the model gone, which ends before what it is at."""
    resident = traffic.residents.find(name, now)
    traffic.write(answered(now, ROUTE, 200, _UNLOADING))
    if resident:
        traffic.residents.unload(resident, max(now, resident.free_at))
    return Plan(now, now, now, now)
