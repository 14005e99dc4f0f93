"""render: the GPUs as families; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from llama_metrics.collectors.nvidia import metrics
from llama_metrics.collectors.nvidia.parse import Gpu, Reading
from llama_metrics.metrics import Family, Metric


def render(reading: Reading) -> Iterable[Family]:
    """A family for each metric, with the samples that are known."""
    gpus = reading.gpus

    def each(metric: Metric, value: Callable[[Gpu], float | None]) -> Family:
        return Family.of(metric, [((gpu.uuid,), value(gpu)) for gpu in gpus])

    yield Family.of(metrics.INFO, [((gpu.uuid, gpu.name), 1) for gpu in gpus])
    yield each(metrics.UTILIZATION, lambda gpu: gpu.utilization)
    yield each(metrics.MEMORY_USED, lambda gpu: gpu.memory_used)
    yield each(metrics.MEMORY_TOTAL, lambda gpu: gpu.memory_total)
    yield each(metrics.POWER, lambda gpu: gpu.power)
    yield each(metrics.POWER_LIMIT, lambda gpu: gpu.power_limit)
    yield each(metrics.TEMPERATURE, lambda gpu: gpu.temperature)
    yield each(metrics.ENERGY, lambda gpu: gpu.energy)
    throttled = [
        ((gpu.uuid, reason), active)
        for gpu in gpus
        if gpu.throttled is not None
        for reason, active in zip(metrics.REASONS, gpu.throttled, strict=True)
    ]
    yield Family.of(metrics.THROTTLE, throttled)
    used = [((gpu.uuid, model), size) for gpu in gpus for model, size in gpu.models]
    yield Family.of(metrics.PROCESS_MEMORY, used)
