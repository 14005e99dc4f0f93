"""Ollama's log on standard input: `ollama serve 2>&1 | llama-metrics`, with collectors.log.source stdin."""

from __future__ import annotations

import os
import select
import time

from llama_metrics.collectors.log.sources.source import Block
from llama_metrics.collectors.log.sources.splitter import Splitter
from llama_metrics.errors import Stale, Unsupported

_CHUNK = 64 * 1024


class StdinSource:
    """What comes in at a descriptor, all of it new. The descriptor stays its giver's: it is not closed here."""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._splitter = Splitter()
        self.rotations = 0

    def read(self, seconds: float) -> Block | None:
        """See LogSource."""
        ends = time.monotonic() + seconds
        while True:
            block = self._step(max(0.0, ends - time.monotonic()))
            if block is not None or time.monotonic() >= ends:
                return block

    def unread(self) -> int | None:
        """A pipe does not tell."""
        return None

    def close(self) -> None:
        """Nothing is open that is ours."""

    def _step(self, seconds: float) -> Block | None:
        try:
            ready, _, _ = select.select([self._descriptor], [], [], seconds)
            if not ready:
                return None
            piece = os.read(self._descriptor, _CHUNK)
        except OSError as error:
            raise Unsupported(f"standard input cannot be read: {os.strerror(error.errno or 0).lower()}") from None
        if not piece:
            raise Stale("standard input has ended; nothing more of Ollama's log will come")
        return self._splitter.feed(piece)
