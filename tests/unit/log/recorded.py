"""The recorded logs: what the clients were told, and what each scenario did that no client is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llama_metrics.collectors.log.lines import ROUTES, Lines
from llama_metrics.collectors.log.tally import Tally
from llama_metrics.metrics import AnyFamily, Family
from llama_metrics.ollama import names

LOGS = Path(__file__).parents[2] / "fixtures" / "ollama"
OLD = "0.24.0"
_POLLED = {"GET /api/version", "GET /api/ps", "GET /api/tags", "POST /api/show"}


@dataclass(frozen=True)
class Did:
    """What a scenario did, from its description: what it loaded, what failed, whom it turned away.

    `left` is how each client that hung up without an answer was answered in the access log. `beyond` is what the log
    knows more than the clients were told (less, where negative): prompt tokens, generated tokens, generations.
    """

    loads: int = 1
    unloads: int = 0
    failures: int = 0
    out_of_memory: int = 0
    crashes: int = 0
    truncations: int = 0
    shifts: int = 0
    rejections: int = 0
    cached: int = 0
    left: tuple[str, ...] = ()
    cancelled: dict[str, int] = field(default_factory=dict)
    beyond: tuple[int, int, int] = (0, 0, 0)


_CANCELLED = {"499": 1, "500": 1}
# Of Ollama 0.33; `beyond` says why where it is not zero.
SCENARIOS = {
    "single_model": Did(cached=239),
    "single_model_debug1": Did(cached=239),
    "two_models": Did(loads=2, cached=10),
    # Each load takes the place of the one before, for OLLAMA_MAX_LOADED_MODELS=1: that is no eviction for memory.
    "eviction": Did(loads=8, unloads=7),
    # Runners are killed right after the answer; two of them took the lines of their last request along.
    "keep_alive_zero": Did(loads=11, unloads=10, beyond=(0, -33, -2)),
    # tiny-a, tiny-b, tiny-b without shift, tiny-a with another context.
    "truncation": Did(loads=4, unloads=2, truncations=3, shifts=5, cached=12),
    "queue_full": Did(loads=2, unloads=1, rejections=14, cached=11),
    "killed_runner": Did(loads=4, unloads=3, crashes=3, cached=1),
    "client_cancel": Did(loads=2, cached=2, left=("499", "500", "500", "500"), cancelled=_CANCELLED),
    "client_cancel_queue": Did(loads=2, unloads=1, cached=1, left=("499", "500"), cancelled=_CANCELLED),
    "failed_load": Did(loads=2, failures=2),
    "failed_load_memory": Did(loads=2, unloads=1, failures=2, out_of_memory=2),
    "parallel4": Did(cached=14),
    "prompt_cache": Did(cached=2094),
    "token_repeat": Did(loads=2),
    # /api/embeddings tells its client no counts: one prompt of six tokens.
    "embed": Did(loads=2, beyond=(6, 0, 0)),
    "load_phase": Did(cached=1),
    "long_request": Did(shifts=1),
    "metrics_parallel": Did(loads=2, cached=209),
    "ipv6": Did(),
    "split_streams.stderr": Did(),
    "split_streams.stdout": Did(loads=0),
    # A stream of /v1/chat/completions without include_usage: 62 and 10; /api/embeddings: 5.
    "http": Did(loads=5, unloads=2, cached=410, beyond=(67, 10, 1)),
    "go_engine": Did(),
}
# Where Ollama 0.24 does otherwise.
_OF_OLD = {
    # One load less: asking for no shift reloads nothing.
    "truncation": Did(loads=3, unloads=1, truncations=3),
    # Garbage makes the handler panic: the access log has its 500, and nothing else is said.
    "failed_load": Did(loads=2, failures=1),
}


@dataclass(frozen=True)
class Recorded:
    """One recorded log of one version."""

    version: str
    name: str

    @property
    def did(self) -> Did:
        """What its scenario did."""
        special = _OF_OLD if self.version == OLD else {}
        return special.get(self.name, SCENARIOS[self.name])

    @property
    def text(self) -> bytes:
        """The log as it was written."""
        return (self._folder / f"{self.name}.log").read_bytes()

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What the clients sent and were told."""
        return list(self._truth["requests"])

    @property
    def answered(self) -> Counter[tuple[str, str, str]]:
        """Requests by method, route and code, as the counter has them."""
        left = list(self.did.left)
        found: Counter[tuple[str, str, str]] = Counter()
        for line, count in self._truth["requests_by_route_and_status"].items():
            method, path, code = line.split(" ")
            if f"{method} {path}" in _POLLED:
                continue
            route = "/v1/models" if path.startswith("/v1/models") else path if path in ROUTES else "other"
            codes = [left.pop() for _ in range(count)] if code == "None" else [code] * count
            found.update((method, route, code) for code in codes)
        assert not left
        return found

    def told(self) -> dict[str, tuple[int, int, int]]:
        """Model -> prompt tokens, generated tokens and generations that its clients were told of."""
        sums: dict[str, tuple[int, int, int]] = {}
        for request in self.requests:
            usage = request.get("usage") or {}
            prompt = request.get("prompt_eval_count") or usage.get("prompt_tokens") or usage.get("input_tokens") or 0
            generated = request.get("eval_count") or usage.get("completion_tokens") or usage.get("output_tokens") or 0
            if prompt:
                before = sums.get(model := names.complete(request["model"]), (0, 0, 0))
                more = (prompt, generated, int(generated > 0))
                sums[model] = (before[0] + more[0], before[1] + more[1], before[2] + more[2])
        return sums

    @property
    def _folder(self) -> Path:
        return LOGS / self.version / "logs"

    @property
    def _truth(self) -> dict[str, Any]:
        name = self.name.partition(".")[0]
        return dict(json.loads((self._folder / f"{name}.truth.json").read_text()))


def recorded() -> Iterator[Recorded]:
    """Every recorded log."""
    for file in sorted(LOGS.glob("[0-9]*/logs/*.log")):
        yield Recorded(file.parts[-3], file.stem)


def read(*blocks: bytes) -> Tally:
    """A tally of these blocks, as if all of them had been written while it was watching."""
    lines, tally = Lines(), Tally()
    tally.begin()
    for block in blocks:
        tally.feed(lines.parse(block))
    return tally


def families(tally: Tally) -> dict[str, AnyFamily]:
    """What a tally shows, by name, with nobody there to name models."""
    return {family.metric.name: family for family in tally.families(tally.models()) if family.samples}


def counts(tally: Tally, name: str) -> dict[tuple[str, ...], float]:
    """The series of one counter that have counted."""
    family = families(tally).get(name)
    assert family is None or isinstance(family, Family)
    return {labels: value for labels, value in family.samples if value} if family else {}


def total(tally: Tally, name: str) -> float:
    """The sum of a counter's series."""
    return sum(counts(tally, name).values())
