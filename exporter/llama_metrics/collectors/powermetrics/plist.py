"""A document of powermetrics as a Sample, without what cannot be true. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from llama_metrics.collectors.powermetrics.document import Cpu, Document, load
from llama_metrics.collectors.powermetrics.metrics import LEVELS
from llama_metrics.collectors.powermetrics.sample import Cluster, Rail, Sample

# More than the power supply of any Mac gives.
_MOST_MILLIWATTS = 2e6
# No clock is slower, unless it stands still, or faster: what is beyond them is in another unit than we think.
_SLOWEST, _FASTEST = 1e6, 2e10
# Ratios are printed with six digits, and taken over windows that differ a little.
_NOISE = 0.01
# In the recordings a core takes 0.12 J or more for each second that it works, the GPU 0.2 J, and energy is told in
# whole mJ. So the least that they take in this time is five times what could be read as nothing.
_BUSY_SECONDS = 0.05
_LONGEST_NAME = 64


def parse(text: bytes) -> Sample:
    """Raises BadAnswer where it is no document, or one of something else than a sample."""
    return _Judge(load(text)).sample()


class _Judge:
    """Takes the values of one document, and counts those that cannot be true."""

    def __init__(self, document: Document) -> None:
        self._document, self._seconds = document, document.elapsed_ns / 1e9
        self._implausible = 0

    def sample(self) -> Sample:
        """All of it."""
        gpu = self._document.gpu
        busy = None if gpu.idle_ratio is None else self._share(1 - gpu.idle_ratio)
        shares = [[self._active(cpu) for cpu in section.cpus] for section in self._document.processor.clusters]
        known = [share for cluster in shares for share in cluster if share is not None]
        rails, combined = self._rails(sum(known), busy or 0.0)
        level, charge = self._document.thermal_pressure, self._document.battery.percent_charge
        return Sample(
            seconds=self._seconds,
            rails=rails,
            combined=combined,
            gpu_active=busy,
            gpu_hertz=self._clock(gpu.freq_hz, 1e6),
            clusters=tuple(self._clusters(shares)),
            thermal=None if level is None else level.lower() if level.lower() in LEVELS else LEVELS[-1],
            battery=None if charge is None else self._within(charge / 100, 1.0),
            # Last, when all is counted.
            implausible=self._implausible,
        )

    def _rails(self, cores_busy: float, gpu_busy: float) -> tuple[tuple[Rail, ...], Rail | None]:
        """Each rail, and all together where nothing is missing that the sample tells of."""
        told = self._document.processor
        gpu = (told.gpu_power, told.gpu_energy)
        if gpu == (None, None):
            # Without the sampler cpu_power. Where both are told, this is over a slightly different time.
            gpu = (None, self._document.gpu.gpu_energy)
        given = {"cpu": (told.cpu_power, told.cpu_energy), "gpu": gpu, "ane": (told.ane_power, told.ane_energy)}
        busy = {"cpu": cores_busy, "gpu": gpu_busy, "ane": 0.0}
        wanted = {name for name, values in given.items() if values != (None, None)}
        found = (self._rail(name, *given[name], is_busy=busy[name] * self._seconds > _BUSY_SECONDS) for name in given)
        rails = tuple(rail for rail in found if rail)
        if not {"cpu", "gpu"} <= wanted or {rail.name for rail in rails} != wanted:
            return rails, None
        return rails, Rail("combined", sum(rail.watts for rail in rails), sum(rail.joules for rail in rails))

    def _rail(self, name: str, milliwatts: float | None, millijoules: float | None, *, is_busy: bool) -> Rail | None:
        power = self._within(milliwatts, _MOST_MILLIWATTS)
        energy = self._within(millijoules, _MOST_MILLIWATTS * self._seconds)
        if power is None and energy is None:
            return None
        if energy is None:
            energy = (power or 0.0) * self._seconds
        if power is None:
            power = energy / self._seconds
        if is_busy and not (power and energy):
            # macOS 27 has shown that for the CPU.
            self._implausible += 1
            return None
        return Rail(name, power / 1000, energy / 1000)

    def _clusters(self, shares: list[list[float | None]]) -> Iterator[Cluster]:
        seen = set()
        for section, active in zip(self._document.processor.clusters, shares, strict=True):
            if section.name in seen or not 0 < len(section.name) <= _LONGEST_NAME:
                self._implausible += 1
                continue
            seen.add(section.name)
            # With one core missing, the mean of the others would be a guess.
            known = [share for share in active if share is not None]
            mean = sum(known) / len(known) if known and len(known) == len(active) else None
            yield Cluster(section.name, mean, self._clock(section.freq_hz, 1.0))

    def _active(self, cpu: Cpu) -> float | None:
        return None if cpu.idle_ratio is None else self._share(1 - cpu.idle_ratio - cpu.down_ratio)

    def _share(self, value: float) -> float | None:
        """0 to 1; what is beyond by less than noise is at the edge."""
        if self._within(value + _NOISE, 1 + 2 * _NOISE) is None:
            return None
        return min(max(value, 0.0), 1.0)

    def _clock(self, value: float | None, unit: float) -> float | None:
        hertz = None if value is None else self._within(value * unit, _FASTEST)
        if hertz and hertz < _SLOWEST:
            self._implausible += 1
            return None
        return hertz

    def _within(self, value: float | None, most: float) -> float | None:
        """None, and counted, where it is negative, more than `most`, or no number."""
        if value is None or 0 <= value <= most:
            return value
        self._implausible += 1
        return None
