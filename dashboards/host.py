"""Sections of the machine's dashboard: memory, disk and CPU."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import States, lines, timeline
from dashboards.queries import Query, each, rate, series, threshold

MACS = "macOS only"
RIGHTS = "only on a Mac where powermetrics may run"
NOT_LOCAL = "no exporter runs on the machine of its Ollama"
PRESSURE = series("macos_memory_pressure_level")
# As the kernel numbers them.
PRESSURES: States = {1: ("normal", "green"), 2: ("warning", "orange"), 4: ("critical", "red")}
DISK = series("ollama_models_filesystem_available_bytes")
_BUSY = 'mode!~"idle|iowait"'
AT_WORK = f"sum without (mode) ({rate('host_cpu_seconds_total', _BUSY)})"
ALL_TIME = f"sum without (mode) ({rate('host_cpu_seconds_total')})"

pressure = timeline(
    "Memory pressure of Macs",
    "What the kernel says. With a model loaded, MacMemoryPressure fires at warning, MacMemoryPressureCritical at"
    " critical.",
    empty=MACS,
    queries=[each(PRESSURE)],
    states=PRESSURES,
)
available = lines(
    "Memory available",
    "The part of the machine's memory that a program could still get. Below the dashed line OllamaHostMemoryLow fires,"
    " but not for Macs: a large model leaves nothing there and all is well, so look at the pressure.",
    empty=NOT_LOCAL,
    unit="percentunit",
    maximum=1,
    queries=[each(f"{series('host_memory_available_bytes')} / {series('host_memory_total_bytes')}")],
    limits=[Query(threshold("host_memory_available_ratio", 0.05), "alert below")],
)
swap = lines(
    "Swap in use",
    "What does not change harms nobody. Growth while a model is loaded means that it does not fit beside the rest:"
    " OllamaSwapGrowing.",
    empty=NOT_LOCAL,
    unit="bytes",
    queries=[each(series("host_swap_used_bytes"))],
)
of_mac = lines(
    "Memory of a Mac",
    "Wired: can be neither paged out nor compressed, the kernel's and what the GPU works on. Compressed: what the"
    " compressor takes. GPU limit: what the GPU may take, where iogpu.wired_limit_mb was set.",
    empty=MACS,
    unit="bytes",
    queries=[
        each(series("macos_memory_wired_bytes"), "wired"),
        each(series("macos_memory_compressed_bytes"), "compressed"),
        each(series("macos_gpu_wired_limit_bytes"), "GPU limit"),
    ],
)
disk = lines(
    "Disk left for models",
    "On the file system that holds Ollama's models. Below the dashed line OllamaModelsDiskFull fires; earlier, where it"
    " would be full within a day, OllamaModelsDiskFilling.",
    empty="the folder of models was not found",
    unit="bytes",
    queries=[each(DISK)],
    limits=[Query(threshold("models_disk_available_bytes", 2e9), "alert below")],
)
MEMORY = Section(
    "Memory and disk",
    (
        Line(7, ((8, pressure), (8, available), (8, swap))),
        Line(8, ((12, of_mac), (12, disk))),
    ),
)

cpu = lines(
    "CPU busy",
    "The part of all cores' time in which they worked, for whatever program. Models that are not wholly on a GPU use"
    " all of it.",
    empty=NOT_LOCAL,
    unit="percentunit",
    maximum=1,
    queries=[each(f"{AT_WORK} / ({ALL_TIME} > 0)")],
)
clusters = lines(
    "CPU clusters of a Mac busy",
    "The mean of a cluster's cores: E are the efficient ones, P the fast ones, as macOS names them.",
    empty=RIGHTS,
    unit="percentunit",
    maximum=1,
    queries=[each(series("powermetrics_cpu_cluster_active_ratio"), "{{cpu_cluster}}")],
)
clocks = lines(
    "Clocks of a Mac",
    "Of the clusters of cores and of the GPU, the mean of each sample. A GPU that is busy at a falling clock is being"
    " slowed down.",
    empty=RIGHTS,
    unit="hertz",
    queries=[
        each(series("powermetrics_cpu_cluster_frequency_hertz"), "{{cpu_cluster}}"),
        each(series("powermetrics_gpu_frequency_hertz"), "GPU"),
    ],
)
CPU = Section("CPU", (Line(8, ((8, cpu), (8, clusters), (8, clocks))),))
