"""The amd collector, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from llama_metrics.collector import Collector, Context, Options
from llama_metrics.collectors.amd import metrics, sysfs
from llama_metrics.collectors.amd.parse import Gpu, Reading, parse
from llama_metrics.errors import Unsupported
from llama_metrics.metrics import Family, Metric


class AmdOptions(Options, frozen=True, kw_only=True):
    """On where an AMD GPU is found."""

    enabled: bool | None = None


class AmdSource:
    """The files of the amdgpu driver below `root`; nothing is held open."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.rejected = 0

    def read(self, _: float) -> Reading:
        """The GPUs that tell anything."""
        reading = parse(sysfs.cards(self._root))
        self.rejected += reading.rejected
        return reading

    def close(self) -> None:
        """Nothing to end."""


def _open(_: AmdOptions, context: Context) -> AmdSource:
    if not sysfs.has_card(context.machine.root):
        raise Unsupported("no AMD GPU: no card in /sys/class/drm has the driver amdgpu")
    return AmdSource(context.machine.root)


def _render(reading: Reading) -> Iterable[Family]:
    gpus = reading.gpus

    def each(metric: Metric, value: Callable[[Gpu], float | None]) -> Family:
        return Family.of(metric, [((gpu.address,), value(gpu)) for gpu in gpus])

    yield Family.of(metrics.INFO, [((gpu.address, gpu.name), 1) for gpu in gpus])
    yield each(metrics.UTILIZATION, lambda gpu: gpu.utilization)
    yield each(metrics.MEMORY_USED, lambda gpu: gpu.memory_used)
    yield each(metrics.MEMORY_TOTAL, lambda gpu: gpu.memory_total)
    yield each(metrics.POWER, lambda gpu: gpu.power)
    yield each(metrics.TEMPERATURE, lambda gpu: gpu.temperature)


AMD = Collector(
    name="amd",
    help="AMD GPUs, by the files of the amdgpu driver",
    scope="host",
    options=AmdOptions,
    metrics=metrics.METRICS,
    open=_open,
    render=_render,
)
