"""What the exporter says of itself: its version and what its own process costs."""

from __future__ import annotations

import platform
import resource
from collections.abc import Iterable

import psutil

from llama_metrics import __version__
from llama_metrics.metrics import Family, Metric

BUILD_INFO = Metric(
    "llama_metrics_build_info",
    "gauge",
    "1; the version of llama-metrics, and of the Python and the system that it runs on.",
    ("version", "python", "os"),
)
CPU = Metric("process_cpu_seconds_total", "counter", "CPU time of the exporter, user and system.")
RESIDENT = Metric("process_resident_memory_bytes", "gauge", "Memory of the exporter that is in RAM.")
VIRTUAL = Metric("process_virtual_memory_bytes", "gauge", "Address space of the exporter.")
OPEN_FDS = Metric("process_open_fds", "gauge", "Open file descriptors of the exporter.")
MAX_FDS = Metric("process_max_fds", "gauge", "File descriptors that the exporter may open; absent where unlimited.")
THREADS = Metric("process_threads", "gauge", "Threads of the exporter.")
START = Metric("process_start_time_seconds", "gauge", "When the exporter started, in seconds since 1970.")
METRICS = (BUILD_INFO, CPU, RESIDENT, VIRTUAL, OPEN_FDS, MAX_FDS, THREADS, START)


class SelfMetrics:
    """Reads the own process by psutil, which knows it on every system."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._build = (__version__, platform.python_version(), platform.system().lower())
        self._start = self._process.create_time()

    def collect(self) -> Iterable[Family]:
        """The families of this moment."""
        yield Family.of(BUILD_INFO, [(self._build, 1)])
        with self._process.oneshot():
            times, memory = self._process.cpu_times(), self._process.memory_info()
            yield Family.single(CPU, times.user + times.system)
            yield Family.single(RESIDENT, memory.rss)
            yield Family.single(VIRTUAL, memory.vms)
            yield Family.single(THREADS, self._process.num_threads())
        yield Family.single(OPEN_FDS, self._process.num_fds())
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        yield Family.single(MAX_FDS, None if limit == resource.RLIM_INFINITY else limit)
        yield Family.single(START, self._start)
