"""State -> what Ollama answers: its routes, headers, keys and sorting, as recorded from 0.33."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate.models import modified, ps_model, shown, tags_model
from llama_metrics.simulate.state import State


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    target: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body, and the headers other than the date and those about the length.

    Attributes:
        pieces: of a body that is sent as it comes, instead of `body`.
        never: it does not come: the client waits until it leaves, and `status` is what the log then says.
        said: the lines that it leaves in the log.

    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    pieces: Iterator[bytes] | None = None
    never: bool = False
    said: tuple[str, ...] = ("gin",)


FORBIDDEN = Answer(403, (), b"")


@dataclass(frozen=True, slots=True)
class _Route:
    methods: tuple[str, ...]
    content_type: str
    body: Callable[[State, datetime], bytes]


def answer(request: Request, state: State, began: datetime) -> Answer:
    """What Ollama answers in that state; `began` is the moment from which the state's seconds count."""
    method, path = request.method, request.target.partition("?")[0]
    if (method, path) == ("POST", "/api/show"):
        return _show(request.body, state, began)
    route = _ROUTES.get(path)
    if route is None:
        return Answer(404, (("Content-Type", "text/plain"),), b"404 page not found")
    if method not in route.methods:
        return not_allowed(*route.methods)
    return Answer(200, (("Content-Type", route.content_type),), route.body(state, began))


def not_allowed(*methods: str) -> Answer:
    """What a route answers that takes these methods alone."""
    return Answer(405, (("Allow", ", ".join(methods)), ("Content-Type", "text/plain")), b"405 method not allowed")


def _show(body: bytes, state: State, began: datetime) -> Answer:
    try:
        asked = msgspec.json.decode(body, type=dict[str, object]) if body else {}
        name = ModelName.parse(asked.get("model") or asked.get("name") or "")
    except ValueError:
        return as_json(400, {"error": "unexpected EOF" if body else "missing request body"})
    found = [one for one in state.installed if one.model.name == name]
    return as_json(200, shown(found[0], began)) if found else as_json(404, {"error": f"model '{name}' not found"})


def as_json(status: int, value: object) -> Answer:
    """An answer with that value."""
    return Answer(status, (("Content-Type", JSON),), msgspec.json.encode(value))


def _root(_state: State, _began: datetime) -> bytes:
    return b"Ollama is running"


def _version(state: State, _began: datetime) -> bytes:
    return msgspec.json.encode({"version": state.version})


def _tags(state: State, began: datetime) -> bytes:
    """The newest first. Ollama compares whole seconds and leaves equals in their order."""
    dated = [(modified(one, began), one.model) for one in state.installed]
    dated.sort(key=lambda pair: -int(pair[0].timestamp()))
    return msgspec.json.encode({"models": [tags_model(model, changed) for changed, model in dated]})


def _ps(state: State, began: datetime) -> bytes:
    """The longest to stay first, compared like the tags."""
    dated = [(began + timedelta(seconds=one.expires_at), one) for one in state.loaded]
    dated.sort(key=lambda pair: -int(pair[0].timestamp()))
    return msgspec.json.encode({"models": [ps_model(one, expires) for expires, one in dated]})


JSON, _TEXT = "application/json; charset=utf-8", "text/plain; charset=utf-8"
_ROUTES = {
    "/": _Route(("HEAD", "GET"), _TEXT, _root),
    "/api/version": _Route(("HEAD", "GET"), JSON, _version),
    "/api/tags": _Route(("HEAD", "GET"), JSON, _tags),
    # Ollama registers no HEAD here.
    "/api/ps": _Route(("GET",), JSON, _ps),
}
