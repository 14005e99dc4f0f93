"""A program whose output is read as it comes, and which does not go on without its reader."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from llama_metrics.errors import NotPermitted, Stale, Unsupported

_CHUNK = 64 * 1024
_KEPT_OF_STDERR = 2048
_GRACE = 1.0


class Child:
    """One running program. Raises Unsupported where it is not installed, NotPermitted where it may not be run."""

    def __init__(self, command: Sequence[str]) -> None:
        self._name, self._said, self._ended = command[0], b"", False
        try:
            self._process = subprocess.Popen(  # noqa: S603  the command is ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                # Ctrl-C in a terminal is for us; we end the child ourselves.
                start_new_session=True,
            )
        except FileNotFoundError:
            raise Unsupported(f"{command[0]} is not installed here") from None
        except OSError as error:
            raise NotPermitted(f"{command[0]} cannot be run: {os.strerror(error.errno or 0).lower()}") from None
        assert self._process.stdout is not None  # noqa: S101  PIPE was asked for
        assert self._process.stderr is not None  # noqa: S101  likewise
        self._out, self._err = self._process.stdout, self._process.stderr
        # Not select(): with a thousand targets watched, a descriptor may be above what it can take.
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)

    def read(self, seconds: float) -> bytes | None:
        """What it has written; None where that is nothing within `seconds`, b"" at the end of its output."""
        if self._ended:
            return b""
        ready = {descriptor for descriptor, _ in self._poll.poll(seconds * 1000)}
        if self._err.fileno() in ready:
            # Read even where nobody wants it: a full pipe would stop the child.
            chunk = os.read(self._err.fileno(), _CHUNK)
            self._said = (self._said + chunk)[-_KEPT_OF_STDERR:]
            if not chunk:
                self._poll.unregister(self._err)
        if self._out.fileno() not in ready:
            return None
        chunk = os.read(self._out.fileno(), _CHUNK)
        self._ended = not chunk
        return chunk

    def end(self) -> tuple[int, str]:
        """Ends it, however it goes on; its exit status, and the end of what it said on standard error.

        Raises Stale where it still runs after two or three seconds; this may be called again then, and read() not.
        """
        # Who has closed its output is about to exit by itself, and its own status says more than our signal.
        status = self._wait(_GRACE if self._ended else 0)
        if status is None:
            # What belongs to another user, as all that sudo starts, takes no signal from us; but nobody who reads it is
            # left then, and its next write ends it.
            self._out.close()
            with suppress(PermissionError):
                self._process.terminate()
                status = self._wait(_GRACE)
                if status is None:
                    self._process.kill()
            if status is None:
                status = self._wait(_GRACE)
        if status is None:
            pid = self._process.pid
            raise Stale(f"{self._name} (process {pid}) was told to end and still runs; end it with `sudo kill {pid}`")
        # What it said last. A grandchild may hold the pipe open, so this waits for nothing.
        os.set_blocking(self._err.fileno(), False)
        with suppress(BlockingIOError):
            self._said = (self._said + os.read(self._err.fileno(), _CHUNK))[-_KEPT_OF_STDERR:]
        self._out.close()
        self._err.close()
        return status, self._said.decode("utf-8", errors="replace").strip()

    def _wait(self, seconds: float) -> int | None:
        """Its exit status; None where it goes on for longer."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None
