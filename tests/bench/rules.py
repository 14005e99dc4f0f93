"""What the shipped rules cost a real Prometheus that watches a fleet, for fleets of three sizes."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml
from promql_parser import display_duration

from tests.bench import fleet, remote_write
from tests.bench.table import Row
from tests.rules.pack import FILES, RULES, groups
from tools.binaries import locate
from tools.stack import Prometheus

_SIZES = (100, 300, 1000)
_EVALUATIONS = 7
_QUESTIONS = 3
_BUDGET_SECONDS = 1
# From the smallest fleet to the largest, beside ten times the hosts: what each evaluation costs by itself is shared by
# more hosts, what grows faster than they do shows here.
_BUDGET_GROWTH = 1.5
_PATIENCE = 240
# Of a place-holder and of every host, equally long, for one message to serve all of them.
_NAME = "host-{:04d}"
ARGUMENTS = (
    "--web.enable-remote-write-receiver",
    # All of the month stays in one block in memory, so that it may come in any order.
    "--storage.tsdb.min-block-duration=62d",
    "--storage.tsdb.max-block-duration=62d",
    "--storage.tsdb.retention.time=90d",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the rules cost with so many hosts: seconds an evaluation, those of slower groups, bytes in RAM, series."""

    hosts: int
    seconds: float
    slower: Mapping[str, float]
    resident: int
    series: int


def measure(folder: Path) -> Iterator[Row]:
    """Evaluation of all rules for 100, 300 and 1,000 hosts with three models each."""
    costs = [cost(folder / str(hosts), hosts) for hosts in _SIZES]
    smallest, largest = costs[0], costs[-1]
    yield Row(
        f"one evaluation of the rules of every 15 s, {largest.hosts} hosts",
        largest.seconds,
        _BUDGET_SECONDS,
        "s",
        f"of each rule the least of {_EVALUATIONS}; those of every "
        + ", ".join(f"{interval} {seconds:.2f} s" for interval, seconds in largest.slower.items())
        + f"; Prometheus: {largest.resident / 1e9:.1f} GB for {largest.series} series",
    )
    yield Row(
        f"the same for each host, {largest.hosts} hosts beside {smallest.hosts}",
        largest.seconds / largest.hosts / (smallest.seconds / smallest.hosts),
        _BUDGET_GROWTH,
        "x",
        ", ".join(f"{one.hosts}: {one.seconds * 1e3:.0f} ms" for one in costs),
    )


def cost(folder: Path, hosts: int) -> Cost:
    """Fills a Prometheus with a fleet, has it evaluate the shipped rules, and looks at what that takes."""
    # Thrice as often as shipped, for it to be done thrice as soon.
    settings: dict[str, Any] = {"global": {"evaluation_interval": "5s"}}
    with Prometheus(locate(), settings, folder, arguments=ARGUMENTS) as prometheus:
        fill(prometheus.url, hosts)
        slower = _asked(prometheus.url)
        # Only now, so that no evaluation meets half a fleet.
        settings["rule_files"] = [str(_written(folder / "rules.yml"))]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
        os.kill(prometheus.pid, signal.SIGHUP)
        took = _evaluated(prometheus.url)
        series = _get(prometheus.url, "status/tsdb")["headStats"]["numSeries"]
        return Cost(hosts, took, slower, psutil.Process(prometheus.pid).memory_info().rss, series)


def fill(url: str, hosts: int) -> None:
    """Writes so many hosts, all of their past, into a Prometheus that was started with ARGUMENTS."""
    now, name = time.time(), _NAME.format(0).encode()
    mac, linux = (remote_write.message(fleet.of_host(name.decode(), mac=mac), now) for mac in (True, False))
    with requests.Session() as session:
        remote_write.send(session, url, remote_write.message(fleet.of_job(), now))
        for number in range(hosts):
            message = linux if number % 3 else mac
            remote_write.send(session, url, message.replace(name, _NAME.format(number).encode()))


def _written(target: Path) -> Path:
    """The rules that are evaluated as often as is shipped for all, as one group: one after the other, and timed as one.

    As they are shipped, groups are evaluated side by side, and each one's time has the waiting for the others in it.
    """
    rules = [
        rule
        for file in FILES
        for group in groups(file.read_text())
        if "interval" not in group
        for rule in group["rules"]
    ]
    target.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    return target


def _asked(url: str) -> Mapping[str, float]:
    """Seconds that an evaluation of the slower rules takes, by interval: each is asked, or it would take hours."""
    seconds: dict[str, float] = defaultdict(float)
    for rule in RULES:
        if rule.interval:
            seconds[display_duration(rule.interval)] += min(_seconds(url, rule.expr) for _ in range(_QUESTIONS))
    return seconds


def _seconds(url: str, expression: str) -> float:
    answer = _get(url, "query", query=expression, stats="all")
    return float(answer["stats"]["timings"]["evalTotalTime"])


def _evaluated(url: str) -> float:
    """Seconds that an evaluation takes: of each rule the least of some, for what else runs on this machine only adds.

    Raises RuntimeError where a rule cannot be evaluated, or evaluations do not come.
    """
    seen: set[str] = set()
    least: dict[str, float] = defaultdict(lambda: inf)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        for group in _get(url, "rules")["groups"]:
            for rule in group["rules"]:
                if rule["health"] == "err":
                    raise RuntimeError(f"{rule['name']} cannot be evaluated: {rule['lastError']}")
                if group["evaluationTime"]:
                    seen.add(group["lastEvaluation"])
                    least[rule["name"]] = min(least[rule["name"]], rule["evaluationTime"])
        if len(seen) >= _EVALUATIONS:
            return sum(least.values())
        time.sleep(1)  # Prometheus tells nobody that it has evaluated: asking again is the only way to know
    raise RuntimeError(f"the rules were evaluated {len(seen)} times within {_PATIENCE} s, not {_EVALUATIONS}")


def _get(url: str, path: str, **parameters: str) -> Any:
    """An answer of Prometheus' API. It may take a while: what is too slow is to be measured, not to be given up."""
    answer = requests.get(f"{url}/api/v1/{path}", params=parameters, timeout=_PATIENCE).json()
    if answer["status"] != "success":
        raise RuntimeError(f"{path} {parameters}: {answer['error']}")
    return answer["data"]
