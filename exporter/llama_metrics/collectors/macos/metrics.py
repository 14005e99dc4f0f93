"""Every metric of the macos collector, declared once."""

from __future__ import annotations

from llama_metrics.metrics import Metric

# As thermald numbers them, from 0; what macOS may say besides is `other`.
LEVELS = ("nominal", "moderate", "heavy", "trapping", "sleeping", "other")

MEMORY_PRESSURE = Metric(
    "macos_memory_pressure_level", "gauge", "Memory pressure as the kernel tells it: 1 normal, 2 warning, 4 critical."
)
GPU_UTILIZATION = Metric(
    "macos_gpu_utilization_ratio",
    "gauge",
    "How busy the GPU is just now, by all programs together, as its driver says.",
)
GPU_MEMORY = Metric(
    "macos_gpu_memory_in_use_bytes", "gauge", "Memory that the GPU uses of the machine's, for all programs together."
)
WIRED_LIMIT = Metric(
    "macos_gpu_wired_limit_bytes",
    "gauge",
    "How much memory the GPU may take, where iogpu.wired_limit_mb was set; absent where macOS decides.",
)
MEMORY_WIRED = Metric(
    "macos_memory_wired_bytes",
    "gauge",
    "Memory that can be neither paged out nor compressed, the kernel's and what the GPU works on among it.",
)
MEMORY_COMPRESSED = Metric("macos_memory_compressed_bytes", "gauge", "Memory that the compressor occupies.")
THERMAL_PRESSURE = Metric(
    "macos_thermal_pressure",
    "gauge",
    "1 for the present level of thermal pressure, 0 for the others; from heavy on the machine is slowed down.",
    ("level",),
)

METRICS = (
    *(MEMORY_PRESSURE, GPU_UTILIZATION, GPU_MEMORY, WIRED_LIMIT, MEMORY_WIRED, MEMORY_COMPRESSED, THERMAL_PRESSURE),
)
