"""Which models are installed: GET /api/tags. The answer may list hundreds, so it is kept for `max_age`.

ollama_models 12
ollama_model_info{model="llama3.2:latest",family="llama",format="gguf",parameter_size="3.2B",...} 1
ollama_model_size_bytes{model="llama3.2:latest"} 2.0e+09
ollama_model_modified_timestamp_seconds{model="llama3.2:latest"} 1.79e+09
ollama_model_max_context_length_tokens{model="llama3.2:latest"} 131072
ollama_expected_model_present{model="llama3.2:latest"} 1
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from llama_metrics.collector import Collector, Context, Options, Source
from llama_metrics.duration import Duration
from llama_metrics.metrics import Family, Metric
from llama_metrics.ollama.answers import InstalledModel, InstalledModels
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.plausible import Plausible
from llama_metrics.ollama.polled import Polled

_AGE = "Up to 60 s old, or as old as collectors.tags.max_age allows."

MODELS = Metric("ollama_models", "gauge", f"Models installed. {_AGE}")
INFO = Metric(
    "ollama_model_info",
    "gauge",
    f"1; what an installed model is. An empty label is not known; remote models run elsewhere. {_AGE}",
    ("model", "family", "format", "parameter_size", "quantization", "digest", "remote"),
)
SIZE = Metric(
    "ollama_model_size_bytes",
    "gauge",
    f"Size of the model's files; layers that models share count for each of them. {_AGE}",
    ("model",),
)
MODIFIED = Metric(
    "ollama_model_modified_timestamp_seconds", "gauge", f"When the model was pulled or created. {_AGE}", ("model",)
)
MAX_CONTEXT = Metric(
    "ollama_model_max_context_length_tokens",
    "gauge",
    f"Context that the model was trained for; absent before Ollama 0.30, which does not say. {_AGE}",
    ("model",),
)
EXPECTED = Metric(
    "ollama_expected_model_present",
    "gauge",
    f"1 if a model that the configuration expects is installed, else 0. {_AGE}",
    ("model",),
)

_DIGEST = re.compile(r"[0-9a-f]{12,}")
_LONGEST_WORD = 128


class TagsOptions(Options, frozen=True, kw_only=True):
    """A longer bound than the others', for a first answer waits until Ollama has read every manifest."""

    timeout: Duration = Duration(5.0)
    max_age: Duration = Duration(60.0)


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed model; `labels` are the values of ollama_model_info behind the name. None is not known."""

    name: str
    labels: tuple[str, ...]
    size: int | None
    modified: float | None
    max_context: int | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is installed, and for each expected name whether it is."""

    models: tuple[Installed, ...]
    expected: tuple[tuple[str, bool], ...]


def _open(options: TagsOptions, context: Context) -> Source[Inventory]:
    client = Client(context.target.url, context.target.headers, context.monotonic)

    def parse(answer: InstalledModels) -> tuple[Inventory, int]:
        plausible = Plausible(context.now())
        models = tuple(map(partial(_parse, plausible), plausible.models(answer.models or [])))
        # Ollama compares names without regard to case.
        present = {model.name.casefold() for model in models}
        expected = tuple((name, name.casefold() in present) for name in context.target.expected_models)
        return Inventory(models, expected), plausible.rejected

    return Polled(client, "/api/tags", InstalledModels, parse, options.max_age, context.monotonic)


def _parse(plausible: Plausible, model: InstalledModel) -> Installed:
    details = model.details
    words = (details.family, details.format, details.parameter_size, details.quantization_level)
    digest = _DIGEST.match(model.digest)
    return Installed(
        name=model.name,
        labels=(
            *(word[:_LONGEST_WORD] for word in words),
            digest.group()[:12] if digest else "",
            "true" if model.remote_host else "false",
        ),
        size=plausible.size(model.size),
        modified=plausible.date(model.modified_at),
        max_context=plausible.context(details.context_length),
    )


def _render(inventory: Inventory) -> Iterable[Family]:
    models = inventory.models
    yield Family.single(MODELS, len(models))
    yield Family.of(INFO, [((model.name, *model.labels), 1) for model in models])
    yield Family.of(SIZE, [((model.name,), model.size) for model in models])
    yield Family.of(MODIFIED, [((model.name,), model.modified) for model in models])
    yield Family.of(MAX_CONTEXT, [((model.name,), model.max_context) for model in models])
    yield Family.of(EXPECTED, [((name,), present) for name, present in inventory.expected])


TAGS = Collector(
    name="tags",
    help="the models that are installed",
    scope="target",
    options=TagsOptions,
    metrics=(MODELS, INFO, SIZE, MODIFIED, MAX_CONTEXT, EXPECTED),
    open=_open,
    render=_render,
)
