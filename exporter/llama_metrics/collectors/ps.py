"""Which models are in memory, how much they take and where: GET /api/ps.

ollama_loaded_models 2
ollama_loaded_model_size_bytes{model="llama3.2:latest"} 3.2e+09
ollama_loaded_model_vram_bytes{model="llama3.2:latest"} 3.2e+09
ollama_loaded_model_context_length_tokens{model="llama3.2:latest"} 4096
ollama_loaded_model_expiry_timestamp_seconds{model="llama3.2:latest"} 1.795e+09
ollama_loaded_model_pinned{model="llama3.2:latest"} 0
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from llama_metrics.collector import Collector, Context, Options, Source
from llama_metrics.metrics import Family, Metric
from llama_metrics.ollama.answers import LoadedModel, LoadedModels
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.plausible import Plausible
from llama_metrics.ollama.polled import Polled

LOADED = Metric("ollama_loaded_models", "gauge", "Models in memory.")
SIZE = Metric(
    "ollama_loaded_model_size_bytes", "gauge", "Memory that the model takes, on all devices together.", ("model",)
)
VRAM = Metric(
    "ollama_loaded_model_vram_bytes",
    "gauge",
    "The part of the model's memory that is on a GPU; 0 where it runs on the CPU alone.",
    ("model",),
)
CONTEXT = Metric(
    "ollama_loaded_model_context_length_tokens",
    "gauge",
    "Context allocated for each request of the model; absent where Ollama does not say (before 0.10).",
    ("model",),
)
EXPIRY = Metric(
    "ollama_loaded_model_expiry_timestamp_seconds",
    "gauge",
    "When the model will be unloaded. It may lie in the past, during a long request or an unload;"
    " absent for a pinned model.",
    ("model",),
)
PINNED = Metric(
    "ollama_loaded_model_pinned",
    "gauge",
    "1 if the model is kept in memory for ever (keep_alive below 0), else 0.",
    ("model",),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory; bytes, tokens, seconds since 1970. None is not known."""

    name: str
    size: int | None
    vram: int | None
    context: int | None
    expiry: float | None
    pinned: bool | None


def _open(_: Options, context: Context) -> Source[tuple[Loaded, ...]]:
    client = Client(context.target.url, context.target.headers, context.monotonic)

    def parse(answer: LoadedModels) -> tuple[tuple[Loaded, ...], int]:
        plausible = Plausible(context.now())
        loaded = tuple(map(partial(_parse, plausible), plausible.models(answer.models or [])))
        return loaded, plausible.rejected

    return Polled(client, "/api/ps", LoadedModels, parse, monotonic=context.monotonic)


def _parse(plausible: Plausible, model: LoadedModel) -> Loaded:
    size = plausible.size(model.size)
    expiry = plausible.far_date(model.expires_at)
    pinned = None if expiry is None else plausible.is_for_ever(expiry)
    return Loaded(
        name=model.name,
        size=size,
        vram=plausible.size(model.size_vram, limit=size),
        context=plausible.context(model.context_length),
        expiry=None if pinned else expiry,
        pinned=pinned,
    )


def _render(models: tuple[Loaded, ...]) -> Iterable[Family]:
    yield Family.single(LOADED, len(models))
    yield Family.of(SIZE, [((model.name,), model.size) for model in models])
    yield Family.of(VRAM, [((model.name,), model.vram) for model in models])
    yield Family.of(CONTEXT, [((model.name,), model.context) for model in models])
    yield Family.of(EXPIRY, [((model.name,), model.expiry) for model in models])
    yield Family.of(PINNED, [((model.name,), model.pinned) for model in models])


PS = Collector(
    name="ps",
    help="the models in memory",
    scope="target",
    options=Options,
    metrics=(LOADED, SIZE, VRAM, CONTEXT, EXPIRY, PINNED),
    open=_open,
    render=_render,
)
