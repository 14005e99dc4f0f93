"""Expected trouble when a source is read.

    SourceError
      +-- Unreachable    nobody answers there
      +-- TimedOut       no whole answer within the bound
      +-- BadAnswer      an answer, but not the one that was asked for
      +-- NotPermitted   it is there, but not for us to read
      +-- Unsupported    this machine, or this set-up, does not have it
      +-- Stale          it has ended, or says nothing any more

A SourceError costs its own collector this one scrape: no samples of it, `llama_metrics_collector_success` 0, one
log line when it begins and one when it ends. Any other exception is a bug of ours and is logged with its traceback.

The message is one sentence or two: what was attempted, what came back, what to do.
"""

from __future__ import annotations


class SourceError(Exception):
    """A source could not be read; see the tree above."""


class Unreachable(SourceError):
    """Nobody answers: connection refused, no route, no such host, a broken TLS handshake."""


class TimedOut(SourceError):
    """The bound passed before the answer was whole."""


class BadAnswer(SourceError):
    """Another status than 200, a redirect, a body that is cut off, too large, not JSON, or JSON of another shape.

    `status` is HTTP's, where that is what was wrong.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NotPermitted(SourceError):
    """The system forbids to read it; the message names what to grant."""


class Unsupported(SourceError):
    """There is no such source here; the message names what was looked for."""


class Stale(SourceError):
    """A stream that has ended or stands still."""
