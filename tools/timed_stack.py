"""The hosts of `make timed`, and the real Prometheus and Alertmanager that watch them with the shipped files."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools import shorten
from tools.binaries import Binaries
from tools.stack import Alertmanager, Child, Prometheus, free_port
from tools.timed_faults import HOSTS, HUNG, Timetable, scenario

CONFIG = Path(__file__).parent.parent / "config"
Rules = dict[str, dict[str, Any]]
"""Alerts by their names, as the files have them."""
_PROGRAM = (sys.executable, "-m", "llama_metrics")
# Ends when nothing has happened within its range.
_RANGED, RANGE = "OllamaQueueFull", "15m"


@dataclass(frozen=True)
class Running:
    """What runs; `began` is when the scenarios of the hosts began, or a moment before."""

    prometheus: Prometheus
    alertmanager: Alertmanager
    exporters: dict[str, Child]
    began: float


@contextmanager
def running(binaries: Binaries, folder: Path, times: Timetable, inbox: str) -> Iterator[Running]:
    """Starts everything before the first fault. Raises RuntimeError where the machine is too slow for that."""
    ports = {host: (free_port(), free_port()) for host in HOSTS}
    with ThreadPoolExecutor(2 * len(HOSTS)) as pool, ExitStack() as stack:
        alertmanager = stack.enter_context(_alertmanager(binaries, folder, times, inbox))
        addresses = {host: f"127.0.0.1:{port}" for host, (_, port) in ports.items()}
        prometheus = stack.enter_context(_prometheus(binaries, folder, times, addresses, alertmanager))
        # It takes its time to find its targets. The scenarios begin after that.
        prometheus.wait_for(f"count(up == 0) == {len(HOSTS)}")
        # Measured from here, an alert is later than it is, never earlier.
        began = time.monotonic()
        ollamas = {host: _ollama(folder / host, ports[host][0], times, host) for host in HOSTS}
        list(pool.map(stack.enter_context, ollamas.values()))
        exporters = {host: _exporter(folder / host, *ports[host], times, host) for host in HOSTS}
        list(pool.map(stack.enter_context, exporters.values()))
        # One after the other, it takes seconds.
        stack.callback(lambda: list(pool.map(Child.stop, [*exporters.values(), *ollamas.values()])))
        prometheus.wait_for(f"count(ollama_up == 1) == {len(HOSTS)}")
        # Not the hang: what is counted of it begins when its exporter does.
        if time.monotonic() - began > times.fault:
            raise RuntimeError("Prometheus saw the hosts only after their faults had begun; the machine is too slow")
        yield Running(prometheus, alertmanager, exporters, began)


def rules(times: Timetable) -> Rules:
    """The alerts by their names, as the timetable has them."""
    return {rule["alert"]: rule for one in _documents(times).values() for rule in _rules(one) if "alert" in rule}


def _documents(times: Timetable) -> dict[str, dict[str, Any]]:
    """The rule files that the shipped configuration loads, by name: as shipped, or quicker."""
    patterns = [CONFIG / pattern for pattern in _read(CONFIG / "prometheus.yml")["rule_files"]]
    files = [file for pattern in patterns for file in sorted(pattern.parent.glob(pattern.name))]
    shipped = {file.name: _read(file) for file in files}
    return shipped if times.divisor == 1 else {name: _quick(document) for name, document in shipped.items()}


def _quick(document: dict[str, Any]) -> dict[str, Any]:
    quick = shorten.rules(document)
    # Or a group that is evaluated once a minute would be late by an hour.
    for group in quick["groups"]:
        if "interval" in group:
            group["interval"] = shorten.shorter(group["interval"])
    for rule in _rules(quick):
        if rule.get("alert") == _RANGED:
            rule["expr"] = rule["expr"].replace(f"[{RANGE}]", f"[{shorten.shorter(RANGE)}]")
    return quick


def _rules(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for group in document["groups"] for rule in group["rules"]]


def _options(service: str, kind: str, times: Timetable) -> dict[str, str]:
    """The options of that kind that docker-compose.yml gives a service."""
    command = _read(CONFIG.parent / "docker-compose.yml")["services"][service]["command"]
    options = dict(option.split("=", 1) for option in command if option.startswith(kind))
    if times.divisor == 1:
        return options
    return {name: shorten.shorter(value) for name, value in options.items()}


def _arguments(options: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in options.items()]


def _alertmanager(binaries: Binaries, folder: Path, times: Timetable, inbox: str) -> Alertmanager:
    shipped = _read(CONFIG / "alertmanager.yml")
    shipped["templates"] = [str(CONFIG / pattern) for pattern in shipped.get("templates", [])]
    quick = shorten.alertmanager(shipped, inbox)
    routes = quick if times.divisor > 1 else {**shipped, "receivers": quick["receivers"]}
    options = _arguments(_options("alertmanager", "--dispatch.", times))
    return Alertmanager(binaries, _written(folder / "alertmanager.yml", routes), folder / "alertmanager", options)


def _prometheus(
    binaries: Binaries, folder: Path, times: Timetable, addresses: dict[str, str], alertmanager: Alertmanager
) -> Prometheus:
    shipped, every = _read(CONFIG / "prometheus.yml"), f"{times.scrape}s"
    targets = [{"targets": [address], "labels": {"instance": host}} for host, address in addresses.items()]
    config = {
        "global": {**shipped["global"], "scrape_interval": every, "evaluation_interval": every},
        "rule_files": [str(_written(folder / name, one)) for name, one in _documents(times).items()],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}]},
        "scrape_configs": [{"job_name": "ollama", "static_configs": targets}],
    }
    options = _options("prometheus", "--rules.alert.", times)
    resend = options.pop("--rules.alert.resend-delay")
    return Prometheus(
        binaries,
        config,
        folder / "prometheus",
        resend_delay=times.resend or resend,
        arguments=_arguments(options),
    )


def _ollama(folder: Path, port: int, times: Timetable, host: str) -> Child:
    folder.mkdir()
    steps = _written(folder / "scenario.yml", scenario(host, times))
    address, log = f"127.0.0.1:{port}", str(folder / "server.log")
    command = [*_PROGRAM, "simulate", str(steps), "--listen", address, "--log", log]
    return Child(command, f"http://{address}/api/version", folder / "ollama.log")


def _exporter(folder: Path, ollama: int, port: int, times: Timetable, host: str) -> Child:
    # What a machine has only one of would be each host's.
    of_the_machine = {name: {"enabled": False} for name in ("process", "runner", "host", "nvidia", "amd")}
    config = {
        "web": {"listen_address": f"127.0.0.1:{port}"},
        "targets": [{"name": "default", "url": f"http://127.0.0.1:{ollama}"}],
        "collectors": {
            **of_the_machine,
            "log": {"source": "file", "path": str(folder / "server.log")},
            "probe": {
                "enabled": host == HUNG,
                "interval": f"{times.probe}s",
                "timeout": f"{times.probe_timeout}s",
            },
        },
    }
    command = [*_PROGRAM, "--config.file", str(_written(folder / "llama-metrics.yml", config))]
    return Child(command, f"http://127.0.0.1:{port}/-/ready", folder / "exporter.log")


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def _written(file: Path, document: dict[str, Any]) -> Path:
    file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return file
