"""The channels: a part filled in for each secret file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from llama_metrics.notify import secret
from llama_metrics.notify.part import Part, SecretFile, fill, places
from llama_metrics.notify.routes import Channel
from llama_metrics.schema import Problem, Problems, decode, read_yaml

# A second receiver of a kind that there may be already: slack-escalation beside slack. It hears of one alert only, that
# of rules/escalation.yml: what is critical has not ended within half an hour.
_ESCALATION = "-escalation"
_ESCALATED = 'alertname="OllamaCriticalPersists"'


def read(secrets: Path, parts: Path, folder: Path) -> tuple[list[Channel], list[SecretFile]]:
    """A channel for each file in `secrets`, and the files that are to be written below `folder`.

    Raises Problems with all that is wrong.
    """
    known = {file.stem: file for file in sorted(parts.glob("*.yml"))}
    channels: list[Channel] = []
    files: list[SecretFile] = []
    problems: list[Problem] = []
    for file in _secret_files(secrets):
        try:
            channel, own = _channel(file, known, folder)
        except Problems as found:
            problems += found.problems
        else:
            channels.append(channel)
            files += own
    if problems:
        raise Problems(problems)
    return channels, files


def _secret_files(folder: Path) -> list[Path]:
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise Problems([Problem(str(folder), f"cannot be read: {_reason(error)}")]) from None
    # What an editor leaves behind is no channel.
    return [file for file in files if not file.name.startswith(".") and not file.name.endswith(("~", ".md"))]


def _channel(file: Path, known: dict[str, Path], folder: Path) -> tuple[Channel, Sequence[SecretFile]]:
    is_escalation = file.name.endswith(_ESCALATION)
    name = file.name.removesuffix(_ESCALATION)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        raise Problems([Problem(str(file), f"is the name of no channel; {hint}")])
    part = _part(known[name])
    if is_escalation and "critical" not in part.severities:
        raise Problems([Problem(str(file), f"{name} hears of nothing critical, so nothing is escalated to it")])
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Problems([Problem(str(file), f"cannot be read: {_reason(error)}")]) from None
    filled = fill(part, file.name, secret.parse(str(file), content, places(part)), folder)
    if is_escalation:
        return Channel(filled.receiver, ("critical",), (*part.matchers, _ESCALATED)), filled.files
    return Channel(filled.receiver, part.severities, part.matchers), filled.files


def _part(file: Path) -> Part:
    problems: list[Problem] = []
    part = decode(Part, read_yaml(file), problems)
    if part is None:
        raise Problems([Problem(f"{file}: {problem.path}", problem.message) for problem in problems])
    return part


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"permission denied; user {os.geteuid()}, as which this runs, must be able to read it"
    return (error.strerror or str(error)).lower()
