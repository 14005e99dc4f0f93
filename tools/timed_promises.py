"""What is promised of each fault's alert, and whether its notifications kept it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from llama_metrics.duration import Duration
from tools.timed_faults import CPU, DOWN, FLAPPING, HUNG, QUEUE, Timetable
from tools.timed_journal import Arrival, Key, repeats, together, turns
from tools.timed_stack import RANGE, Rules

# Not read from config/alertmanager.yml, which is what is tested.
_GROUP_INTERVAL = {"critical": "1m", "warning": "5m"}
_ALERTS = {
    DOWN: "OllamaDown",
    FLAPPING: "OllamaDown",
    QUEUE: "OllamaQueueFull",
    HUNG: "OllamaInferenceHung",
    CPU: "OllamaModelOnCpu",
}
# What fires on the host that flaps while OllamaDown does, and is muted by it.
MUTED: Key = ("OllamaFlapping", FLAPPING)
# What begins at one moment and comes in one message.
TOGETHER: tuple[Key, ...] = (("OllamaDown", DOWN), ("OllamaDown", FLAPPING))


@dataclass(frozen=True, slots=True)
class Promise:
    """One notification: not before `since`, and at the latest `within` seconds after it. `since` counts from the start
    of the hosts.
    """

    key: Key
    status: str
    since: float
    within: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it: when it came, in the same seconds; `fault` is empty where the promise was kept."""

    promise: Promise
    came: float | None
    fault: str = ""

    @property
    def row(self) -> str:
        """A line of the table."""
        promise = self.promise
        cells = [f"{promise.key[0]:<20}", f"{promise.key[1]:<9}", f"{promise.status:<9}", f"{promise.since:8.1f}"]
        if self.came is None:
            cells += [f"{'-':>8}", f"{'-':>8}", f"{promise.within:8.1f}", f"{'-':>8}"]
        else:
            took = self.came - promise.since
            cells += [f"{self.came:8.1f}", f"{took:8.1f}", f"{promise.within:8.1f}", f"{promise.within - took:8.1f}"]
        return "  ".join([*cells, self.fault or "kept"])


HEAD = "alert                 host       status        since      came   seconds  promised    margin  verdict"


def keys() -> list[Key]:
    """The alert of each fault."""
    return [(name, host) for host, name in _ALERTS.items()]


def promises(times: Timetable, rules: Rules) -> list[Promise]:
    """All that is promised, by the shape of each alert's expression."""
    firing, resolved = [], []
    for name, host in keys():
        rule = rules[name]
        # OllamaDown and OllamaModelOnCpu ask what is true now, and OllamaQueueFull has seen its first refusal with it.
        window = times.longest_hang() if host == HUNG else 0.0
        within = window + _seconds(rule, "for") + times.allowance
        firing.append(Promise((name, host), "firing", times.fault_of(host), within))
        over = {HUNG: times.longest_wait(), QUEUE: _shortened(RANGE, times)}.get(host, 0.0)
        wait = _shortened(_GROUP_INTERVAL[rule["labels"]["severity"]], times)
        within = over + _seconds(rule, "keep_firing_for") + wait + times.allowance
        resolved.append(Promise((name, host), "resolved", times.cure_of(host), within))
    return [*firing, *resolved, _muted(times, rules)]


def _muted(times: Timetable, rules: Rules) -> Promise:
    """OllamaFlapping is told when OllamaDown is over, which stays for a while after the last outage, and not before.

    Its last look at the outage was at most a scrape and an evaluation before the end of it.
    """
    kept = times.cure_of(FLAPPING) + _seconds(rules["OllamaDown"], "keep_firing_for") - 2 * times.scrape
    return Promise(
        MUTED, "firing", kept, 2 * times.scrape + _shortened(_GROUP_INTERVAL["warning"], times) + times.allowance
    )


def judge(promised: Sequence[Promise], arrivals: Iterable[Arrival], began: float, times: Timetable) -> list[Verdict]:
    """A verdict a promise.

    The first alert of a group opens it; the others may wait for the group's next turn, which is an interval later.
    """
    arrived = list(arrivals)
    verdicts = []
    for promise in promised:
        changes = turns(arrived, promise.key)
        came = [one.at - began for one in changes if one.status == promise.status]
        verdicts.append(_verdict(promise, came, times, is_first=_is_first(promise, arrived)))
    return verdicts


def wrong(verdicts: Iterable[Verdict], arrivals: Sequence[Arrival], *, was_muted: bool) -> list[str]:
    """All that is to be complained of, a line each; `was_muted` is whether Alertmanager was seen to mute."""
    complaints = [f"{_named([one.promise.key])}: {one.fault}" for one in verdicts if one.fault]
    complaints += [f"a message told nothing new: {_named(about)}" for about in repeats(arrivals)]
    if not together(arrivals, TOGETHER):
        complaints.append(f"no message told of {' and '.join(host for _, host in TOGETHER)} together")
    if not was_muted:
        complaints.append(f"{MUTED[0]} was not muted while OllamaDown fired")
    return complaints


def _verdict(promise: Promise, came: list[float], times: Timetable, *, is_first: bool) -> Verdict:
    if not came:
        return Verdict(promise, None, "LOST")
    if promise.status == "firing" and not is_first:
        wait = _shortened(_GROUP_INTERVAL["critical"], times)
        promise = replace(promise, within=promise.within + wait)
    took, faults = came[0] - promise.since, []
    if took < 0:
        faults.append("EARLY")
    if took > promise.within:
        faults.append("LATE")
    faults += [f"AGAIN at {at:.0f}" for at in came[1:]]
    return Verdict(promise, came[0], ", ".join(faults))


def _is_first(promise: Promise, arrivals: Iterable[Arrival]) -> bool:
    """Whether no other host's alert of that name was told before: that one has opened the group."""
    name, _ = promise.key
    return next((one.key for one in arrivals if one.key[0] == name), promise.key) == promise.key


def _named(keys: Iterable[Key]) -> str:
    return ", ".join(f"{name} on {host}" for name, host in keys)


def _seconds(rule: Mapping[str, object], key: str) -> float:
    return float(Duration.parse(rule[key])) if key in rule else 0.0


def _shortened(shipped: str, times: Timetable) -> float:
    return float(Duration.parse(shipped)) / times.divisor
