"""Every metric of the host collector, declared once."""

from __future__ import annotations

from llama_metrics.metrics import Metric

MEMORY_TOTAL = Metric(
    "host_memory_total_bytes", "gauge", "Memory of the machine; in a container on macOS, of Docker's VM."
)
MEMORY_AVAILABLE = Metric(
    "host_memory_available_bytes", "gauge", "Memory that a program could get without anything being swapped out."
)
SWAP_TOTAL = Metric(
    "host_swap_total_bytes", "gauge", "Size of the swap space; macOS makes it as it needs it, so 0 is no lack there."
)
SWAP_USED = Metric("host_swap_used_bytes", "gauge", "Swap space in use.")
BOOT_TIME = Metric("host_boot_timestamp_seconds", "gauge", "When the machine was started, in seconds since 1970.")
CPU_SECONDS = Metric(
    "host_cpu_seconds_total",
    "counter",
    "Time that all CPUs together spent in a mode; the modes do not overlap.",
    ("mode",),
)
FILESYSTEM_SIZE = Metric(
    "ollama_models_filesystem_size_bytes", "gauge", "Size of the file system that holds Ollama's models."
)
FILESYSTEM_AVAILABLE = Metric(
    "ollama_models_filesystem_available_bytes",
    "gauge",
    "Room for an ordinary user's files on the file system that holds Ollama's models.",
)

METRICS = (
    *(MEMORY_TOTAL, MEMORY_AVAILABLE, SWAP_TOTAL, SWAP_USED, BOOT_TIME, CPU_SECONDS),
    *(FILESYSTEM_SIZE, FILESYSTEM_AVAILABLE),
)
