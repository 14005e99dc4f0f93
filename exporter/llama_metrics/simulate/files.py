"""Scenario files: find one, decode it strictly, and refuse one whose steps cannot happen.

The shipped ones lie in scenarios/. A file of one's own works too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from llama_metrics.schema import Problem, Problems, decode, read_yaml
from llama_metrics.simulate.scenario import DEEDS, EMBEDDING_ROUTES, Scenario, Step
from llama_metrics.simulate.state import impossible, state_at

SHIPPED = Path(__file__).parent / "scenarios"
_ENDINGS_OF_EMBEDDINGS = ("done", "rejected", "failed")


def shipped() -> list[str]:
    """The names of the scenarios in the package."""
    return sorted(file.stem for file in SHIPPED.glob("*.yml"))


def find(scenario: str) -> Path:
    """The file of a shipped scenario, or the one named, which ends in .yml. Raises Problems for neither."""
    if scenario.endswith(".yml"):
        return Path(scenario)
    if scenario in shipped():
        return SHIPPED / f"{scenario}.yml"
    raise Problems([Problem(scenario, f"is no scenario; name {' or '.join(shipped())}, or a .yml file of your own")])


def load(file: Path) -> Scenario:
    """The scenario in a file. Raises Problems with all that is wrong, each with its path."""
    problems: list[Problem] = []
    scenario = decode(Scenario, read_yaml(file), problems)
    if scenario:
        problems.extend(_contradictions(scenario))
    if problems or scenario is None:
        raise Problems(problems)
    return scenario


def _contradictions(scenario: Scenario) -> Iterator[Problem]:
    """What each key says rightly, but not beside the others."""
    names = [model.name for model in scenario.models]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(f"models[{index}].name", f"{name} is there twice")
    latest = 0.0
    for index, step in enumerate(scenario.steps):
        deeds = step.deeds
        if len(deeds) != 1:
            yield Problem(f"steps[{index}]", f"must hold one of {', '.join(DEEDS)}; it holds {len(deeds)}")
        elif reason := impossible(step, state_at(_up_to(scenario, index), step.at)):
            yield Problem(f"steps[{index}].{deeds[0]}", f"cannot happen at {step.at:g}: {reason}")
        yield from _misdirected(scenario, step, index)
        if step.at < latest:
            yield Problem(f"steps[{index}].at", f"{step.at:g} is earlier than the step before it, at {latest:g}")
        latest = step.at
    if scenario.repeat_every is not None and scenario.repeat_every <= latest:
        yield Problem("repeat_every", f"{scenario.repeat_every:g} is not after the last step, at {latest:g}")


def _misdirected(scenario: Scenario, step: Step, index: int) -> Iterator[Problem]:
    """Requests that a real Ollama would refuse, or that would not end so."""
    embeds = {model.name: model.embeds for model in scenario.models}
    for number, asked in enumerate(step.requests or ()):
        path = f"steps[{index}].requests[{number}]"
        is_embedding = asked.route in EMBEDDING_ROUTES
        if embeds.get(asked.model, is_embedding) != is_embedding:
            can = "embeddings only" if embeds[asked.model] else "no embeddings"
            yield Problem(f"{path}.route", f"{asked.model} makes {can}, as its capabilities say")
        elif is_embedding and asked.ending not in _ENDINGS_OF_EMBEDDINGS:
            yield Problem(f"{path}.ending", f"embeddings end as {', '.join(_ENDINGS_OF_EMBEDDINGS)}")


def _up_to(scenario: Scenario, index: int) -> Scenario:
    steps: tuple[Step, ...] = scenario.steps[:index]
    return msgspec.structs.replace(scenario, steps=steps, repeat_every=None)
