"""The process collector, put together."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from llama_metrics.collector import Collector, Context, Options
from llama_metrics.collectors.process import sockets
from llama_metrics.collectors.process.metrics import METRICS
from llama_metrics.collectors.process.render import render
from llama_metrics.collectors.process.source import ProcessSource
from llama_metrics.duration import Duration
from llama_metrics.errors import Unsupported
from llama_metrics.system.machine import is_local
from llama_metrics.system.processes import ThisSystem


class ProcessOptions(Options, frozen=True, kw_only=True):
    """On where Ollama runs on this machine."""

    enabled: bool | None = None
    timeout: Duration = Duration(1.0)


def _open(_: ProcessOptions, context: Context) -> ProcessSource:
    url = context.target.url
    if not is_local(url):
        raise Unsupported(f"Ollama is at {url}, not on this machine; run an exporter there")
    count = sockets.on_linux if context.machine.system == "Linux" else sockets.elsewhere
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ProcessSource(ThisSystem(), partial(count, port=port), context)


PROCESS = Collector(
    name="process",
    help="Ollama's server and its runners",
    scope="host",
    options=ProcessOptions,
    metrics=METRICS,
    open=_open,
    render=render,
)
