"""What a simulated runner knows of itself at a moment: its one slot, and its counters. Without a clock.

As recorded from llama-server under Ollama 0.33: prompts count when they are done, generated tokens when a task ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from llama_metrics.simulate.event import Work

_BATCH = 512
_KEPT = 5
# Not known of a request without end.
_SECONDS_PER_TOKEN = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """Work that began at a moment of the clock that all processes of a machine share."""

    began: float
    work: Work

    def ended(self, now: float) -> bool:
        """Whether it is over."""
        return now >= self.began + self.work.seconds

    def is_at_the_prompt(self, now: float) -> bool:
        """Whether it has not generated yet."""
        return now < self.began + self.work.prompt_seconds

    def decoded(self, now: float) -> int:
        """Tokens generated so far: the first one comes with the prompt's end."""
        if self.is_at_the_prompt(now):
            return 0
        if self.ended(now):
            return self.work.generated
        passed, seconds = now - self.began - self.work.prompt_seconds, self.work.seconds - self.work.prompt_seconds
        # As a share, for a rate may be past all numbers: a generation may take next to no time, or have no end.
        tokens = passed / _SECONDS_PER_TOKEN if seconds == math.inf else passed / seconds * self.work.generated
        return min(self.work.generated, 1 + int(tokens))

    def batches(self, now: float) -> int:
        """How many pieces of the prompt were begun."""
        evaluated = self.work.prompt - self.work.cached
        share = 1.0
        if self.is_at_the_prompt(now):
            share = max(0.0, now - self.began) / (self.work.prompt_seconds or 1)
        return min(math.ceil(evaluated / _BATCH), int(share * evaluated / _BATCH) + 1)

    def longest(self, now: float) -> int:
        """The tokens so far, of the prompt and of the answer, whose last one is not put back into the context."""
        return self.work.prompt + max(0, self.decoded(now) - 1)

    def tokens(self, now: float, context: int) -> int:
        """In the slot's context: when it is full, half of it goes."""
        if self.is_at_the_prompt(now):
            return min(self.work.prompt, self.work.cached + _BATCH * self.batches(now))
        count = self.longest(now) if self.ended(now) else self.work.prompt + self.decoded(now)
        half = (context - 1 - _KEPT) // 2
        return count if count <= context or half < 1 else context - half + (count - context) % half


class Slot:
    """The slot of one runner, which is told its jobs in their order."""

    def __init__(self, context: int) -> None:
        self._context = context
        self._job: Job | None = None
        # What the jobs before were, all together.
        self._sums: dict[str, float] = dict.fromkeys(_COUNTERS, 0)

    def begin(self, job: Job) -> None:
        """The next one."""
        if self._job:
            self._sums = self._counters(max(job.began, self._job.began + self._job.work.seconds))
        self._job = job

    def shown(self, now: float) -> dict[str, object]:
        """The slot in the answer to GET /slots."""
        job = self._job
        is_busy = bool(job) and not job.ended(now) if job else False
        slot: dict[str, object] = {"id": 0, "n_ctx": self._context, "speculative": False, "is_processing": is_busy}
        if job is None:
            return slot
        evaluated, decoded = job.work.prompt - job.work.cached, job.decoded(now)
        done = _BATCH * (job.batches(now) - 1) if job.is_at_the_prompt(now) else evaluated
        return slot | {
            "id_task": job.work.task,
            "n_prompt_tokens": job.tokens(now, self._context),
            "n_prompt_tokens_processed": done if is_busy else 0,
            "n_prompt_tokens_cache": job.work.cached if is_busy else 0,
            "params": {"n_predict": job.work.generated, "max_tokens": job.work.generated, "n_keep": 4, "stream": True},
            "next_token": [
                {
                    "has_next_token": is_busy and decoded > 0,
                    "has_new_line": False,
                    "n_remain": job.work.generated - decoded if is_busy else -1,
                    "n_decoded": decoded if is_busy else 0,
                }
            ],
        }

    def metrics(self, now: float) -> str:
        """The answer to GET /metrics."""
        values = self._counters(now)
        is_busy = bool(self._job and not self._job.ended(now))
        values |= {
            "prompt_tokens_seconds": _divided(values["prompt_tokens_total"], values["prompt_seconds_total"]),
            "predicted_tokens_seconds": _divided(
                values["tokens_predicted_total"], values["tokens_predicted_seconds_total"]
            ),
            "requests_processing": int(is_busy),
            # The queue is Ollama's.
            "requests_deferred": 0,
            "n_busy_slots_per_decode": int(values["n_decode_total"] > 0),
        }
        return "".join(
            f"# HELP llamacpp:{name} {_HELP[name]}\n"
            f"# TYPE llamacpp:{name} {'counter' if name in _COUNTERS else 'gauge'}\n"
            f"llamacpp:{name} {value if isinstance(value, int) else format(value, 'g')}\n"
            for name, value in values.items()
        )

    def _counters(self, now: float) -> dict[str, float]:
        sums, job = dict(self._sums), self._job
        if job is None:
            return sums
        work, evaluated = job.work, job.work.prompt - job.work.cached
        if job.is_at_the_prompt(now):
            longest = job.tokens(now, self._context)
        else:
            longest = min(self._context, job.longest(now))
            sums["prompt_tokens_total"] += evaluated
            sums["prompt_tokens_cached_total"] += work.cached
            sums["prompt_seconds_total"] += work.prompt_seconds
        if job.ended(now):
            sums["tokens_predicted_total"] += work.generated
            sums["tokens_predicted_seconds_total"] += work.seconds - work.prompt_seconds
        sums["n_decode_total"] += job.batches(now) + max(0, job.decoded(now) - 1)
        sums["n_tokens_max"] = max(sums["n_tokens_max"], longest)
        return sums


def as_told(job: Job) -> dict[str, object]:
    """A job as a runner is told it, in JSON."""
    return {"began": job.began, **asdict(job.work)}


def from_told(told: Mapping[str, float]) -> Job:
    """The other way round."""
    values = dict(told)
    return Job(values.pop("began"), Work(**values))  # type: ignore[arg-type]


def _divided(value: float, by: float) -> float:
    return value / by if by else 0.0


_COUNTERS = (
    *("prompt_tokens_total", "prompt_tokens_cached_total", "prompt_seconds_total", "tokens_predicted_total"),
    *("tokens_predicted_seconds_total", "n_decode_total", "n_tokens_max", "spec_decode_num_draft_tokens_total"),
    *("spec_decode_num_accepted_tokens_total", "spec_decode_num_drafts_total"),
)
_HELP = {
    "prompt_tokens_total": "Number of prompt tokens processed, excluding cached tokens",
    "prompt_tokens_cached_total": "Number of prompt tokens reused from the cache",
    "prompt_seconds_total": "Total time spent processing prompts",
    "tokens_predicted_total": "Number of generation tokens processed",
    "tokens_predicted_seconds_total": "Total time spent generating tokens",
    "n_decode_total": "Total number of llama_decode() calls, excluding speculative decoding and multimodal decoding",
    "n_tokens_max": "Largest observed sequence length (prompt + generation)",
    "spec_decode_num_draft_tokens_total": "Speculative: Total draft tokens generated",
    "spec_decode_num_accepted_tokens_total": "Speculative: Total draft tokens accepted by the target model",
    "spec_decode_num_drafts_total": "Speculative: Total speculative decoding verification steps",
    "prompt_tokens_seconds": "Average prompt throughput in tokens/s",
    "predicted_tokens_seconds": "Average generation throughput in tokens/s",
    "requests_processing": "Number of requests processing",
    "requests_deferred": "Number of requests deferred",
    "n_busy_slots_per_decode": "Average number of busy slots per llama_decode() call",
}
