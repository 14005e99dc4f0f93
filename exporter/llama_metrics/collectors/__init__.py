"""The collectors: one file or folder each, and one line here.

Configuration keys, flags, help, docs/METRICS.md and the health series follow from this tuple.
"""

from __future__ import annotations

from llama_metrics.collector import AnyCollector
from llama_metrics.collectors.amd.collector import AMD
from llama_metrics.collectors.host.collector import HOST
from llama_metrics.collectors.log.collector import LOG
from llama_metrics.collectors.macos.collector import MACOS
from llama_metrics.collectors.nvidia.collector import NVIDIA
from llama_metrics.collectors.powermetrics.collector import POWERMETRICS
from llama_metrics.collectors.probe.collector import PROBE
from llama_metrics.collectors.process.collector import PROCESS
from llama_metrics.collectors.ps import PS
from llama_metrics.collectors.runner.collector import RUNNER
from llama_metrics.collectors.tags import TAGS
from llama_metrics.collectors.version import VERSION

ALL: tuple[AnyCollector, ...] = (
    *(VERSION, PS, TAGS, PROBE, LOG, PROCESS, RUNNER),
    *(HOST, MACOS, POWERMETRICS, NVIDIA, AMD),
)
