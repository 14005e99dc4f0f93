"""Small programs that answer once, run side by side. None of them takes another's time, and none outlives its bound."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, TimedOut, Unsupported

_CHUNK = 64 * 1024
_LARGEST = 8 * 1024 * 1024
_KEPT_OF_STDERR = 300
# Nothing of our own environment: its language would change what they print, and no tool needs the rest of it.
_ENVIRON = {"LC_ALL": "C", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program printed, and how it ended.

    Attributes:
        status: its exit status; negative where a signal ended it.
        out: all of its standard output.
        said: the end of its standard error.

    """

    status: int
    out: bytes
    said: str


def ask(commands: Mapping[str, Sequence[str]], seconds: float) -> dict[str, Answer | SourceError]:
    """Runs all of the commands at once; within `seconds` each has an answer, or an error that says why not.

    The error is Unsupported where the program is not there, NotPermitted where it cannot be run, TimedOut, or BadAnswer
    where it prints without end.
    """
    ends = time.monotonic() + seconds
    answers: dict[str, Answer | SourceError] = {}
    tools: dict[str, _Tool] = {}
    with selectors.PollSelector() as selector:
        try:
            for name, command in commands.items():
                try:
                    tools[name] = _Tool(command, selector)
                except SourceError as error:
                    answers[name] = error
            while selector.get_map() and (left := ends - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    key.data.take(key.fileobj)
        finally:
            for name, tool in tools.items():
                answers[name] = tool.end(ends, seconds)
    return answers


class _Tool:
    """One running program."""

    def __init__(self, command: Sequence[str], selector: selectors.BaseSelector) -> None:
        self._path, self._selector = command[0], selector
        self._out, self._said = bytearray(), b""
        try:
            self._process = subprocess.Popen(  # noqa: S603  the commands are ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=_ENVIRON,
                # A group of its own: where it is killed, so is what it has started and what holds its output open.
                start_new_session=True,
            )
        except FileNotFoundError:
            raise Unsupported(f"{self._path} is not on this machine") from None
        except OSError as error:
            raise NotPermitted(f"{self._path} cannot be run: {os.strerror(error.errno or 0).lower()}") from None
        assert self._process.stdout is not None  # noqa: S101  PIPE was asked for
        assert self._process.stderr is not None  # noqa: S101  likewise
        self._streams = (self._process.stdout, self._process.stderr)
        self._open = set(self._streams)
        for stream in self._streams:
            selector.register(stream, selectors.EVENT_READ, self)

    def take(self, stream: IO[bytes]) -> None:
        """Reads what there is in one of its pipes."""
        chunk = os.read(stream.fileno(), _CHUNK)
        if stream is self._process.stdout:
            self._out += chunk
        else:
            self._said = (self._said + chunk)[-_KEPT_OF_STDERR:]
        if len(self._out) > _LARGEST:
            self._leave(*self._open)
        elif not chunk:
            self._leave(stream)

    def _leave(self, *streams: IO[bytes]) -> None:
        for stream in streams:
            self._selector.unregister(stream)
            self._open.discard(stream)

    def end(self, ends: float, seconds: float) -> Answer | SourceError:
        """Its answer, where it has given one and ends by itself; else it is killed, and the error says why."""
        try:
            if len(self._out) > _LARGEST:
                self._kill()
                return BadAnswer(f"{self._path} prints more than {_LARGEST // 2**20} MiB")
            if not self._is_over(ends):
                self._kill()
                return TimedOut(f"{self._path} gives no answer within {seconds:.1f} s")
            said = self._said.decode("utf-8", errors="replace").strip()
            return Answer(self._process.returncode, bytes(self._out), said)
        finally:
            for stream in self._streams:
                stream.close()

    def _is_over(self, ends: float) -> bool:
        """Whether its output has ended and it has exited."""
        if self._open:
            # Not waited for: until it is, nobody else can have the number that it may be killed by.
            return False
        with suppress(subprocess.TimeoutExpired):
            # Who has closed its output is about to exit.
            self._process.wait(max(0.0, ends - time.monotonic()))
        return self._process.returncode is not None

    def _kill(self) -> None:
        # macOS says EPERM where only what has ended already is in the group.
        with suppress(PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # Without a bound: whom even this does not end hangs in the kernel, and starting one more of it at each scrape
        # would be worse than a collector that waits and says so.
        self._process.wait()
