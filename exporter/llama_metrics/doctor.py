"""Looks at everything once and says what is there, what is not, and the one line that would change it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from llama_metrics.collector import Target
from llama_metrics.collectors.log.options import LogOptions
from llama_metrics.collectors.log.sources.find import Candidate, find
from llama_metrics.collectors.log.sources.source import LogSource
from llama_metrics.collectors.log.sources.stdin import StdinSource
from llama_metrics.config import Config
from llama_metrics.errors import SourceError, TimedOut, Unsupported
from llama_metrics.ollama.answers import Version
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.eras import prints_costs
from llama_metrics.system.machine import Machine, is_local

_SECONDS = 5.0
_STEP = 0.25


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: the subject, in a word.
        state: there and usable; there, or wanted, and not usable; not there.
        sentence: what was found.
        fix: what would change it; empty where nothing need be changed.

    """

    name: str
    state: Literal["ok", "trouble", "absent"]
    sentence: str
    fix: str = ""


def examine(config: Config, machine: Machine) -> tuple[Check, ...]:
    """Every check, in their order."""
    return tuple(check for look in _LOOKS for check in look(config, machine))


def is_well(checks: Sequence[Check]) -> bool:
    """Whether what nobody can do without is there: an Ollama that answers, and a log that can be read."""
    return {"ollama", "log"} <= {check.name for check in checks if check.state == "ok"}


def as_text(checks: Sequence[Check]) -> str:
    """One line a check, and one more for what would change it."""
    name_width, state_width = max(len(check.name) for check in checks), len("trouble")
    lines = []
    for check in checks:
        begin = f"{check.state:{state_width}}  {check.name:{name_width}}  "
        lines.append(begin + check.sentence)
        if check.fix:
            lines.append(" " * len(begin) + f"-> {check.fix}")
    return "\n".join(lines) + "\n"


def _ollama(config: Config, _: Machine) -> Iterator[Check]:
    target: Target = config.target
    try:
        answer = Client(target.url, target.headers).get("/api/version", Version, time.monotonic() + _SECONDS)
    except SourceError as error:
        yield _trouble("ollama", "", error)
        return
    yield Check("ollama", "ok", f"Ollama {answer.version} answers at {target.url}")
    if prints_costs(answer.version):
        yield Check("tokens", "ok", f"the log of Ollama {answer.version} tells the tokens of each request")
    else:
        yield Check(
            "tokens",
            "absent",
            f"Ollama {answer.version} prints no tokens at its default level; OLLAMA_DEBUG=1 would not help with"
            " generated tokens",
            "update Ollama to 0.30 or later",
        )


def _log(config: Config, machine: Machine) -> Iterator[Check]:
    options = next((own for collector, own in config.collectors if collector.name == "log"), LogOptions())
    assert isinstance(options, LogOptions)  # noqa: S101  the collector declares it
    found = find(options, machine, local=is_local(config.target.url))
    for candidate in found.candidates:
        if candidate is found.chosen:
            yield _read(candidate)
        elif candidate.trouble:
            check = _trouble("log", f"{candidate.description}: ", candidate.trouble)
            # Of the places that nobody named, most are not there on any machine.
            is_absent = options.source == "auto" and isinstance(candidate.trouble, Unsupported)
            yield replace(check, state="absent") if is_absent else check
        else:
            yield Check("log", "absent", f"{candidate.description}: not used, for there is one before it")


def _read(candidate: Candidate) -> Check:
    """The chosen log is opened and read, for only that proves it."""
    source = candidate.open()
    if isinstance(source, StdinSource):
        # What is read from it is gone.
        return Check("log", "ok", f"{candidate.description}: whatever is piped in is followed")
    try:
        _expect_answer(source)
    except SourceError as error:
        return _trouble("log", f"{candidate.description}: ", error)
    finally:
        source.close()
    return Check("log", "ok", f"{candidate.description}: it can be read, and is followed")


def _expect_answer(source: LogSource) -> None:
    """Raises SourceError where the log cannot be read. A block without text only says that it is still being asked."""
    ends = time.monotonic() + _SECONDS
    while (block := source.read(_STEP)) is not None and not block.text:
        if time.monotonic() >= ends:
            raise TimedOut(f"no line of it came within {_SECONDS:.0f} s")


def _trouble(name: str, prefix: str, error: SourceError) -> Check:
    """An error's sentence says what came back, and behind its semicolon what to do."""
    sentence, _, fix = str(error).partition("; ")
    return Check(name, "trouble", prefix + sentence, fix)


_LOOKS: tuple[Callable[[Config, Machine], Iterable[Check]], ...] = (_ollama, _log)
