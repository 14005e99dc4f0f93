"""The host collector, put together."""

from __future__ import annotations

from collections.abc import Iterable

from llama_metrics.collector import Collector, Context, Options
from llama_metrics.collectors.host import metrics
from llama_metrics.collectors.host.source import HostSource, Reading
from llama_metrics.duration import Duration
from llama_metrics.errors import Unsupported
from llama_metrics.metrics import Family
from llama_metrics.system.machine import is_local


class HostOptions(Options, frozen=True, kw_only=True):
    """On where Ollama runs on this machine; `models_path` is the folder of its models, else looked for."""

    enabled: bool | None = None
    timeout: Duration = Duration(1.0)
    models_path: str | None = None


def _open(options: HostOptions, context: Context) -> HostSource:
    # Who asks for it by name knows better: from a container, the Ollama of its own host looks like another machine's.
    if not options.enabled and not is_local(context.target.url):
        raise Unsupported(f"Ollama is at {context.target.url}, not on this machine; run an exporter there")
    return HostSource(options.models_path, context)


def _render(reading: Reading) -> Iterable[Family]:
    yield Family.single(metrics.MEMORY_TOTAL, reading.memory_total)
    yield Family.single(metrics.MEMORY_AVAILABLE, reading.memory_available)
    yield Family.single(metrics.SWAP_TOTAL, reading.swap_total)
    yield Family.single(metrics.SWAP_USED, reading.swap_used)
    yield Family.single(metrics.BOOT_TIME, reading.boot)
    yield Family.of(metrics.CPU_SECONDS, [((mode,), seconds) for mode, seconds in reading.cpu.items()])
    models = reading.models
    yield Family.single(metrics.FILESYSTEM_SIZE, models.size if models else None)
    yield Family.single(metrics.FILESYSTEM_AVAILABLE, models.available if models else None)


HOST = Collector(
    name="host",
    help="memory, swap, CPU time, and the disk of Ollama's models",
    scope="host",
    options=HostOptions,
    metrics=metrics.METRICS,
    open=_open,
    render=_render,
)
