"""What the system says when a log file cannot be read, as one sentence with what to do."""

from __future__ import annotations

import grp
import os
import shlex
import stat
from pathlib import Path

from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, Unreachable
from llama_metrics.system.machine import user_name

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def of(path: Path, error: OSError) -> SourceError:
    """The SourceError for what opening or reading `path` came to."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return Unreachable(f"{path}: there is no such file yet; it is read as soon as there is")
        case PermissionError():
            return NotPermitted(f"{path}: {_grant(path)}")
        case _:
            return SourceError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}; it is tried again")


def not_a_file(path: Path, mode: int) -> BadAnswer:
    """The error for something else than a regular file, whose end nobody can tell."""
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return BadAnswer(f"{path}: is {kind}, not a regular file; name the file that Ollama logs to")


def _grant(path: Path) -> str:
    """Who may not do what, and the command that lets them: the first folder that is closed, else the file."""
    user = user_name()
    real = path.resolve()
    for folder in reversed(real.parents):
        if not os.access(folder, os.X_OK, effective_ids=True):
            return f"user {user} may not enter {folder}; `sudo chmod o+x {_quoted(folder)}` lets everyone through"
    group, file = _group(), _quoted(real)
    return f"user {user} may not read it; `sudo chgrp {group} {file} && sudo chmod g+r {file}` lets group {group} do so"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _group() -> str:
    try:
        return grp.getgrgid(os.getegid()).gr_name
    except KeyError:
        return str(os.getegid())
