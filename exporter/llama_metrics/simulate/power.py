"""What powermetrics would print on a Mac that runs a scenario: samples of its power, and each as a document.

The documents have the form that macOS 26 gives them on Apple silicon, traps included; the Mac and its numbers are made
up.
"""

from __future__ import annotations

import plistlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from llama_metrics.simulate.scenario import Scenario, Thermal
from llama_metrics.simulate.state import state_at
from llama_metrics.simulate.traffic import Traffic

# Watts of a Mac that does nothing, and what all of a part adds while it is busy.
_CPU_IDLE, _CPU_BUSY = 0.21, 19.0
_GPU_IDLE, _GPU_BUSY = 0.03, 26.0
# MHz: the lowest and the highest clock.
_EFFICIENT, _FAST, _GPU = (1020, 2592), (1260, 4404), (338, 1578)
_CORES = 4
# Seconds that the Mac had been on when the scenario began.
_UPTIME = 263_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A span of time on the Mac.

    Attributes:
        ended: its end.
        elapsed: its seconds.
        gpu, cpu: the share of it in which the GPU and the fast cores worked for Ollama.
        thermal: the pressure at its end.
        battery: how much of it is charged, where there is one.

    """

    ended: datetime
    elapsed: float
    gpu: float
    cpu: float
    thermal: Thermal
    battery: float | None


class Meter:
    """The samples of one run of a scenario, each of the span since the one before; `began` is its start."""

    def __init__(self, scenario: Scenario, began: datetime) -> None:
        self._scenario, self._began = scenario, began
        self._traffic = Traffic(scenario)
        self._until = 0.0
        # Of each request under way: its beginning, its end, the share of its model that is on the GPU.
        self._work: list[tuple[float, float, float]] = []

    def until(self, seconds: float) -> Sample:
        """Up to that moment, which is later than the one before."""
        begun = [(event.at, event.work) for event in self._traffic.until(seconds) if event.work]
        self._work += [(at, at + work.seconds, work.gpu) for at, work in begun]
        state = state_at(self._scenario, seconds)
        if not state.up:
            # A dead server takes along what it was at.
            self._work = []
        elapsed = seconds - self._until
        shares = [(max(0.0, min(end, seconds) - max(at, self._until)) / elapsed, gpu) for at, end, gpu in self._work]
        sample = Sample(
            ended=self._began + timedelta(seconds=seconds),
            elapsed=elapsed,
            # Models side by side add up, to no more than all of it.
            gpu=min(1.0, sum(share * gpu for share, gpu in shares)),
            cpu=min(1.0, sum(share * (1 - gpu) for share, gpu in shares)),
            thermal=state.thermal,
            battery=state.battery,
        )
        self._until, self._work = seconds, [one for one in self._work if one[1] > seconds]
        return sample

    @property
    def booted(self) -> datetime:
        """When the Mac was started."""
        return self._began - timedelta(seconds=_UPTIME)


def document(sample: Sample, booted: datetime) -> bytes:
    """The sample as powermetrics writes it for cpu_power, gpu_power, thermal and battery, without a separator."""
    battery = {} if sample.battery is None else {"battery": {"percent_charge": round(sample.battery * 100)}}
    # What else runs, and what feeds the GPU.
    efficient, fast = 0.07 + 0.2 * max(sample.gpu, sample.cpu), min(1.0, 0.01 + 0.06 * sample.gpu + sample.cpu)
    clusters = [_cluster("E-Cluster", 0, efficient, 0.0, _EFFICIENT, sample) | {"online_ratio": 1.0}]
    # Fast cores without work are switched off for most of the time. The last cluster has no online_ratio.
    clusters.append(_cluster("P-Cluster", _CORES, fast, 0.7, _FAST, sample))
    watts = {"cpu": _CPU_IDLE + _CPU_BUSY * fast, "gpu": _GPU_IDLE + _GPU_BUSY * sample.gpu, "ane": 0.0}
    energies = {rail: round(1000 * power * sample.elapsed) for rail, power in watts.items()}
    rails: dict[str, object] = {}
    for rail, energy in energies.items():
        rails |= {f"{rail}_energy": energy, f"{rail}_power": _real(energy / sample.elapsed)}
    rails["combined_power"] = _real(sum(energies.values()) / sample.elapsed)
    sections = {
        "is_delta": True,
        "elapsed_ns": _ns(sample.elapsed),
        "hw_model": "Simulated1,1",
        "kern_osversion": "25B78",
        "kern_bootargs": "",
        "kern_boottime": int(booted.timestamp()),
        "timestamp": sample.ended.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        **battery,
        "processor": {"clusters": clusters, **rails},
        "thermal_pressure": sample.thermal.capitalize(),
        "gpu": _gpu(sample) | {"gpu_energy": energies["gpu"]},
    }
    return plistlib.dumps(sections, sort_keys=False)


def _cluster(
    name: str, first: int, active: float, off: float, clocks: tuple[int, int], sample: Sample
) -> dict[str, object]:
    """A cluster is idle while all of its cores are, of which the first is the busiest. Its clocks are hertz."""
    # The later ones have a little less to do.
    shares = [active * (1 - 0.1 * core) for core in range(_CORES)]
    cpus = [{"cpu": first + core} | _resting(share, off, clocks, sample) for core, share in enumerate(shares)]
    return {"name": name, "hw_resid_counters": True, **_resting(active, off, clocks, sample), "cpus": cpus}


def _resting(active: float, off: float, clocks: tuple[int, int], sample: Sample) -> dict[str, object]:
    """Of a core or a cluster: its clock, and the time in which it was idle, switched off, and at each clock."""
    idle, down = (1 - active) * (1 - off), (1 - active) * off
    return {
        "freq_hz": _real(_clock(active, clocks) * 1e6),
        "idle_ns": _ns(idle * sample.elapsed),
        "idle_ratio": _real(idle),
        "down_ns": _ns(down * sample.elapsed),
        "down_ratio": _real(down),
        "dvfm_states": _states(active, clocks, sample),
    }


def _gpu(sample: Sample) -> dict[str, object]:
    """The GPU. The clock that is called hertz here is in MHz, as in every recorded document."""
    busy = min(1.0, 0.02 + sample.gpu)
    wanted = {"used_ns": _ns(sample.elapsed), "used_ratio": 1.0}
    used = {"used_ns": _ns(busy * sample.elapsed), "used_ratio": _real(busy)}
    return {
        "freq_hz": _real(_clock(busy, _GPU)),
        "idle_ns": _ns((1 - busy) * sample.elapsed),
        "idle_ratio": _real(1 - busy),
        "dvfm_states": _states(busy, _GPU, sample),
        "sw_requested_state": [{"sw_req_state": "P1", **wanted}],
        "sw_state": [{"sw_state": "SW_P1", **used}],
    }


def _clock(active: float, clocks: tuple[int, int]) -> float:
    """The mean of the lowest and the highest clock while busy: the busier, the more of the highest."""
    return clocks[0] + active * (clocks[1] - clocks[0])


def _states(active: float, clocks: tuple[int, int], sample: Sample) -> list[dict[str, object]]:
    """The time at the lowest and at the highest clock, such that `_clock` is their mean."""
    shares = (active * (1 - active), active * active)
    return [
        {"freq": clock, "used_ns": _ns(share * sample.elapsed), "used_ratio": _real(share)}
        for clock, share in zip(clocks, shares, strict=True)
    ]


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _real(number: float) -> float:
    """With the six digits that powermetrics writes."""
    return float(f"{number:g}")
