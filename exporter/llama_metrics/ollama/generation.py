"""One token of a model: POST /api/generate, streamed. What the token is, is never decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from llama_metrics.errors import BadAnswer
from llama_metrics.ollama.answers import decode
from llama_metrics.ollama.client import Client

# Ollama's words for a model that only embeds, with HTTP 400.
_NO_GENERATION = "does not support generate"
# One token was asked for; a little more is Ollama's business, this is not true.
_MOST_TOKENS = 2**20
_LONGEST_LOAD = 86400.0


class Chunk(msgspec.Struct, frozen=True):
    """A line of the answer; durations are nanoseconds, a zero is left out. Keys that are not here are not decoded."""

    done: bool | None = None
    error: str | None = None
    eval_count: int | None = None
    load_duration: int | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """What came of it; seconds. None is not told.

    Attributes:
        first_token: from the request to the first chunk.
        rest: from there to the last one.
        tokens: of the answer.
        load: how long Ollama took to have the model ready, its own waiting included.
        rejected: values that cannot be true, and were dropped.

    """

    first_token: float
    rest: float
    tokens: int | None
    load: float | None
    rejected: int


def parse(line: bytes) -> Chunk:
    """Raises BadAnswer for what is no chunk; with a status for an error of Ollama's, which comes after HTTP 200."""
    chunk = decode(line, Chunk)
    if chunk.error is not None:
        raise BadAnswer(f"an error in the answer: {chunk.error[:300]}", 200)
    if chunk.done is None:
        raise BadAnswer("JSON of another shape than Ollama's: it does not say whether the answer is done")
    return chunk


def generate(
    client: Client, model: str, context: int | None, deadline: float, monotonic: Callable[[], float]
) -> Generation:
    """Asks for one token, with this context or (None) with the model's own default. Raises SourceError."""
    # Never a keep_alive: it would be the running model's own from then on. The number of tokens is nothing that a
    # model is loaded anew for; the context is.
    options = {"num_predict": 1} | ({} if context is None else {"num_ctx": context})
    body = {"model": model, "prompt": "1", "raw": True, "stream": True, "options": options}
    began = monotonic()
    first: float | None = None

    def take(line: bytes) -> Generation | None:
        nonlocal first
        chunk, now = parse(line), monotonic()
        first = now if first is None else first
        return _judged(chunk, first - began, now - first) if chunk.done else None

    return client.stream("/api/generate", body, take, deadline)


def is_no_generation(error: BadAnswer) -> bool:
    """Whether Ollama has said that this model does not generate."""
    return error.status == 400 and _NO_GENERATION in str(error)


def _judged(last: Chunk, first_token: float, rest: float) -> Generation:
    tokens, load = last.eval_count, last.load_duration
    seconds = None if load is None else load / 1e9
    false_tokens = tokens is not None and not 0 <= tokens <= _MOST_TOKENS
    false_load = seconds is not None and not 0 <= seconds <= _LONGEST_LOAD
    return Generation(
        first_token,
        rest,
        tokens=None if false_tokens else tokens,
        load=None if false_load else seconds,
        rejected=false_tokens + false_load,
    )
