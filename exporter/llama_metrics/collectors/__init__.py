"""The collectors: one file or folder each, and one line here.

Configuration keys, flags, help, docs/METRICS.md and the health series follow from this tuple.
"""

from __future__ import annotations

from llama_metrics.collector import AnyCollector
from llama_metrics.collectors.log.collector import LOG
from llama_metrics.collectors.ps import PS
from llama_metrics.collectors.tags import TAGS
from llama_metrics.collectors.version import VERSION

ALL: tuple[AnyCollector, ...] = (VERSION, PS, TAGS, LOG)
