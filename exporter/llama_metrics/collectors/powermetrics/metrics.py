"""Every metric of the powermetrics collector, declared once; render.py fills them."""

from __future__ import annotations

from llama_metrics.metrics import Metric

# The order of severity; what macOS may say besides is `other`.
LEVELS = ("nominal", "moderate", "heavy", "trapping", "sleeping", "other")

_ESTIMATE = "Apple's own estimate: good for one machine over time, not for comparing machines."

POWER = Metric(
    "powermetrics_power_watts",
    "gauge",
    f"Mean power of a rail over the latest sample. {_ESTIMATE}",
    ("rail",),
)
ENERGY = Metric(
    "powermetrics_energy_joules_total",
    "counter",
    "Energy of a rail, added up from every sample since the exporter started; of a sleep, what macOS tells."
    f" {_ESTIMATE}",
    ("rail",),
)
COMBINED_POWER = Metric(
    "powermetrics_combined_power_watts",
    "gauge",
    f"Mean power of cpu, gpu and ane together over the latest sample; neither memory, display nor disk. {_ESTIMATE}",
)
COMBINED_ENERGY = Metric(
    "powermetrics_combined_energy_joules_total",
    "counter",
    f"Energy of cpu, gpu and ane together, added up from every sample since the exporter started. {_ESTIMATE}",
)
GPU_ACTIVE = Metric("powermetrics_gpu_active_ratio", "gauge", "Share of the latest sample in which the GPU was busy.")
GPU_FREQUENCY = Metric(
    "powermetrics_gpu_frequency_hertz", "gauge", "Mean clock of the GPU while busy, over the latest sample."
)
CLUSTER_ACTIVE = Metric(
    "powermetrics_cpu_cluster_active_ratio",
    "gauge",
    "Mean share of the latest sample in which the cores of a cluster were busy. Clusters are named as macOS does.",
    ("cpu_cluster",),
)
CLUSTER_FREQUENCY = Metric(
    "powermetrics_cpu_cluster_frequency_hertz",
    "gauge",
    "Mean clock of a cluster of cores over the latest sample.",
    ("cpu_cluster",),
)
THERMAL_PRESSURE = Metric(
    "powermetrics_thermal_pressure",
    "gauge",
    "1 for the level of thermal pressure at the end of the latest sample, 0 for the others; from heavy on the machine"
    " is slowed down.",
    ("level",),
)
BATTERY = Metric("powermetrics_battery_ratio", "gauge", "Charge of the battery; absent on a machine without one.")
SAMPLE_TIME = Metric(
    "powermetrics_sample_timestamp_seconds", "gauge", "When the latest sample arrived, in seconds since 1970."
)
SAMPLE_INTERVAL = Metric(
    "powermetrics_sample_interval_seconds",
    "gauge",
    "How long the latest sample was taken over, as it says itself. Of one over a sleep no power, activity or clock is"
    " shown.",
)
SAMPLES = Metric("powermetrics_samples_total", "counter", "Samples that could be read.")
PARSE_ERRORS = Metric("powermetrics_parse_errors_total", "counter", "Samples that could not be read and were dropped.")
IMPLAUSIBLE = Metric(
    "powermetrics_implausible_readings_total",
    "counter",
    "Values of samples that cannot be true and were dropped: no power while the cores are busy, not a number, a"
    " negative one.",
)
RESTARTS = Metric(
    "powermetrics_restarts_total",
    "counter",
    "Times powermetrics was started again: after trouble, and once an hour, for it grows.",
)

METRICS = (
    *(POWER, ENERGY, COMBINED_POWER, COMBINED_ENERGY, GPU_ACTIVE, GPU_FREQUENCY, CLUSTER_ACTIVE, CLUSTER_FREQUENCY),
    *(THERMAL_PRESSURE, BATTERY, SAMPLE_TIME, SAMPLE_INTERVAL, SAMPLES, PARSE_ERRORS, IMPLAUSIBLE, RESTARTS),
)
