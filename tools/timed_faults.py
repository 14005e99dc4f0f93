"""What fails on which host, and when: the timetables of `make timed`, and the scenarios that follow them.

Five hosts side by side, each with one fault, so that no alert stands in for another and the longest wait is the only
one. All moments are seconds from the start of the host's simulated Ollama.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MODEL = "timed:1b"
DOWN, FLAPPING, QUEUE, HUNG, CPU = HOSTS = ("down", "flapping", "queue", "hung", "cpu")
# Ups and downs of the host that flaps, after its long outage: with that, one more failure than OllamaFlapping takes.
_FLAPS = 4


@dataclass(frozen=True, slots=True)
class Timetable:
    """When what happens, and how fast everybody looks.

    Attributes:
        divisor: by how much every `for`, `keep_firing_for`, wait and group's interval of the shipped files is divided.
        scrape: seconds between two scrapes, and between two evaluations.
        resend: Prometheus' resend delay; None is the shipped one.
        probe, probe_timeout: the probe's interval and timeout.
        fault, hang: when three faults begin, and when the model hangs.
        refusals: for how long the queue is full.
        flaps, flap: when the ups and downs begin, and how long each lasts. After them all outages are over.
        hung_cure, cpu_cure: when the model answers again, and is on the GPU again.
        restarts_prober: whether the exporter that probes is restarted too.
        allowance: what the promise gives to a scrape, an evaluation, group_wait and the way between them.

    """

    divisor: int
    scrape: int
    resend: str | None
    probe: int
    probe_timeout: int
    fault: float
    hang: float
    refusals: float
    flaps: float
    flap: float
    hung_cure: float
    cpu_cure: float
    restarts_prober: bool
    allowance: float

    @property
    def up_again(self) -> float:
        """When the outages are over."""
        return self.flaps + 2 * _FLAPS * self.flap

    def fault_of(self, host: str) -> float:
        """When its fault begins."""
        return self.hang if host == HUNG else self.fault

    def cure_of(self, host: str) -> float:
        """When its fault is over."""
        cures = {QUEUE: self.fault + self.refusals, HUNG: self.hung_cure, CPU: self.cpu_cure}
        return cures.get(host, self.up_again)

    def longest_hang(self) -> float:
        """Until two probes of a model that hangs have had their time: a round comes every interval, give or take a
        tenth, and the first one may just have begun before.
        """
        return 2 * 1.1 * self.probe + self.probe_timeout

    def longest_wait(self) -> float:
        """From a cure to the next probe that succeeds: the one that still waits ends, and the next round comes."""
        return max(1.1 * self.probe, self.probe_timeout) + 1


# The shipped timings. Prometheus and Alertmanager are restarted when all but the hang was notified, after 370 s or so;
# the cures leave them time for that.
SHIPPED = Timetable(
    divisor=1,
    scrape=15,
    resend=None,
    probe=60,
    probe_timeout=60,
    fault=45,
    hang=45,
    refusals=15,
    flaps=640,
    flap=20,
    hung_cure=700,
    cpu_cure=500,
    restarts_prober=True,
    allowance=45,
)
# A minute is a second. The probe has a shortest interval of its own: its hang comes first, and its exporter is not
# restarted, for until its next failure the alert would last longer than it is kept firing for here.
QUICK = Timetable(
    divisor=60,
    scrape=1,
    resend="5s",
    probe=10,
    probe_timeout=2,
    fault=10,
    hang=4,
    refusals=2,
    flaps=29,
    flap=1.5,
    hung_cure=36,
    cpu_cure=29,
    restarts_prober=False,
    allowance=15,
)


def scenario(host: str, times: Timetable) -> dict[str, Any]:
    """The scenario of one host, as its file holds it."""
    return {
        "version": "0.33.0-rc2",
        "gpus": [{"id": "GPU-0", "name": "NVIDIA GeForce RTX 4070", "memory": 12_878_610_432}],
        "models": [
            {
                "name": MODEL,
                "size": 1_321_098_329,
                "modified_at": "2026-10-02T08:14:31Z",
                "format": "gguf",
                "context_length": 131072,
                "capabilities": ["completion"],
            }
        ],
        "steps": [_load(1), *_STEPS[host](times)],
    }


def _load(at: float, *, gpu: float = 1, busy: bool = False) -> dict[str, Any]:
    """The model pinned in memory, or taken by a request that has no end."""
    memory = {"model": MODEL, "memory": 1_700_000_000, "gpu": gpu, "context_length": 8192, "keep_alive": "forever"}
    return {"at": at, "load": [{**memory, "busy": busy}]}


def _outage(times: Timetable) -> list[dict[str, Any]]:
    return [{"at": times.fault, "server": "down"}, {"at": times.up_again, "server": "up"}]


def _flapping(times: Timetable) -> list[dict[str, Any]]:
    turns = [
        {"at": times.flaps + number * times.flap, "server": "down" if number % 2 else "up"}
        for number in range(2 * _FLAPS + 1)
    ]
    return [{"at": times.fault, "server": "down"}, *turns]


def _refusals(times: Timetable) -> list[dict[str, Any]]:
    refused = {"model": MODEL, "rate": 2, "ending": "rejected"}
    return [{"at": times.fault, "requests": [refused]}, {"at": times.fault + times.refusals, "requests": []}]


def _hang(times: Timetable) -> list[dict[str, Any]]:
    begin, end = times.hang, times.hung_cure
    return [{"at": begin, "unload": MODEL}, _load(begin, busy=True), {"at": end, "unload": MODEL}, _load(end)]


def _fallback(times: Timetable) -> list[dict[str, Any]]:
    begin, end = times.fault, times.cpu_cure
    return [{"at": begin, "unload": MODEL}, _load(begin, gpu=0), {"at": end, "unload": MODEL}, _load(end)]


_STEPS = {DOWN: _outage, FLAPPING: _flapping, QUEUE: _refusals, HUNG: _hang, CPU: _fallback}
