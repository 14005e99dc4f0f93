"""The machine, as what looks at it takes it. Tests make one of their own."""

from __future__ import annotations

import ipaddress
import os
import platform
import pwd
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_SECONDS = 5.0
_DISCARD = 9


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What is asked of it in more than one place.

    Attributes:
        system: Linux, Darwin, as `platform.system` names it.
        user: whom we run as.
        home: their folder.
        environ: our environment.
        run: runs a program; what it prints, or None where it is not there or fails.
        root: what stands for `/`.

    """

    system: str
    user: str
    home: Path
    environ: Mapping[str, str]
    run: Callable[[Sequence[str]], str | None]
    root: Path = Path("/")

    def is_container(self) -> bool:
        """Whether we run in one ourselves, where the logs of the host are not."""
        marks = (self.root / ".dockerenv", self.root / "run/.containerenv")
        return "KUBERNETES_SERVICE_HOST" in self.environ or any(mark.exists() for mark in marks)


def this_machine(environ: Mapping[str, str]) -> Machine:
    """The real one."""
    home = Path(environ.get("HOME", "/"))
    return Machine(system=platform.system(), user=user_name(), home=home, environ=environ, run=_run)


def user_name() -> str:
    """Whom we run as; in a container there may be no name, only the number."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def is_local(url: str) -> bool:
    """Whether a base URL leads to this machine: to its loopback, or to where our own messages to it would come from."""
    host = urlsplit(url).hostname or ""
    try:
        for family, kind, _, _, address in socket.getaddrinfo(host, _DISCARD, type=socket.SOCK_DGRAM):
            with socket.socket(family, kind) as probe, suppress(OSError):
                # Of a datagram socket: it chooses the way, and sends nothing.
                probe.connect(address)
                there = str(probe.getpeername()[0])
                if there == probe.getsockname()[0] or ipaddress.ip_address(there.partition("%")[0]).is_loopback:
                    return True
    except (OSError, UnicodeError):
        pass
    return False


def _run(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  the commands are ours
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else None
