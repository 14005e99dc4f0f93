"""What macOS' tools said, as families.

macos_memory_pressure_level 1
macos_gpu_utilization_ratio 0.21
macos_gpu_memory_in_use_bytes 3.51141888e+08
macos_memory_wired_bytes 2.606972928e+09
macos_memory_compressed_bytes 7.446462464e+09
macos_thermal_pressure{level="nominal"} 1
"""

from __future__ import annotations

from collections.abc import Iterable

from llama_metrics.collectors.macos import metrics
from llama_metrics.collectors.macos.tools import Reading
from llama_metrics.metrics import Family


def render(reading: Reading) -> Iterable[Family]:
    """Every family; one without samples where its value is not known."""
    yield Family.single(metrics.MEMORY_PRESSURE, reading.kernel.pressure)
    yield Family.single(metrics.GPU_UTILIZATION, reading.gpu.utilization)
    yield Family.single(metrics.GPU_MEMORY, reading.gpu.memory)
    yield Family.single(metrics.WIRED_LIMIT, reading.kernel.wired_limit)
    yield Family.single(metrics.MEMORY_WIRED, reading.memory.wired)
    yield Family.single(metrics.MEMORY_COMPRESSED, reading.memory.compressed)
    levels = metrics.LEVELS if reading.thermal is not None else ()
    yield Family.of(metrics.THERMAL_PRESSURE, [((level,), level == reading.thermal) for level in levels])
