"""The macos collector, put together."""

from __future__ import annotations

from llama_metrics.collector import Collector, Context, Options
from llama_metrics.collectors.macos.metrics import METRICS
from llama_metrics.collectors.macos.render import render
from llama_metrics.collectors.macos.tools import MacosSource
from llama_metrics.errors import Unsupported


class MacosOptions(Options, frozen=True, kw_only=True):
    """On where macOS is."""

    enabled: bool | None = None


def _open(_: MacosOptions, context: Context) -> MacosSource:
    machine = context.machine
    if machine.system != "Darwin":
        raise Unsupported(f"this is {machine.system}, not macOS")
    return MacosSource(machine.root, context.monotonic)


MACOS = Collector(
    name="macos",
    help="what macOS tells without root: pressure, the GPU, thermal state",
    scope="host",
    options=MacosOptions,
    metrics=METRICS,
    open=_open,
    render=render,
)
