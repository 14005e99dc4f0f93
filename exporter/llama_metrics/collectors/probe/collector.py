"""The probe collector, put together."""

from __future__ import annotations

from llama_metrics.collector import Collector
from llama_metrics.collectors.probe.metrics import METRICS
from llama_metrics.collectors.probe.options import ProbeOptions
from llama_metrics.collectors.probe.render import render
from llama_metrics.collectors.probe.source import ProbeSource

PROBE = Collector(
    name="probe",
    help="a request of one token now and then, to know whether inference works",
    scope="target",
    options=ProbeOptions,
    metrics=METRICS,
    open=ProbeSource,
    render=render,
    outlasts_gate=True,
    background=True,
)
