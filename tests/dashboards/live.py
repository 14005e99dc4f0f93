"""A real Prometheus that scrapes real exporters of simulated Ollamas: two sites with a host of one name, an idle host.

The exporters read the logs that the simulated Ollamas write, and the busy one a simulated powermetrics. What else
machines can tell is on the pages of some that are not here.

Prometheus has the shipped rules, but without their delays: what would fire after ten minutes fires at once. It has a
budget and a price for all that may have one, and a past.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from llama_metrics.simulate.files import find
from tests.dashboards import machines, past
from tests.dashboards.boards import Asked
from tests.dashboards.worker import worker
from tests.rules.pack import FILES, RULES
from tests.rules.thresholds import settings
from tools.binaries import Binaries
from tools.stack import Child, Prometheus, free_port

MISSING = "not-pulled:latest"
# What a user may set and has no default, all to one number.
OWN = sorted({name for rule in RULES for name in settings(rule.parsed())})
OWN_NUMBER = 2.5
_PROGRAM = (sys.executable, "-m", "llama_metrics")
_NOTHING_INSTALLED = {"version": "0.24.0", "models": [], "steps": []}


@dataclass(frozen=True)
class Host:
    """A simulated Ollama, its exporter, and where that listens."""

    ollama: Child
    exporter: Child
    address: str


@dataclass(frozen=True)
class Live:
    """What runs. The busy host is scraped for two sites, and only the label `cluster` tells which is which."""

    prometheus: Prometheus
    busy: Host

    def ask(self, asked: Asked, variables: Mapping[str, str], at: float | None = None) -> list[Any]:
        """What Prometheus answers to a query of a dashboard, now or at a moment: series, or the values of a label."""
        expr, now = asked.filled(variables), time.time() if at is None else at
        if asked.kind == "label_values":
            return list(self._get(f"label/{asked.label}/values", {"match[]": expr}))
        if asked.kind == "instant":
            return list(self._get("query", {"query": expr, "time": str(now)})["result"])
        return self._series(expr, now - 60, now, 1)

    def points(self, asked: Asked, variables: Mapping[str, str], start: float, end: float, step: float) -> list[float]:
        """Every point of a graph, of all of its series."""
        found = self._series(asked.filled(variables), start, end, step)
        return [float(value) for one in found for _, value in one["values"]]

    def _series(self, expr: str, start: float, end: float, step: float) -> list[Any]:
        span = {"start": str(start), "end": str(end), "step": str(step)}
        return list(self._get("query_range", {"query": expr, **span})["result"])

    def _get(self, path: str, parameters: Mapping[str, str]) -> Any:
        answer = requests.get(f"{self.prometheus.url}/api/v1/{path}", params=dict(parameters), timeout=10).json()
        assert answer["status"] == "success", f"{dict(parameters)}: {answer.get('error')}"
        return answer["data"]


@contextmanager
def watched(binaries: Binaries, folder: Path) -> Iterator[Live]:
    """Starts everything, and waits until the rules have seen all of it."""
    nothing, hurried = folder / "nothing-installed.yml", folder / "hurried.yml"
    nothing.write_text(yaml.safe_dump(_NOTHING_INSTALLED))
    hurried.write_text(yaml.safe_dump(_hurried(find("steady"))))
    with ExitStack() as running:
        busy = _start(running, folder / "busy", str(hurried), ["llama3.2:3b", "qwen3:14b", MISSING])
        idle = _start(running, folder / "idle", str(nothing), [])
        targets = [
            {"targets": [busy.address], "labels": {"instance": "busy", "cluster": "east"}},
            {"targets": [busy.address], "labels": {"instance": "busy", "cluster": "west"}},
            {"targets": [idle.address], "labels": {"instance": "idle", "cluster": "east"}},
            *(_machine(running, page) for page in (machines.mac, machines.pc, machines.rig, worker)),
        ]
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "scrape_configs": [{"job_name": "ollama", "static_configs": targets}],
            "rule_files": [str(_without_delays(file, folder)) for file in FILES] + [str(_own(folder))],
        }
        past.write(binaries, folder / "prometheus" / "data", time.time())
        live = Live(running.enter_context(Prometheus(binaries, config, folder / "prometheus")), busy)
        # One alert of each rules file that fires in this state; the last needs a series recorded from another.
        live.prometheus.wait_for('count(ALERTS{alertname="OllamaExpectedModelMissing", alertstate="firing"}) == 2')
        live.prometheus.wait_for("count(instance:llama_metrics_build_info:group) == 3")
        live.prometheus.wait_for("count(instance:ollama_loaded_model_vram_bytes:max7d) == 2")
        # What comes last of what the log tells: a model's second load. A past to compare its speed with is there.
        live.prometheus.wait_for("count(rate(ollama_model_load_duration_seconds_count[15s]) > 0) >= 2")
        live.prometheus.wait_for("count(instance:ollama_generated_tokens_per_second:avg7d) >= 2")
        # The last that comes of power: a token's energy is told once there were tokens, and energy.
        live.prometheus.wait_for("count(instance:ollama_joules_per_generated_token:mean1h > 0) >= 2")
        live.prometheus.wait_for("count(rate(nvidia_gpu_energy_joules_total[15s]) > 0) >= 1")
        # The last of the worker's: slots that are recorded from those that are scraped.
        live.prometheus.wait_for("count(instance:ollama_connections_beyond_slots:sum > 0) >= 1")
        # What a month's budget is told from is recorded three times, each from what was recorded before.
        live.prometheus.wait_for('count(job:ollama_latency_budget:remaining30d{cluster!="north"}) >= 2')
        live.prometheus.wait_for("count(instance:ollama_machine_energy_cost:sum30d) >= 3")
        # A server that was started anew, and one that is of another version since.
        live.prometheus.wait_for("count(changes(ollama_process_start_time_seconds[1m]) > 0) >= 1")
        live.prometheus.wait_for("count(count without (version) (last_over_time(ollama_build_info[10m])) > 1) >= 1")
        yield live


def _hurried(scenario: Path) -> dict[str, Any]:
    """The scenario, but with three times as many answers, each a third as long, and a crash each five seconds.

    No rate sees the first load of a model, and a speed to compare with takes some generations.
    """
    document: dict[str, Any] = yaml.safe_load(scenario.read_text())
    for step in document["steps"]:
        for asked in step.get("requests", []):
            if asked.get("ending") == "crashed":
                asked["rate"] = 0.2
            elif "ending" not in asked and "generated_tokens" in asked:
                asked |= {"rate": 3 * asked["rate"], "generated_tokens": asked["generated_tokens"] // 3}
    document["steps"][:0] = [{"at": 0, "thermal": "moderate"}, {"at": 0, "battery": 0.8}]
    return document


def _start(running: ExitStack, folder: Path, scenario: str, expected: Sequence[str]) -> Host:
    folder.mkdir()
    ollama, exporter = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    target = {"name": "default", "url": f"http://{ollama}", "expected_models": list(expected)}
    log = folder / "server.log"
    collectors: dict[str, Any] = {
        "log": {"source": "file", "path": str(log)},
        # A folder that is there on every machine.
        "host": {"models_path": str(folder)},
        # Or the test would read the machine that it runs on.
        **{name: {"enabled": False} for name in ("powermetrics", "macos", "nvidia", "amd", "runner")},
    }
    if expected:
        collectors["powermetrics"] = {"command": [*_PROGRAM, "simulate", scenario, "--powermetrics"]}
    config = {"targets": [target], "collectors": collectors}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    serve = ["--config.file", str(folder / "config.yml"), "--web.listen-address", exporter]
    simulate = ["simulate", scenario, "--listen", ollama, "--log", str(log)]
    return Host(
        running.enter_context(_program(simulate, f"http://{ollama}/api/version", folder / "ollama.log")),
        running.enter_context(_program(serve, f"http://{exporter}/-/ready", folder / "exporter.log")),
        exporter,
    )


def _machine(running: ExitStack, page: machines.Page) -> dict[str, Any]:
    """A machine that is a page, as a target of its name."""
    address = running.enter_context(machines.served(page))
    return {"targets": [address], "labels": {"instance": page.__name__, "cluster": "east"}}


def _program(arguments: Sequence[str], ready: str, log: Path) -> Child:
    return Child([*_PROGRAM, *arguments], ready, log)


def _own(folder: Path) -> Path:
    """The user's own numbers, as overrides.yml would have them."""
    rules = [{"record": f"ollama:threshold:{name}", "expr": f"vector({OWN_NUMBER})"} for name in OWN]
    file = folder / "overrides.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "own", "interval": "1s", "rules": rules}]}))
    return file


def _without_delays(file: Path, folder: Path) -> Path:
    """A copy of a rules file in which everything is evaluated each second, fires at once and ends at once."""
    document = yaml.safe_load(file.read_text())
    for group in document["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            for delay in ("for", "keep_firing_for"):
                rule.pop(delay, None)
    copy = folder / file.name
    copy.write_text(yaml.safe_dump(document))
    return copy
