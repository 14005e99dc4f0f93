"""Where Ollama's log is: as it is configured, or else where Ollama's installers put it.

macOS: the app's file, Homebrew's file. Linux: the unit's journal, a container, a file of an init script's. The first
candidate that can be used is the log.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.log.sources import trouble
from llama_metrics.collectors.log.sources.docker import DockerSource, running_ollamas
from llama_metrics.collectors.log.sources.docker_api import DEFAULT_HOST, Engine
from llama_metrics.collectors.log.sources.file import FileSource
from llama_metrics.collectors.log.sources.journald import JournalSource
from llama_metrics.collectors.log.sources.source import LogSource
from llama_metrics.collectors.log.sources.stdin import StdinSource
from llama_metrics.errors import NotPermitted, SourceError, Unsupported
from llama_metrics.system.machine import Machine

_SNAP_UNIT = "snap.ollama.listener"
_HOMEBREW = ("opt/homebrew/var/log/ollama.log", "usr/local/var/log/ollama.log")
_APP = ".ollama/logs/server.log"
_INIT_SCRIPT = "var/log/ollama.log"


@dataclass(frozen=True)
class Candidate:
    """A place where the log may be.

    Attributes:
        description: which one, in a few words.
        open: makes the source; touches nothing yet.
        trouble: why it cannot be used: a sentence, and what to do behind its semicolon. None where it can.

    """

    description: str
    open: Callable[[], LogSource]
    trouble: SourceError | None = None


@dataclass(frozen=True)
class Found:
    """Every place that was looked at, the best one first."""

    candidates: tuple[Candidate, ...]

    @property
    def chosen(self) -> Candidate | None:
        """The first that can be used."""
        return next((candidate for candidate in self.candidates if candidate.trouble is None), None)

    def open(self) -> LogSource:
        """The log; one that only lacks permission too, whose readings say so until it is granted. Else Unsupported."""
        usable = [one for one in self.candidates if one.trouble is None or _is_forbidden(one)]
        if usable:
            return (self.chosen or usable[0]).open()
        troubles = [candidate.trouble for candidate in self.candidates if candidate.trouble]
        for error in troubles:
            if isinstance(error, NotPermitted) or len(troubles) == 1:
                raise Unsupported(str(error))
        where = ", ".join(candidate.description for candidate in self.candidates)
        raise Unsupported(
            f"no log of Ollama's was found ({where}); `llama-metrics doctor` says why not, and collectors.log.source"
            " and collectors.log.path name another"
        )


def find(options: LogOptions, machine: Machine, *, local: bool) -> Found:
    """The places to look at. `local` tells whether the Ollama that is watched runs on this machine."""
    engine = Engine(machine.environ.get("DOCKER_HOST") or DEFAULT_HOST)
    if options.source == "stdin":
        return Found((Candidate("standard input", StdinSource),))
    if options.source == "journald":
        return Found((_journal(options.unit, machine),))
    if options.source == "docker" or (options.source == "auto" and options.container):
        return Found((_container(options.container, engine),))
    if options.source == "file" or options.path:
        return Found((_file(options.path, machine.home),))
    return Found(tuple(_by_itself(options, machine, engine) if local else [_elsewhere()]))


def _is_forbidden(candidate: Candidate) -> bool:
    return isinstance(candidate.trouble, NotPermitted) and candidate.open is not _nothing


def _nothing() -> LogSource:
    raise Unsupported("there is no such log")


def _elsewhere() -> Candidate:
    return Candidate(
        "the log of another machine",
        _nothing,
        Unsupported(
            "Ollama does not run on this machine, and its log is where it runs; run an exporter there, or name a copy"
            " in collectors.log.path"
        ),
    )


def _file(path: str | None, home: Path) -> Candidate:
    if path:
        # No shell stands between the configuration and us.
        path = str(home / path[2:]) if path.startswith("~/") else path
        return Candidate(f"the file {path}", partial(FileSource, path))
    return Candidate(
        "a file", _nothing, Unsupported("collectors.log.source is file; name the file in collectors.log.path")
    )


def _container(name: str | None, engine: Engine) -> Candidate:
    if name:
        return Candidate(f"the container {name}", lambda: DockerSource(name, engine))
    return Candidate(
        "a container",
        _nothing,
        Unsupported("collectors.log.source is docker; name the container in collectors.log.container"),
    )


def _journal(unit: str, machine: Machine) -> Candidate:
    return Candidate(f"the journal of the unit {unit}", lambda: JournalSource(unit, machine.user))


def _by_itself(options: LogOptions, machine: Machine, engine: Engine) -> list[Candidate]:
    if machine.system == "Darwin":
        return _files_of_macos(machine)
    if machine.system != "Linux":
        what = Unsupported(f"nothing is known of Ollama's log on {machine.system}; name it in collectors.log.path")
        return [Candidate("a log", _nothing, what)]
    if machine.is_container():
        return [_host_of_container(), *_containers(engine)]
    units = [_unit(unit, machine) for unit in dict.fromkeys((options.unit, _SNAP_UNIT))]
    active = [candidate for candidate, is_active in units if is_active]
    idle = [candidate for candidate, is_active in units if not is_active]
    files = _present([machine.root / _INIT_SCRIPT])
    return [*active, *_containers(engine), *files, *idle]


def _host_of_container() -> Candidate:
    return Candidate(
        "a log of the host",
        _nothing,
        Unsupported(
            "this exporter runs in a container, where the host's logs are not; mount the log and name it in"
            " collectors.log.path, or let the exporter reach Docker and name Ollama's container in"
            " collectors.log.container"
        ),
    )


def _unit(unit: str, machine: Machine) -> tuple[Candidate, bool]:
    """The unit's journal, and whether the unit is running."""
    candidate = _journal(unit, machine)
    name = unit if unit.endswith(".service") else f"{unit}.service"
    said = machine.run(["systemctl", "show", "--property=LoadState,ActiveState", name])
    if said is None:
        why = Unsupported("systemd does not run here, or does not answer")
        return Candidate(candidate.description, _nothing, why), False
    if "LoadState=loaded" not in said.split():
        why = Unsupported("systemd has no such unit; name the one that runs Ollama in collectors.log.unit")
        return Candidate(candidate.description, _nothing, why), False
    return candidate, "ActiveState=active" in said.split()


def _containers(engine: Engine) -> Iterator[Candidate]:
    """The running container with Ollama's image; nobody can tell which of several is meant."""
    try:
        names = running_ollamas(engine)
    except SourceError as error:
        yield Candidate("a container", _nothing, error)
        return
    if not names:
        why = Unsupported("no running container has an image called ollama; name it in collectors.log.container")
        yield Candidate("a container", _nothing, why)
    for name in names:
        candidate = _container(name, engine)
        if len(names) > 1:
            why = Unsupported("several containers run Ollama; name the one that is meant in collectors.log.container")
            candidate = Candidate(candidate.description, candidate.open, why)
        yield candidate


def _files_of_macos(machine: Machine) -> list[Candidate]:
    """The app's and Homebrew's. Who runs as root has another home than the user of the app."""
    homes = {machine.home, *(machine.root / "Users").glob("*")}
    apps = [home / _APP for home in sorted(homes) if home == machine.home or os.access(home / _APP, os.F_OK)]
    return _present([*apps, *(machine.root / path for path in _HOMEBREW)])


def _present(paths: Iterable[Path]) -> list[Candidate]:
    """The files, what was written last first, then those that are not there or may not be read."""
    ages: list[tuple[float, Candidate]] = []
    for path in paths:
        candidate, changed = Candidate(f"the file {path}", partial(FileSource, str(path))), 0.0
        try:
            with path.open("rb"):
                changed = path.stat().st_mtime
        except OSError as error:
            candidate = Candidate(candidate.description, candidate.open, _why(path, error))
        ages.append((-changed, candidate))
    return [candidate for _, candidate in sorted(ages, key=lambda pair: pair[0])]


def _why(path: Path, error: OSError) -> SourceError:
    """A file that is not there is only one of several places; one that may not be read is worth a command."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Unsupported("there is no such file")
    told = trouble.of(path, error)
    return type(told)(str(told).removeprefix(f"{path}: "))
