"""What came before: series of days ago and records of long ago, in Prometheus' storage before it starts.

Of a site where nothing runs any more there are only records, which stay as they are: the rules see nothing new there.
Of others there are the days before.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.binaries import Binaries

HOUR, DAY = 3600, 86400
# How long the site was watched: no longer than Prometheus keeps by itself.
DAYS = 12
FAILURES, DOWN = 4, 3600
# Tokens a second, and energy in an hour.
SPEED = 1 / 0.014
KILOWATT_HOURS = 0.02
# As often as a rule is evaluated at least, and for longer than the tests take.
_STEP, _LEAD = 240, 1800


@dataclass(frozen=True)
class Past:
    """A series: its labels beside the job's, and its values by how many seconds ago."""

    name: str
    labels: Mapping[str, str]
    values: Mapping[int, float]

    def lines(self, now: float) -> Iterator[str]:
        """In OpenMetrics, from the oldest on."""
        labels = ",".join(f'{name}="{value}"' for name, value in {"job": "ollama", **self.labels}.items())
        for ago in sorted(self.values, reverse=True):
            yield f"{self.name}{{{labels}}} {self.values[ago]} {now - ago:.3f}"


def _site(name: str, value: float, **labels: str) -> Past:
    return Past(name, {"cluster": "north", **labels}, {HOUR: value})


def _every_hour(name: str, value: float, **labels: str) -> Past:
    return Past(name, {"cluster": "north", **labels}, {HOUR * hours: value for hours in range(1, 24 * DAYS + 1)})


def _days_ago(name: str, instance: str, **values: float) -> Past:
    """What is seen for as long as the tests run by an offset of so many days: `_3d` is 3."""
    around = {
        int(days.strip("_d")) * DAY + seconds: value
        for days, value in values.items()
        for seconds in range(-_LEAD, _STEP + 1, _STEP)
    }
    return Past(name, {"cluster": "east", "instance": instance}, around)


def series() -> Iterator[Past]:
    """All of it. A server of the site failed in the month and not in the week, and nobody says what its energy cost."""
    for name, bad, left in (
        ("job:ollama_unavailable_minutes:ratio30d", 0.006, "job:ollama_availability_budget:remaining30d"),
        ("job:ollama_user_requests_failed:ratio30d", 0.015, "job:ollama_error_budget:remaining30d"),
        ("job:ollama_user_generations_late:ratio30d", 0.0, "job:ollama_latency_budget:remaining30d"),
    ):
        yield _site(name, bad)
        yield _every_hour(left, 1 - bad / (0.05 if "latency" in left else 0.01))
    for span, down, failures in ((7, 0, 0), (DAYS, DOWN, FAILURES)):
        name, up = "7d" if span == 7 else "30d", span * DAY - down
        yield _site(f"instance:ollama_up_seconds:sum{name}", up, instance="old")
        yield _site(f"instance:ollama_down_seconds:sum{name}", down, instance="old")
        yield _site(f"instance:ollama_failures:count{name}", failures, instance="old")
        yield _site(f"instance:ollama_up:ratio{name}", up / (up + down), instance="old")
        if failures:
            yield _site(f"instance:ollama_time_between_failures_seconds:mean{name}", up / failures, instance="old")
            yield _site(f"instance:ollama_time_to_repair_seconds:mean{name}", down / failures, instance="old")
    # Of this the rules make the days, the weeks and the months themselves.
    yield _every_hour("instance:ollama_machine_energy_kilowatt_hours:sum1h", KILOWATT_HOURS, instance="old")
    for days, name in ((1, "1d"), (7, "7d"), (DAYS, "30d")):
        for kind, tokens in (("prompt", 9000), ("generated", 1000)):
            used = {"kind": kind, "instance": "old", "model": "old:1b"}
            yield _site(f"instance:ollama_tokens:sum{name}", tokens * days, **used)
            # A token is recorded a minute after its request ended at the earliest, and an hour of them later still.
            busy = used | {"instance": "busy", "cluster": "east", "model": "qwen3:14b"}
            yield _site(f"instance:ollama_tokens:sum{name}", tokens * days, **busy)
    # The hours that a model's speed is compared with: as fast as the simulated one is.
    for cluster in ("east", "west"):
        fast = {"cluster": cluster, "instance": "busy", "model": "qwen3:14b"}
        hours = {HOUR * ago: SPEED for ago in range(1, 13)}
        yield Past("instance:ollama_generated_tokens_per_second:mean1h", fast, hours)
    yield Past("job:ollama_tokens:increase5m", {}, {HOUR: 1e6, 3 * DAY: 2e6, 10 * DAY: 3e6})
    yield _days_ago("instance:ollama_server_memory_bytes:min1d", "pc", _1d=90e6, _2d=84e6)
    yield _days_ago("instance:gpu_memory_unexplained_bytes:min1d", "rig", _1d=3.5e9, _2d=3.1e9)
    yield _days_ago("ollama_models_filesystem_available_bytes", "pc", _3d=100e9, _6d=150e9)


def write(binaries: Binaries, folder: Path, now: float) -> None:
    """Makes the folder of a Prometheus that has not started yet. Raises CalledProcessError with what promtool said."""
    folder.mkdir(parents=True)
    text = folder.with_suffix(".txt")
    text.write_text("\n".join(line for one in series() for line in one.lines(now)) + "\n# EOF\n")
    # A block for each two hours would take seconds.
    command = [
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        "--max-block-duration=31d",
        "--quiet",
        str(text),
        str(folder),
    ]
    subprocess.run([str(binaries.promtool), *command], check=True, capture_output=True, timeout=60)
