"""`make demo`: a simulated Ollama under the real exporter, Prometheus and Alertmanager, all on loopback.

Prints each notification as it arrives. With DEMO_SECONDS it ends by itself, so many seconds after Prometheus' first
scrape: status 0 if each alert of PROMISED was notified firing and then resolved, 1 if not, 2 for a DEMO_SECONDS that
is no number. Without it, it runs until Ctrl-C. An argument names another scenario than `demo`.
"""

from __future__ import annotations

import math
import os
import queue
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from tools import shorten
from tools.binaries import CACHE, Binaries, NotFound, locate
from tools.notices import Inbox, Notice, missing
from tools.stack import Alertmanager, Child, Prometheus, free_port

CONFIG = Path(__file__).parent.parent / "config"
PROMISED = ("OllamaModelOnCpu", "OllamaErrorRatioHigh", "OllamaExpectedModelMissing", "OllamaDown")
EXPECTED_MODELS = ["llama3.2:3b", "nomic-embed-text"]
INTERVAL = "1s"
PROBE_INTERVAL = "10s"
# Alertmanager takes an alert that is not sent again within four times this for resolved.
RESEND_DELAY = "5s"
_STOP = "stop"
Events = queue.SimpleQueue[Notice | str]


def main(arguments: list[str]) -> int:
    """Runs the demo; gives the exit status."""
    text = os.environ.get("DEMO_SECONDS", "")
    seconds = _seconds(text) if text else None
    if seconds == 0:
        print(f"DEMO_SECONDS is {text!r}, which is no number of seconds above 0.", file=sys.stderr)
        return 2
    try:
        binaries = locate()
        # This machine's proxy, if it has one, is not for loopback. The last has Ollama's runners tell their counters.
        os.environ |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "LLAMA_ARG_ENDPOINT_METRICS": "1"}
        CACHE.mkdir(exist_ok=True)
        # A signal handler may only do what is safe at any moment; SimpleQueue.put is.
        events: Events = queue.SimpleQueue()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: events.put(_STOP))
        with tempfile.TemporaryDirectory(prefix="demo-", dir=CACHE) as folder:
            return _run(binaries, Path(folder), arguments[0] if arguments else "demo", seconds, events)
    except (NotFound, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _seconds(text: str) -> float:
    """0 where the text is no positive number."""
    try:
        seconds = float(text)
    except ValueError:
        return 0
    return seconds if 0 < seconds < math.inf else 0


def _run(binaries: Binaries, folder: Path, scenario: str, seconds: float | None, events: Events) -> int:
    notices = []
    with ExitStack() as running, Inbox(events.put) as inbox:
        prometheus = _start(running, binaries, folder, scenario, inbox.url)
        for notice, at in _arriving(events, prometheus, seconds):
            notices.append(notice)
            print(notice.text(at), flush=True)
        print("Stopping.", flush=True)
    lacking = missing(notices, PROMISED)
    if lacking and seconds:
        print(f"Not arrived: {', '.join(lacking)}.")
        return 1
    if not lacking:
        print(f"Arrived firing and then resolved: {', '.join(PROMISED)}.")
    return 0


def _start(running: ExitStack, binaries: Binaries, folder: Path, scenario: str, inbox: str) -> Prometheus:
    """Starts everything, says where it is, and hands it to `running` to be stopped."""
    routes = _written(folder / "alertmanager.yml", shorten.alertmanager(_read(CONFIG / "alertmanager.yml"), inbox))
    alertmanager = running.enter_context(Alertmanager(binaries, routes, folder / "alertmanager"))
    ollama, exporter = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    log = folder / "server.log"
    command = [sys.executable, "-m", "llama_metrics"]
    config = {
        "web": {"listen_address": exporter},
        "targets": [{"name": "default", "url": f"http://{ollama}", "expected_models": EXPECTED_MODELS}],
        "collectors": {
            "tags": {"max_age": INTERVAL},
            "log": {"source": "file", "path": str(log)},
            "runner": {"metrics": True},
            "probe": {"enabled": True, "interval": PROBE_INTERVAL},
            "powermetrics": {"command": [*command, "simulate", scenario, "--powermetrics"]},
        },
    }
    simulate = [*command, "simulate", scenario, "--listen", ollama, "--log", str(log), "--runners"]
    # Ollama before its exporter, or the demo would begin with an alert; its clock runs from here on.
    running.enter_context(Child(simulate, f"http://{ollama}/api/version", folder / "ollama.log"))
    serve = [*command, "--config.file", str(_written(folder / "llama-metrics.yml", config))]
    running.enter_context(Child(serve, f"http://{exporter}/-/ready", folder / "exporter.log"))
    settings = _prometheus(folder, exporter, alertmanager.url.removeprefix("http://"))
    prometheus = Prometheus(binaries, settings, folder / "prometheus", resend_delay=RESEND_DELAY)
    running.enter_context(prometheus)
    print(f"A simulated Ollama, scenario {scenario}, on http://{ollama}, with simulated runners and a simulated")
    print("powermetrics, watched by what is real:")
    print(f"  exporter      http://{exporter}/")
    print(f"  Prometheus    {prometheus.url}/alerts")
    print(f"  Alertmanager  {alertmanager.url}/")
    _say_what_is_shorter()
    return prometheus


def _prometheus(folder: Path, exporter: str, alertmanager: str) -> dict[str, Any]:
    """The shipped configuration with our addresses and intervals, and the shortened rules."""
    shipped = _read(CONFIG / "prometheus.yml")
    rules = [_written(folder / file.name, shorten.rules(_read(file))) for file in _rule_files()]
    job = shipped["scrape_configs"][0]["job_name"]
    target = {"targets": [exporter], "labels": {"instance": "demo"}}
    return {
        "global": {**shipped["global"], "scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [str(file) for file in rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": job, "static_configs": [target]}],
    }


def _say_what_is_shorter() -> None:
    print("\nShorter than shipped, for minutes to be enough; the texts of the alerts still say the shipped times:")
    for rule in [rule for file in _rule_files() for group in _read(file)["groups"] for rule in group["rules"]]:
        if rule.get("alert") in PROMISED:
            print(f"  {rule['alert']}: {_pairs(rule, ('for', 'keep_firing_for'))}")
    route = _read(CONFIG / "alertmanager.yml")["route"]
    print(f"  Alertmanager: {_pairs(route, ('group_wait', 'group_interval'))}")
    print(f"  the same times of every other alert and route: 1/{shorten.DIVISOR} of the shipped ones")
    shipped = _read(CONFIG / "prometheus.yml")["global"]
    print(f"  Prometheus: scrapes every {shipped['scrape_interval']} -> {INTERVAL}", end="")
    print(f", rules every {shipped['evaluation_interval']} -> {INTERVAL}, resend delay 15s -> {RESEND_DELAY}")
    print(f"  exporter: the list of installed models is kept for 60s -> {INTERVAL}", end="")
    print(f", pinned models are probed every 60s -> {PROBE_INTERVAL}\n")


def _pairs(mapping: dict[str, Any], keys: tuple[str, ...]) -> str:
    return ", ".join(f"{key} {mapping[key]} -> {shorten.shorter(mapping[key])}" for key in keys if key in mapping)


def _arriving(events: Events, prometheus: Prometheus, seconds: float | None) -> Iterator[tuple[Notice, float]]:
    """Each notice once, with the seconds since the first scrape, until a signal or the end."""
    late = time.monotonic() + 30
    while events.empty() and not prometheus.query("up == 1"):
        if time.monotonic() > late:
            raise RuntimeError("Prometheus has not scraped the exporter within 30 s.")
        # Either may come first, a signal or the scrape, and Prometheus gives no sign of its own.
        time.sleep(0.1)
    start = time.monotonic()
    print(f"Expected, firing and then resolved: {', '.join(PROMISED)}.")
    print("First scrape. " + (f"Ends in {seconds:g} s." if seconds else "Ctrl-C ends it."), flush=True)
    seen = set()
    while True:
        left = None if seconds is None else max(0.0, start + seconds - time.monotonic())
        try:
            event = events.get(timeout=left)
        except queue.Empty:
            return
        if isinstance(event, str):
            return
        if (event.episode, event.status) not in seen:
            seen.add((event.episode, event.status))
            yield event, time.monotonic() - start


def _rule_files() -> list[Path]:
    patterns = [CONFIG / pattern for pattern in _read(CONFIG / "prometheus.yml")["rule_files"]]
    return [file for pattern in patterns for file in sorted(pattern.parent.glob(pattern.name))]


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def _written(file: Path, document: dict[str, Any]) -> Path:
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
