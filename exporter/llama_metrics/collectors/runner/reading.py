"""What there is to know of runners."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slots:
    """How many are busy and idle, and the tokens in the contexts of the busy ones; None where it does not tell."""

    busy: int
    idle: int
    context_used: int | None


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the runner's start: tokens, and seconds. None where it does not tell.

    `prompt` is without the `cached` tokens.
    """

    prompt: float | None
    cached: float | None
    generated: float | None
    prompt_seconds: float | None
    generating_seconds: float | None


@dataclass(frozen=True, slots=True)
class Runner:
    """One runner: `model` as its label, `state` one of metrics.STATES; slots and counters where it tells them."""

    model: str
    state: str
    slots: Slots | None = None
    counters: Counters | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All that were alive before and after they were asked; `elsewhere` counts those of another container's network."""

    runners: tuple[Runner, ...]
    elsewhere: int = 0
