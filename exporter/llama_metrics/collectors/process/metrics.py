"""Every metric of the process collector, declared once."""

from __future__ import annotations

from llama_metrics.metrics import Metric

ROLES = ("server", "runner")

_BY = ("role", "model")
_OF = "Of Ollama's server (model empty) and of its runners by model"

PROCESSES = Metric(
    "ollama_processes",
    "gauge",
    "Processes of Ollama: servers, and runners that hold a model. Neither clients nor the search for GPUs. Absent where"
    " Ollama answers but its processes are not to be seen from here, as from another container.",
    ("role",),
)
CPU_SECONDS = Metric(
    "ollama_process_cpu_seconds_total",
    "counter",
    f"CPU time, user and system. {_OF}; added up from each process's own steps since the exporter started. What a"
    " process uses between the last scrape and its end is lost.",
    _BY,
)
RESIDENT_MEMORY = Metric(
    "ollama_process_resident_memory_bytes",
    "gauge",
    f"Memory in RAM. {_OF}. Files that are mapped, like a model's, are in it; memory of a GPU is not.",
    _BY,
)
THREADS = Metric("ollama_process_threads", "gauge", f"Threads. {_OF}.", _BY)
OPEN_FDS = Metric(
    "ollama_process_open_fds",
    "gauge",
    f"Open file descriptors. {_OF}; absent where the system does not let us see all of them.",
    _BY,
)
START_TIME = Metric(
    "ollama_process_start_time_seconds", "gauge", f"Start of the newest process, in seconds since 1970. {_OF}.", _BY
)
CONNECTIONS = Metric(
    "ollama_connections",
    "gauge",
    "Established connections to Ollama's port, at work and idle alike, our own left out; absent where it is not"
    " permitted to look.",
)

METRICS = (PROCESSES, CPU_SECONDS, RESIDENT_MEMORY, THREADS, OPEN_FDS, START_TIME, CONNECTIONS)
