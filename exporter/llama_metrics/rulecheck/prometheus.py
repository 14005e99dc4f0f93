"""Asks a Prometheus over its HTTP API, within a bound in time and size."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unreachable
from llama_metrics.ollama.client import Client
from llama_metrics.schema import Problem, Problems

Data = TypeVar("Data")
# A thousand hosts answer a query in less than a second; this is for a server that is busy.
_SECONDS = 10.0
_ALL_SECONDS = 60.0
_ADDRESS = "give the address that a browser would take, as http://127.0.0.1:9090, its path too where it has one"
_HINTS = {
    401: "it asks for credentials, and this command sends none: give an address that answers without",
    403: "it refuses this client; give an address that answers without credentials",
    404: f"this is no Prometheus' API; {_ADDRESS}",
}


class _Sample(msgspec.Struct, frozen=True):
    metric: dict[str, str]
    value: tuple[float, str]


class _Vector(msgspec.Struct, frozen=True):
    result: list[_Sample]


class _Rule(msgspec.Struct, frozen=True):
    name: str
    health: str = ""
    lastError: str = ""  # noqa: N815  Prometheus' spelling


class _Group(msgspec.Struct, frozen=True):
    rules: list[_Rule]


class _Groups(msgspec.Struct, frozen=True):
    groups: list[_Group]


class _Build(msgspec.Struct, frozen=True):
    version: str


class Prometheus:
    """One Prometheus, for one thread, while it is entered. Its answers are awaited for a minute, all of them together.

    What goes wrong is Unreachable, TimedOut or BadAnswer. Raises Problems for what is no address.
    """

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.url, self._monotonic = _base(url), monotonic
        self._client = Client(self.url, {}, monotonic)
        self._ends = monotonic() + _ALL_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def version(self) -> str:
        """What it says it is."""
        return self._ask("status/buildinfo", {}, _Build).version

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The labels and the value of each series that an expression gives now."""
        # It stops working on it then, too.
        asked = {"query": expression, "timeout": f"{_SECONDS:.0f}s"}
        return [(one.metric, float(one.value[1])) for one in self._ask("query", asked, _Vector).result]

    def rules(self) -> Mapping[str, str]:
        """The names of the rules that it evaluates, each with what its last evaluation failed with, if it did."""
        groups = self._ask("rules", {"exclude_alerts": "true"}, _Groups).groups
        return {rule.name: rule.lastError if rule.health == "err" else "" for one in groups for rule in one.rules}

    def _ask(self, route: str, parameters: Mapping[str, str], kind: type[Data]) -> Data:
        path = f"/api/v1/{route}" + (f"?{urlencode(parameters)}" if parameters else "")
        try:
            body = self._client.fetch(path, min(self._monotonic() + _SECONDS, self._ends))
        except SourceError as error:
            raise _told(error) from None
        try:
            answer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            return msgspec.json.decode(answer.get("data", msgspec.Raw(b"null")), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadAnswer(f"GET {self.url}/api/v1/{route}: not an answer of Prometheus'; {_ADDRESS}") from None


def _base(url: str) -> str:
    """The address without a trailing slash. Raises Problems."""
    if "@" in url:
        raise Problems([Problem("--prometheus", "holds a user name or password, which this command does not send")])
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or {"?", "#"} & set(url):
        raise Problems([Problem("--prometheus", f"{url!r} is no address of a Prometheus; {_ADDRESS}")])
    return url.rstrip("/")


def _told(error: SourceError) -> SourceError:
    """The same trouble, with advice about Prometheus in place of that about Ollama."""
    told = str(error).partition("; ")[0]
    if isinstance(error, BadAnswer):
        hint = _HINTS.get(error.status or 0, "")
        return BadAnswer(f"{told}; {hint}" if hint else told, error.status)
    if isinstance(error, Unreachable):
        return Unreachable(f"{told}; is Prometheus there? {_ADDRESS}")
    return TimedOut(f"{told}; Prometheus is too busy, or something else listens there")
