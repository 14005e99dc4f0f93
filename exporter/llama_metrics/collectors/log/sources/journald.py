"""Ollama's log in systemd's journal, read by `journalctl --output json`.

Three runs of it follow each other: one tells the unit's last record, and by it the present invocation; one gives the
records of that invocation, the past; one follows from the last of them on, and that is counted. The cursor of the last
record handed on is where a run that ended is taken up again, so nothing is lost and nothing counted twice.
"""

from __future__ import annotations

import time
from typing import Literal

from llama_metrics.collectors.log.sources.journal_records import FIELDS, Record, RecordReader, Unbroken
from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.errors import BadAnswer, NotPermitted, SourceError, Unreachable, Unsupported
from llama_metrics.system.backoff import Backoff
from llama_metrics.system.child import Child

PAST_RECORDS = 20_000


class JournalSource:
    """A unit's records.

    Args:
        unit: as journalctl takes it, with or without `.service`.
        user: whom we run as, for the sentence that says what to grant.
        journalctl: the program.
        backoff: when a run that ended is started again.

    """

    def __init__(self, unit: str, user: str, journalctl: str = "journalctl", backoff: Backoff | None = None) -> None:
        self._unit, self._user, self._journalctl = unit, user, journalctl
        self._backoff = backoff or Backoff()
        self._phase: Literal["look", "past", "live"] = "look"
        self._run: Child | None = None
        self._records = RecordReader()
        self._last: Record | None = None
        self._cursor: str | None = None
        self._unbroken = Unbroken()
        self._garbage: bytes | None = None
        self._failure: SourceError | None = None
        self.rotations = 0

    def read(self, seconds: float) -> Block | None:
        """See LogSource. While the journal is still asked for the past, there are blocks without text."""
        ends = time.monotonic() + seconds
        while True:
            if self._run is None:
                self._start()
            block = self._step(max(0.0, ends - time.monotonic()))
            if block is not None:
                return block
            if time.monotonic() < ends:
                continue
            if self._failure is not None:
                raise type(self._failure)(str(self._failure))
            return None if self._phase == "live" else Block(b"", past=True)

    def unread(self) -> int | None:
        """The journal does not tell."""
        return None

    def close(self) -> None:
        """Ends the run under way."""
        if self._run is not None:
            self._run.end()
            self._run = None

    def _start(self) -> None:
        """The next run. Raises what the last one ended with as long as it is too early for the next."""
        if self._failure is not None and self._backoff.left():
            raise type(self._failure)(str(self._failure))
        command = [self._journalctl, f"--unit={self._unit}", "--output=json", f"--output-fields={FIELDS}"]
        # Without it, a line of more than 4096 bytes is null: the server's configuration is one.
        command += ["--all"]
        if self._phase == "look":
            command += ["--lines=1"]
        elif self._phase == "past":
            command += [f"--lines={PAST_RECORDS}", *self._invocation()]
        else:
            # Not --after-cursor: where the record is gone, that leaves out the one after it.
            command += ["--follow", "--no-tail", *([f"--cursor={self._cursor}"] if self._cursor else [])]
            self.rotations += self._failure is not None
        self._records = RecordReader()
        try:
            self._run = Child(command)
        except SourceError as error:
            raise self._failed(error) from None
        if self._phase == "live":
            self._failure = None

    def _invocation(self) -> list[str]:
        """The match that leaves out former invocations; none where systemd did not say which one it is."""
        known = self._last and self._last.invocation
        return [f"_SYSTEMD_INVOCATION_ID={known}"] if known else []

    def _step(self, seconds: float) -> Block | None:
        """What comes next from the run. Raises SourceError where it ended before it should."""
        if self._garbage is not None:
            garbage, self._garbage = self._garbage, None
            raise BadAnswer(f"{self._journalctl} printed what is no record of the journal: {garbage!r}")
        assert self._run is not None  # noqa: S101  read() has started it
        chunk = self._run.read(seconds)
        if chunk:
            return self._take(chunk)
        if chunk is not None:
            self._ended()
        return None

    def _ended(self) -> None:
        """Goes on to the next phase, or raises SourceError."""
        assert self._run is not None  # noqa: S101  it has just ended
        status, said = self._run.end()
        self._run = None
        if self._phase == "look" and self._last is None:
            raise self._failed(self._nothing(status, said))
        if self._phase == "live" or status != 0:
            why = said.splitlines()[-1] if said else "no reason given"
            raise self._failed(Unreachable(f"{self._journalctl} ended with status {status}: {why}"))
        if self._last is not None and self._phase == "look":
            self._phase, self._cursor, self._failure = "past", self._last.cursor, None
        else:
            self._phase = "live"

    def _nothing(self, status: int, said: str) -> SourceError:
        """Why the journal shows no record of the unit."""
        if "not seeing messages from other users" in said or "insufficient permissions" in said.lower():
            return NotPermitted(
                f"the journal of {self._unit} may not be read by {self._user}; grant it with"
                f" `sudo usermod -aG systemd-journal {self._user}` and start the exporter again"
            )
        if status != 0:
            return Unreachable(f"{self._journalctl} ended with status {status}: {said or 'no reason given'}")
        return Unsupported(
            f"the journal holds nothing of the unit {self._unit}; name the one that runs Ollama in collectors.log.unit"
        )

    def _failed(self, error: SourceError) -> SourceError:
        self._failure = error
        self._backoff.failed()
        return error

    def _take(self, chunk: bytes) -> Block | None:
        """The lines of the records that are whole with this chunk."""
        piece = self._records.feed(chunk)
        self._garbage = piece.garbage
        lines = []
        for record in piece.records:
            if self._phase == "look":
                self._last = record
            elif self._phase == "past" or record.cursor != self._cursor:
                self._cursor = record.cursor
                lines.append(self._unbroken.line(record))
        overlong = piece.overlong + lines.count(None)
        text = b"".join(filter(None, lines))
        if not text and not overlong:
            return None
        self._backoff.succeeded()
        return Block(text, self._phase == "past", overlong)
