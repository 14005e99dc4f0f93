"""Do Ollama's runners tell their slots and their counters, and what would make them?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from llama_metrics.collector import Context
from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.runner.collector import RUNNER
from llama_metrics.collectors.runner.metrics import LOADING, NO_SLOTS, OTHER, READY, SILENT
from llama_metrics.collectors.runner.options import RunnerOptions
from llama_metrics.collectors.runner.reading import Reading, Runner
from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import SourceError, Unsupported
from llama_metrics.system.machine import Machine

_SECONDS = 5.0
_VARIABLE = "LLAMA_ARG_ENDPOINT_METRICS"
_KEY = "collectors.runner.metrics: true"
_SHARE = (
    "in compose use config/with-runners.yml, which shares a container's network and processes; in Kubernetes"
    " shareProcessNamespace, in Ollama's pod"
)
_UNITS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_PLIST = "opt/ollama/homebrew.mxcl.ollama.plist"
_NOT_READY = {
    LOADING: Check(
        "runners",
        "absent",
        "the runner of {} does not listen yet, as while a model is loaded",
        "look again in a minute",
    ),
    SILENT: Check(
        "runners",
        "trouble",
        f"the runner of {{}} is there, and did not answer within {_SECONDS:.0f} s",
        "if it stays so, requests for that model hang: `ollama stop` it, or restart Ollama",
    ),
    NO_SLOTS: Check(
        "runners",
        "absent",
        "the runner of {} tells no slots",
        "update Ollama to 0.30 or later; or take LLAMA_ARG_NO_ENDPOINT_SLOTS out of its environment",
    ),
    OTHER: Check(
        "runners",
        "trouble",
        "the runner of {} answers as none of Ollama's does",
        "if LLAMA_API_KEY is in Ollama's environment, take it out: with it every request for a model fails",
    ),
}


def look(config: Config, machine: Machine) -> Iterator[Check]:
    """One check for each state that runners are in, and one for their counters."""
    options = next((own for collector, own in config.collectors if collector.name == "runner"), RunnerOptions())
    assert isinstance(options, RunnerOptions)  # noqa: S101  the collector declares it
    context = Context(config.target, machine, now=time.time, monotonic=time.monotonic)
    try:
        source = RUNNER.open(RunnerOptions(metrics=True), context)
        try:
            reading = source.read(time.monotonic() + _SECONDS)
        finally:
            source.close()
    except Unsupported as error:
        yield replace(trouble("runners", "", error), state="absent")
    except SourceError as error:
        yield trouble("runners", "", error)
    else:
        yield from describe(reading, machine, wanted=options.metrics, line=line(config, machine))


def describe(reading: Reading, machine: Machine, *, wanted: bool, line: str) -> Iterator[Check]:
    """What the runners tell; `wanted`: whether the configuration asks for counters, `line`: what lets runners count."""
    if reading.elsewhere:
        yield Check("runners", "absent", "runners of Ollama's are in a container whose network is not ours", _SHARE)
    elif not reading.runners:
        yield _none(machine)
    for state in (READY, *_NOT_READY):
        if of_state := [one for one in reading.runners if one.state == state]:
            yield _in_state(state, of_state)
    # One that tells no slots may have its counters on; else it has to be mended first.
    if counting := [one for one in reading.runners if one.state == READY or one.counters]:
        yield _counters(counting, wanted=wanted, line=line)


def _none(machine: Machine) -> Check:
    if machine.is_container():
        told = "no runner is seen: no model is in memory, or its processes are not shared with this container"
        return Check("runners", "absent", told, _SHARE)
    fix = "look again while `ollama ps` lists a model"
    return Check("runners", "absent", "no runner of Ollama's is there: no model is in memory", fix)


def _in_state(state: str, runners: Sequence[Runner]) -> Check:
    if state == READY:
        slots = [one.slots for one in runners if one.slots]
        busy, idle = sum(one.busy for one in slots), sum(one.idle for one in slots)
        return Check("runners", "ok", f"the slots of {_names(runners)} are told: {busy} busy, {idle} idle")
    check = _NOT_READY[state]
    return replace(check, sentence=check.sentence.format(_names(runners)))


def _counters(runners: Sequence[Runner], *, wanted: bool, line: str) -> Check:
    """Do they tell what they count, and are they asked?"""
    mute = [one for one in runners if one.counters is None]
    if mute and wanted:
        return Check("counters", "trouble", f"{_KEY} is set, and the runner of {_names(mute)} tells no counters", line)
    if mute:
        return Check("counters", "absent", f"the runner of {_names(mute)} tells no counters", f"{line}; then {_KEY}")
    if not wanted:
        return Check(
            "counters", "absent", f"the runner of {_names(runners)} tells its counters, and is not asked", _KEY
        )
    return Check("counters", "ok", f"the counters of {_names(runners)} are told")


def _names(runners: Sequence[Runner]) -> str:
    return ", ".join(sorted(one.model for one in runners))


def line(config: Config, machine: Machine) -> str:
    """What sets the variable for Ollama's server, the way it is started here."""
    if machine.is_container():
        return f"set {_VARIABLE}=1 for Ollama's container, as config/with-runners.yml does, or for its unit on the host"
    if machine.system == "Darwin":
        return _line_for_mac(machine)
    log = next((own for collector, own in config.collectors if collector.name == "log"), LogOptions())
    assert isinstance(log, LogOptions)  # noqa: S101  the collector declares it
    if any((machine.root / folder / f"{log.unit}.service").exists() for folder in _UNITS):
        return (
            f"`sudo systemctl edit {log.unit}`, in [Service] the line Environment={_VARIABLE}=1,"
            f" `sudo systemctl restart {log.unit}`"
        )
    return f"start Ollama anew, with {_VARIABLE}=1 in its environment"


def _line_for_mac(machine: Machine) -> str:
    prefixes = (Path("/opt/homebrew"), Path("/usr/local"))
    plist = next((one / _PLIST for one in prefixes if (machine.root / one.relative_to("/") / _PLIST).exists()), None)
    if plist and not (machine.root / "Applications/Ollama.app").exists():
        add = f"Add :EnvironmentVariables:{_VARIABLE} string 1"
        return f"`/usr/libexec/PlistBuddy -c '{add}' {plist}`, `brew services restart ollama`"
    return f"`launchctl setenv {_VARIABLE} 1` in a terminal of the Mac's own screen, and start the app anew"
