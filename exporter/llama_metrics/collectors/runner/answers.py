"""parse: what llama-server answers, as numbers. No text of an answer goes any further, nor into an error.

Its slots can hold users' prompts and answers: older ones always do, later ones where LLAMA_SERVER_SLOTS_DEBUG is set.
Those fields are stepped over, not decoded.

    GET /slots      [{"id":0,"n_ctx":4096,"is_processing":true,"id_task":7,"n_prompt_tokens":37,...},...]
    GET /metrics    llamacpp:prompt_tokens_total 36
"""

from __future__ import annotations

import re

import msgspec

from llama_metrics.collectors.runner.reading import Counters, Slots
from llama_metrics.errors import BadAnswer

# Far above the context of any model.
_LARGEST_CONTEXT = 2**40
# Where a float that counts stops being exact; as seconds, 285 million years.
_LARGEST = 2.0**53
# Half a surrogate pair, in a text that is stepped over: msgspec refuses the whole answer for it.
_HALF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# Counters' fields, as llama-server names them.
_COUNTERS = {
    "prompt": b"prompt_tokens_total",
    "cached": b"prompt_tokens_cached_total",
    "generated": b"tokens_predicted_total",
    "prompt_seconds": b"prompt_seconds_total",
    "generating_seconds": b"tokens_predicted_seconds_total",
}
_LINE = re.compile(rb"^llamacpp:(" + b"|".join(_COUNTERS.values()) + rb") (\S{1,40})[ \t\r]*$", re.MULTILINE)


class _Slot(msgspec.Struct):
    """What is needed of a slot, and enough to tell that it is one. One that never had a task has the first three."""

    id: int
    n_ctx: int
    is_processing: bool
    id_task: int | None = None
    n_prompt_tokens: int | None = None

    @property
    def has_tokens(self) -> bool:
        """Whether there is a task whose tokens it should tell."""
        return self.is_processing or self.id_task is not None


def slots(body: bytes) -> tuple[Slots, int]:
    """GET /slots, and how many of its values cannot be true. Raises BadAnswer for what no llama-server answers.

    The context is not known where a slot does not tell its tokens, as before llama.cpp's pull request 23454 (May 2026).
    """
    try:
        told = msgspec.json.decode(_HALF_A_PAIR.sub(rb"\\u0020", body), type=list[_Slot])
    except (msgspec.DecodeError, RecursionError):
        told = []
    if not told:
        raise BadAnswer("the answer is not the slots of a llama-server")
    busy = [slot for slot in told if slot.is_processing]
    rejected = sum(not 0 <= (slot.n_prompt_tokens or 0) <= _LARGEST_CONTEXT for slot in told)
    is_known = not rejected and all(slot.n_prompt_tokens is not None for slot in told if slot.has_tokens)
    used = sum(slot.n_prompt_tokens or 0 for slot in busy) if is_known else None
    return Slots(len(busy), len(told) - len(busy), used), rejected


def counters(body: bytes) -> tuple[Counters, int]:
    """GET /metrics, and how many of its values cannot be true. Raises BadAnswer for what no llama-server answers."""
    told = {line[1]: _number(line[2]) for line in _LINE.finditer(body)}
    if not told:
        raise BadAnswer("the answer is not the metrics of a llama-server")
    known = {field: told.get(name) for field, name in _COUNTERS.items()}
    return Counters(**known), sum(value is None for value in told.values())


def _number(word: bytes) -> float | None:
    """None for what cannot be true."""
    try:
        number = float(word)
    except ValueError:
        return None
    return number if 0 <= number <= _LARGEST else None
