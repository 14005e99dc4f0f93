"""The log collector, put together."""

from __future__ import annotations

from llama_metrics.collector import Collector, Context
from llama_metrics.collectors.log.follower import Follower
from llama_metrics.collectors.log.metrics import METRICS
from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.log.render import render
from llama_metrics.collectors.log.sources.find import find
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.directory import Directory
from llama_metrics.system.machine import is_local


def _open(options: LogOptions, context: Context) -> Follower:
    log = find(options, context.machine, local=is_local(context.target.url)).open()
    client = Client(context.target.url, context.target.headers, context.monotonic)
    return Follower(log, Directory(client, context.monotonic), context)


LOG = Collector(
    name="log",
    help="what Ollama's own log tells",
    scope="host",
    options=LogOptions,
    metrics=METRICS,
    open=_open,
    render=render,
    background=True,
)
