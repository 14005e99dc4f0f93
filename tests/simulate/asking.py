"""A simulated Ollama without a server, a clock that stands still until somebody waits, and the log of all that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from llama_metrics.simulate.api import Answer, Request
from llama_metrics.simulate.live import Live
from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.wording import Wording

BEGAN = datetime(2026, 11, 21, 7, 17, 2, 500000, tzinfo=UTC)


class StandingClock:
    """Moves when somebody waits, or when it is moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        """Where it stands."""
        return self.at

    def wait(self, moment: float) -> None:
        """On to then."""
        self.at = max(self.at, moment)


class Asking:
    """One run of a scenario; `log` is what it has written so far."""

    def __init__(self, scenario: Scenario) -> None:
        self.clock, self.log = StandingClock(), ""
        wording = Wording(scenario.version)
        self.live = Live(scenario, BEGAN, self.clock, lambda event: self._write(wording.text(event, BEGAN)))
        self.live.follow()

    def _write(self, text: str) -> None:
        self.log += text

    def generate(self, **asked: Any) -> Answer:
        """The answer to this request, which for one that streams is still to come."""
        return self.live.respond(Request("POST", "/api/generate", json.dumps(asked).encode()))

    def answered(self, **asked: Any) -> list[Any]:
        """What the pieces of the answer hold."""
        answer = self.generate(**asked)
        pieces: Iterator[bytes] | list[bytes] = [answer.body] if answer.pieces is None else answer.pieces
        return [json.loads(piece) for piece in pieces]

    def until(self, moment: float) -> str:
        """What is written from now on until then."""
        before = len(self.log)
        self.clock.wait(moment)
        self.live.follow()
        return self.log[before:]

    def listed(self) -> list[str]:
        """What /api/ps lists."""
        body = self.live.respond(Request("GET", "/api/ps")).body
        return [model["name"] for model in json.loads(body)["models"]]
