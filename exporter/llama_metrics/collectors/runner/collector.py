"""The runner collector, put together: what llama-server tells on its own port of the requests that it works on.

ollama_runner_state{model="llama3.2:latest",state="ready"} 1
ollama_runner_slots{model="llama3.2:latest",state="busy"} 1
ollama_runner_slots{model="llama3.2:latest",state="idle"} 3
ollama_runner_context_used_tokens{model="llama3.2:latest"} 1337
ollama_runner_generated_tokens_total{model="llama3.2:latest"} 56789

Nothing of it goes through Ollama. In Ollama's log, each question to a runner that has nothing to do leaves one line of
llama-server's, `srv  update_slots: all slots are idle`; one to a busy runner leaves none (versions 0.1.0 and 0.7.0).
"""

from __future__ import annotations

from llama_metrics.collector import Collector, Context
from llama_metrics.collectors.runner.metrics import METRICS
from llama_metrics.collectors.runner.options import RunnerOptions
from llama_metrics.collectors.runner.render import render
from llama_metrics.collectors.runner.source import RunnerSource
from llama_metrics.errors import Unsupported
from llama_metrics.system.machine import is_local
from llama_metrics.system.processes import ThisSystem


def _open(options: RunnerOptions, context: Context) -> RunnerSource:
    if not is_local(context.target.url):
        raise Unsupported(f"Ollama is at {context.target.url}, not on this machine; run an exporter there")
    return RunnerSource(ThisSystem(), context, metrics=options.metrics)


RUNNER = Collector(
    name="runner",
    help="the runners' slots, and what they have counted",
    scope="host",
    options=RunnerOptions,
    metrics=METRICS,
    open=_open,
    render=render,
)
