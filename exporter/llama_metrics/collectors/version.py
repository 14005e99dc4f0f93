"""Is Ollama up, and which one is it: GET /api/version, the only route that takes no lock in Ollama.

ollama_up 1
ollama_build_info{version="0.33.0"} 1
"""

from __future__ import annotations

from collections.abc import Iterable

from llama_metrics.collector import Collector, Context, Options, Source
from llama_metrics.metrics import Family, Metric
from llama_metrics.ollama.answers import Version
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.polled import Polled

UP = Metric("ollama_up", "gauge", "1 if Ollama answered GET /api/version in time, else 0.")
BUILD_INFO = Metric("ollama_build_info", "gauge", "1; the version that Ollama says it is.", ("version",))

_LONGEST_VERSION = 128


def _open(_: Options, context: Context) -> Source[str]:
    client = Client(context.target.url, context.target.headers, context.monotonic)
    return Polled(client, "/api/version", Version, _parse, monotonic=context.monotonic)


def _parse(answer: Version) -> tuple[str, int]:
    """The version, or an empty string for one that cannot be a version."""
    usable = len(answer.version) <= _LONGEST_VERSION
    return (answer.version, 0) if usable else ("", 1)


def _render(version: str) -> Iterable[Family]:
    yield Family.single(UP, 1)
    yield Family.of(BUILD_INFO, [((version,), 1)] if version else [])


VERSION = Collector(
    name="version",
    help="whether Ollama is up, and its version",
    scope="target",
    options=Options,
    metrics=(UP, BUILD_INFO),
    open=_open,
    render=_render,
    when_failed=(Family.single(UP, 0),),
    gate=True,
)
