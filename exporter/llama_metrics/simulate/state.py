"""What a scenario says is true at a moment: a pure function, without a clock and without a server."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from llama_metrics.simulate.scenario import Load, Model, Scenario, Step, Thermal


@dataclass(frozen=True, slots=True)
class Installed:
    """A model on disk; `pulled_at` in seconds from the start, where it was pulled since then."""

    model: Model
    pulled_at: float | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory; `expires_at` in seconds from the start. While busy it stays, even past that."""

    model: Model
    memory: int
    vram: int
    context_length: int
    expires_at: float
    busy: bool


@dataclass(frozen=True, slots=True)
class State:
    """All that is true at one moment.

    `known` are the models that can be pulled. `thermal` and `battery`, a share of its charge, are the Mac's below.
    """

    version: str
    up: bool
    known: tuple[Model, ...]
    installed: tuple[Installed, ...]
    loaded: tuple[Loaded, ...]
    thermal: Thermal = "nominal"
    battery: float | None = None

    def knows(self, name: str) -> bool:
        """Whether the scenario has such a model."""
        return any(model.name == name for model in self.known)

    def has_installed(self, name: str) -> bool:
        """Whether the model is on disk."""
        return any(one.model.name == name for one in self.installed)

    def has_loaded(self, name: str) -> bool:
        """Whether the model is in memory."""
        return any(one.model.name == name for one in self.loaded)

    def at(self, seconds: float) -> State:
        """The same at a later moment, if nothing has happened since: what has expired by then is gone."""
        return replace(self, loaded=tuple(one for one in self.loaded if one.busy or one.expires_at > seconds))


def state_at(scenario: Scenario, seconds: float) -> State:
    """The state so many seconds after the start. A step counts from its moment, an impossible one never."""
    happened = _one_round(scenario, _round_start(scenario, seconds))
    _, _, state = next(happened)
    for now, _, after in happened:
        if now > seconds:
            break
        state = after
    return state.at(seconds)


def happenings(scenario: Scenario) -> Iterator[tuple[float, Step | None, State]]:
    """All that happens, in order: when, the step, the state after it. A round begins with None for a step.

    Without an end where the scenario repeats.
    """
    start = 0.0
    while True:
        yield from _one_round(scenario, start)
        if not scenario.repeat_every:
            return
        start += scenario.repeat_every


def next_step(scenario: Scenario, seconds: float) -> float | None:
    """When the next step comes, in seconds from the start; None after the last one. Expiry is no step."""
    start = _round_start(scenario, seconds)
    coming = [start + step.at for step in scenario.steps if start + step.at > seconds]
    if coming:
        return coming[0]
    return start + scenario.repeat_every if scenario.repeat_every else None


def impossible(step: Step, state: State) -> str | None:
    """Why the step cannot happen in that state; None where it can."""
    if step.server:
        return f"the server is {step.server} already" if state.up == (step.server == "up") else None
    if step.requests is not None:
        strange = [asked.model for asked in step.requests if not state.knows(asked.model)]
        return f"{strange[0]} is not among the models" if strange else None
    if step.thermal or step.battery is not None:
        return None
    if not state.up:
        return "the server is down"
    coming = [one.model for one in step.load]
    for index, name in enumerate(coming or [step.unload or step.delete or step.pull or ""]):
        if not state.knows(name):
            return f"{name} is not among the models"
        if state.has_installed(name) == bool(step.pull):
            return f"{name} is {'installed already' if step.pull else 'not installed'}"
        if step.load and (state.has_loaded(name) or name in coming[:index]):
            return f"{name} is in memory already"
        if step.unload and not state.has_loaded(name):
            return f"{name} is not in memory"
    return None


def _round_start(scenario: Scenario, seconds: float) -> float:
    every = scenario.repeat_every
    return every * math.floor(seconds / every) if every else 0.0


def _one_round(scenario: Scenario, start: float) -> Iterator[tuple[float, Step | None, State]]:
    installed = tuple(Installed(model) for model in scenario.models)
    state = State(scenario.version, up=True, known=scenario.models, installed=installed, loaded=())
    yield start, None, state
    for step in scenario.steps:
        now = start + step.at
        state = state.at(now)
        if not impossible(step, state):
            state = _after(step, state, now)
            yield now, step, state


def _after(step: Step, state: State, now: float) -> State:
    if step.requests is not None:
        return state
    if step.thermal:
        return replace(state, thermal=step.thermal)
    if step.battery is not None:
        return replace(state, battery=step.battery)
    if step.server:
        return replace(state, up=step.server == "up", loaded=())
    if step.pull:
        pulled = Installed(_model(state, step.pull), pulled_at=now)
        return replace(state, installed=(*state.installed, pulled))
    if step.load:
        return replace(state, loaded=(*state.loaded, *(_loaded(one, state, now) for one in step.load)))
    gone = step.unload or step.delete
    left = replace(state, loaded=tuple(one for one in state.loaded if one.model.name != gone))
    if step.delete:
        return replace(left, installed=tuple(one for one in state.installed if one.model.name != gone))
    return left


def _loaded(load: Load, state: State, now: float) -> Loaded:
    return Loaded(
        model=_model(state, load.model),
        memory=load.memory,
        vram=int(load.memory * load.gpu),
        context_length=load.context_length,
        expires_at=now + load.keep_alive,
        busy=load.busy,
    )


def _model(state: State, name: str) -> Model:
    return next(model for model in state.known if model.name == name)
