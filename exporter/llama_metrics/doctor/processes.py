"""Which processes of Ollama are there, and what may we see of them? And where are its models?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from llama_metrics.collector import Context
from llama_metrics.collectors.host.collector import HOST, HostOptions
from llama_metrics.collectors.process.collector import PROCESS, ProcessOptions
from llama_metrics.collectors.process.reading import Group, Reading
from llama_metrics.config import Config
from llama_metrics.doctor.check import Check, trouble
from llama_metrics.errors import SourceError, Unsupported
from llama_metrics.system.machine import Machine

_SECONDS = 5.0


def look(config: Config, machine: Machine) -> Iterator[Check]:
    """One check for the processes, one for what of them is not permitted to see, one for the disk of the models."""
    context = Context(config.target, machine, now=time.time, monotonic=time.monotonic)
    try:
        source = PROCESS.open(ProcessOptions(), context)
        try:
            reading = source.read(time.monotonic() + _SECONDS)
        finally:
            source.close()
    except Unsupported as error:
        # The machine that we run on is not Ollama's, so neither is its disk.
        yield replace(trouble("processes", "", error), state="absent")
        return
    except SourceError as error:
        yield trouble("processes", "", error)
    else:
        yield from describe(reading, machine)
    yield _models(config, context)


def describe(reading: Reading, machine: Machine) -> Iterator[Check]:
    """What was found, and what of it is not permitted to see."""
    yield _found(reading, machine)
    yield from _permitted(reading)


def _found(reading: Reading, machine: Machine) -> Check:
    if reading.servers is None and not reading.runners:
        fix = "let the exporter run where Ollama runs"
        if machine.is_container():
            fix = (
                "share its process namespace: `pid: service:ollama` in compose, shareProcessNamespace in Kubernetes,"
                " `pid: host` for an Ollama of the host"
            )
        return Check("processes", "absent", "Ollama's processes are not to be seen from here", fix)
    if not reading.servers and not reading.runners:
        return Check("processes", "absent", "no process of Ollama runs on this machine")
    servers = "its server is hidden" if reading.servers is None else _plural(reading.servers, "server")
    models = ", ".join(one.label[1] for one in reading.groups if one.label[1])
    runners = _plural(reading.runners or 0, "runner") + (f" with {models}" if models else "")
    return Check("processes", "ok", f"Ollama's processes: {servers}, {runners}")


def _permitted(reading: Reading) -> Iterator[Check]:
    """What is absent although its processes are there."""
    if not reading.groups:
        return
    hidden = [word for word, is_known in _known(reading.groups) if not is_known]
    if reading.connections is None:
        hidden.append("connections")
    if hidden:
        what = f"not permitted to see, or not to be seen from here: {', '.join(hidden)} of Ollama's processes"
        yield Check("processes", "absent", what, "run the exporter as the user of Ollama, or as root, if you want them")


def _known(groups: tuple[Group, ...]) -> Iterator[tuple[str, bool]]:
    yield "memory", all(one.resident is not None for one in groups)
    yield "threads", all(one.threads is not None for one in groups)
    yield "open files", all(one.open_fds is not None for one in groups)


def _models(config: Config, context: Context) -> Check:
    options = next((own for collector, own in config.collectors if collector.name == "host"), HostOptions())
    assert isinstance(options, HostOptions)  # noqa: S101  the collector declares it
    source = HOST.open(options, context)
    try:
        disk = source.read(time.monotonic() + _SECONDS).models
    except SourceError as error:
        return trouble("models", "", error)
    finally:
        source.close()
    if disk is None:
        fix = "name it in collectors.host.models_path, or any folder of its disk that we may look at"
        return Check("models", "absent", "the folder of Ollama's models is not to be found, or not to be seen", fix)
    room = f"{disk.available / 2**30:.0f} of {disk.size / 2**30:.0f} GiB"
    return Check("models", "ok", f"the disk of Ollama's models has room for {room}")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
