"""What a runner and the access log say of one request, from its slot to its end."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from llama_metrics.simulate.event import Counts, Event, answered
from llama_metrics.simulate.loads import Loaded
from llama_metrics.simulate.scenario import Requests

_BATCH = 512
_KEPT = 5
# How often a long generation says how far it is.
_PROGRESS_SECONDS = 3.0
# What a request costs beside the model: reading it, its tokens, writing the answer.
AROUND = 0.0028


@dataclass(frozen=True, slots=True)
class Task:
    """One request in its runner's slot.

    Attributes:
        asked: the kind of request.
        loaded: the model that answers.
        number: the runner's own for the task; 0 is its first, and has no cache to start from.
        prompt, cached, generated: tokens.

    """

    asked: Requests
    loaded: Loaded
    number: int
    prompt: int
    cached: int
    generated: int

    @property
    def evaluated(self) -> int:
        """The prompt's tokens that are not from the cache."""
        return self.prompt - self.cached

    @property
    def prompt_seconds(self) -> float:
        """How long the prompt takes, to the 0.01 ms that the log has."""
        return round(self.evaluated * self.asked.seconds_per_prompt_token, 5)

    @property
    def eval_seconds(self) -> float:
        """How long the generation takes: the first token is the prompt's."""
        return round((self.generated - 1) * self.asked.seconds_per_token, 5)

    @property
    def seconds(self) -> float:
        """How long it holds the slot. A client that leaves does so half way."""
        if self.loaded.model.embeds:
            return self.prompt_seconds
        return self.prompt_seconds + self.eval_seconds * (0.5 if self.asked.ending == "cancelled" else 1)

    @property
    def produced(self) -> int:
        """Tokens that it generates until its end."""
        if self.loaded.model.embeds:
            return 0
        return self.generated // 2 if self.asked.ending == "cancelled" else self.generated

    @property
    def following(self) -> int:
        """The number of the runner's next task: it counts its batches too."""
        return self.number + self.generated + 1 + self.evaluated // _BATCH


def draw(asked: Requests, loaded: Loaded, number: int, seed: str) -> Task:
    """The task of one request: tokens around the means, always the same ones for a seed."""
    prompt = min(_around(asked.prompt_tokens, f"{seed} prompt"), max(1, loaded.context - 2))
    if asked.ending == "truncated":
        prompt = _KEPT + (loaded.context - _KEPT + 1) // 2
    elif asked.ending == "shifted":
        prompt = loaded.context - 1
    generated = _around(asked.generated_tokens, f"{seed} generated")
    if asked.ending != "shifted":
        generated = max(1, min(generated, loaded.context - prompt - 1))
    cached = min(int(prompt * asked.cached), prompt - 1) if number else 0
    return Task(asked, loaded, number, prompt, cached, 1 if loaded.model.embeds else generated)


def served(task: Task, arrival: float, begin: float) -> list[Event]:
    """A request that has the slot from `begin`, and what it waited before is in the time of its answer."""
    end = begin + task.seconds
    took = end - arrival + AROUND
    name, route = task.loaded.model.name, task.asked.route
    values: dict[str, object] = {"task": task.number, "context": task.loaded.context, "prompt": task.prompt}
    if task.loaded.model.embeds:
        counts: Counts = {("ollama_prompt_tokens_total", name): float(task.prompt)}
        return [
            Event(begin, ("launch_embedding",), values),
            Event(end, ("release_embedding",), values, counts),
            answered(end, route, 200, took),
        ]
    events = [*_cut(task, values, arrival), *_launched(task, values, begin)]
    if task.asked.ending == "cancelled":
        values |= {"kept": task.prompt + task.produced, "truncated": 0}
        return [*events, answered(end, route, 200, took), Event(end, ("cancel", "release"), values)]
    timing = Event(end, ("timing", "release"), {**values, **_timing(task)}, _tokens(task))
    return [*events, timing, answered(end, route, 200, took)]


def _cut(task: Task, values: dict[str, object], arrival: float) -> list[Event]:
    if task.asked.ending != "truncated":
        return []
    cut = {**values, "asked": 7 * task.prompt}
    return [Event(arrival, ("truncating",), cut, {("ollama_prompt_truncations_total",): 1.0})]


def _launched(task: Task, values: dict[str, object], begin: float) -> list[Event]:
    """The lines before the first token, batch by batch, and those of a generation that goes on for long."""
    batches = range(task.cached + _BATCH, task.prompt, _BATCH)
    tokens_at = begin + task.prompt_seconds
    events = [Event(begin, ("launch",), {**values, "cached": task.cached})]
    events += [Event(begin, ("batch",), {**values, "cached": cached}) for cached in batches]
    events.append(Event(tokens_at, ("sampler",), values))
    if task.asked.ending == "shifted":
        left = task.loaded.context - 1 - _KEPT
        shift = {**values, "left": left, "discard": left // 2}
        events.append(Event(tokens_at, ("shift",), shift, {("ollama_context_shifts_total",): 1.0}))
    rate = 1 / task.asked.seconds_per_token if task.asked.seconds_per_token else 0.0
    for number in range(1, int((task.seconds - task.prompt_seconds) / _PROGRESS_SECONDS) + 1):
        since = number * _PROGRESS_SECONDS
        progress = {**values, "n_gen": int(since * rate), "rate": rate}
        events.append(Event(tokens_at + since, ("progress",), progress))
    return events


def _timing(task: Task) -> dict[str, object]:
    between = task.generated - 1
    is_shifted = task.asked.ending == "shifted"
    dropped = (task.loaded.context - 1 - _KEPT) // 2 if is_shifted else 0
    return {
        "prompt_ms": task.prompt_seconds * 1000,
        "evaluated": task.evaluated,
        "prompt_each": task.prompt_seconds * 1000 / task.evaluated,
        "prompt_rate": _divided(task.evaluated, task.prompt_seconds),
        "eval_ms": task.eval_seconds * 1000,
        "generated": task.generated,
        "eval_each": _divided(task.eval_seconds * 1000, between),
        "eval_rate": _divided(between, task.eval_seconds),
        "total_ms": (task.prompt_seconds + task.eval_seconds) * 1000,
        "total_tokens": task.evaluated + task.generated,
        "graphs": between,
        "kept": task.prompt + between - dropped,
        "truncated": int(is_shifted),
    }


def _tokens(task: Task) -> Counts:
    name = task.loaded.model.name
    return {
        ("ollama_requests_total", name): 1.0,
        ("ollama_prompt_tokens_total", name): float(task.prompt),
        ("ollama_prompt_evaluated_tokens_total", name): float(task.evaluated),
        ("ollama_prompt_cached_tokens_total", name): float(task.cached),
        ("ollama_generated_tokens_total", name): float(task.generated),
        ("ollama_prompt_eval_duration_seconds_total", name): task.prompt_seconds,
        ("ollama_eval_duration_seconds_total", name): task.eval_seconds,
    }


def _around(mean: int, seed: str) -> int:
    return max(1, round(mean * (0.5 + zlib.crc32(seed.encode()) / 2**32)))


def _divided(value: float, by: float) -> float:
    return value / by if by else 0.0
