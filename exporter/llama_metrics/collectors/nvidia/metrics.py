"""Every metric of the nvidia collector, declared once."""

from __future__ import annotations

from llama_metrics.metrics import Metric

_GPU = ("gpu",)

INFO = Metric("nvidia_gpu_info", "gauge", "1; an NVIDIA GPU by its UUID, and what it is called.", ("gpu", "name"))
UTILIZATION = Metric(
    "nvidia_gpu_utilization_ratio",
    "gauge",
    "Share of the driver's last period in which the GPU was busy; absent with MIG.",
    _GPU,
)
MEMORY_USED = Metric(
    "nvidia_gpu_memory_used_bytes",
    "gauge",
    "Memory of the GPU in use. Drivers before 510 count in what they keep for themselves.",
    _GPU,
)
MEMORY_TOTAL = Metric(
    "nvidia_gpu_memory_total_bytes", "gauge", "Memory of the GPU; of all MIG instances together.", _GPU
)
POWER = Metric("nvidia_gpu_power_watts", "gauge", "Power that the card draws.", _GPU)
POWER_LIMIT = Metric("nvidia_gpu_power_limit_watts", "gauge", "Power that the card may draw at most.", _GPU)
TEMPERATURE = Metric("nvidia_gpu_temperature_celsius", "gauge", "Temperature of the GPU's chip.", _GPU)
ENERGY = Metric(
    "nvidia_gpu_energy_joules_total",
    "counter",
    "Energy that the card has used since its driver was loaded; absent before Volta.",
    _GPU,
)
# In NVML's words, shortened; what it may say besides is `other`.
REASONS = (
    *("power_cap", "power_brake", "thermal_software", "thermal_hardware", "hardware_slowdown", "sync_boost"),
    *("applications_clocks", "display_clocks", "other"),
)
THROTTLE = Metric(
    "nvidia_gpu_throttle_active",
    "gauge",
    "1 while the GPU's clock is held down for a reason, else 0. Being idle is no reason.",
    ("gpu", "reason"),
)
PROCESS_MEMORY = Metric(
    "nvidia_gpu_process_memory_bytes",
    "gauge",
    "Memory of the GPU that Ollama's runners of a model use; absent where the driver does not tell processes apart.",
    ("gpu", "model"),
)

METRICS = (
    *(INFO, UTILIZATION, MEMORY_USED, MEMORY_TOTAL, POWER, POWER_LIMIT, TEMPERATURE, ENERGY, THROTTLE, PROCESS_MEMORY),
)
