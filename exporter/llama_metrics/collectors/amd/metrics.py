"""Every metric of the amd collector, declared once."""

from __future__ import annotations

from llama_metrics.metrics import Metric

_GPU = ("gpu",)

INFO = Metric(
    "amd_gpu_info",
    "gauge",
    "1; an AMD GPU by its PCI address, and what it is called where the driver says.",
    ("gpu", "name"),
)
UTILIZATION = Metric(
    "amd_gpu_utilization_ratio", "gauge", "How busy the GPU is, as its driver says; absent while it sleeps.", _GPU
)
MEMORY_USED = Metric("amd_gpu_memory_used_bytes", "gauge", "Memory of the GPU (VRAM) in use.", _GPU)
MEMORY_TOTAL = Metric(
    "amd_gpu_memory_total_bytes",
    "gauge",
    "Memory of the GPU (VRAM). Of a GPU inside a processor, the part of RAM that is set aside for it; it can use more.",
    _GPU,
)
POWER = Metric(
    "amd_gpu_power_watts",
    "gauge",
    "Power that the card draws; of a GPU inside a processor, with the processor's. Absent where it does not measure it,"
    " and while it sleeps.",
    _GPU,
)
TEMPERATURE = Metric(
    "amd_gpu_temperature_celsius",
    "gauge",
    "Temperature of the GPU's chip (its edge); absent while it sleeps.",
    _GPU,
)

METRICS = (INFO, UTILIZATION, MEMORY_USED, MEMORY_TOTAL, POWER, TEMPERATURE)
