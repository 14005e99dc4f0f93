"""What is in memory, as far as a probe has to know it."""

from __future__ import annotations

from dataclasses import dataclass

from llama_metrics.ollama.answers import LoadedModels
from llama_metrics.ollama.names import complete
from llama_metrics.ollama.plausible import Plausible


@dataclass(frozen=True, slots=True)
class Running:
    """A model in memory, by the name that Ollama shows; `context` in tokens, None where it does not say."""

    name: str
    context: int | None
    pinned: bool


def key(name: str) -> str:
    """The same for all spellings that are one model to Ollama."""
    try:
        return complete(name).casefold()
    except ValueError:
        return name.casefold()


def parse(answer: LoadedModels, now: float) -> tuple[dict[str, Running], int]:
    """The models by their key, and how many values were dropped because they cannot be true."""
    plausible = Plausible(now)
    running = {}
    for model in plausible.models(answer.models or []):
        end = plausible.far_date(model.expires_at)
        pinned = end is not None and plausible.is_for_ever(end)
        running[key(model.name)] = Running(model.name, plausible.context(model.context_length), pinned)
    return running, plausible.rejected
