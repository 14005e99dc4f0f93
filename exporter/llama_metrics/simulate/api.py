"""State -> what Ollama answers: its routes, headers, keys and sorting, as recorded from 0.33."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from llama_metrics.ollama.names import ModelName
from llama_metrics.simulate.loads import MODELS, blob
from llama_metrics.simulate.scenario import Model
from llama_metrics.simulate.state import Installed, Loaded, State


class Details(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`details` of a model. Only /api/tags tells the two lengths."""

    parent_model: str
    format: str
    family: str
    families: list[str] | None
    parameter_size: str
    quantization_level: str
    context_length: int = 0
    embedding_length: int = 0


class TagsModel(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One model of /api/tags."""

    name: str
    model: str
    remote_model: str = ""
    remote_host: str = ""
    modified_at: str
    size: int
    digest: str
    details: Details
    capabilities: tuple[str, ...] = ()


class PsModel(msgspec.Struct, kw_only=True):
    """One model of /api/ps."""

    name: str
    model: str
    size: int
    digest: str
    details: Details
    expires_at: str
    size_vram: int
    context_length: int


class Show(msgspec.Struct, kw_only=True):
    """POST /api/show, without the template and the tensors of a real one."""

    modelfile: str
    details: Details
    model_info: dict[str, str | int]
    capabilities: tuple[str, ...]
    modified_at: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    target: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body, and the headers other than the date and those about the length."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


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
        allowed = ", ".join(route.methods)
        return Answer(405, (("Allow", allowed), ("Content-Type", "text/plain")), b"405 method not allowed")
    return Answer(200, (("Content-Type", route.content_type),), route.body(state, began))


def _show(body: bytes, state: State, began: datetime) -> Answer:
    try:
        asked = msgspec.json.decode(body, type=dict[str, object]) if body else {}
        name = ModelName.parse(asked.get("model") or asked.get("name") or "")
    except ValueError:
        return _json(400, {"error": "unexpected EOF" if body else "missing request body"})
    found = [one for one in state.installed if one.model.name == name]
    return _json(200, _shown(found[0], began)) if found else _json(404, {"error": f"model '{name}' not found"})


def _json(status: int, value: object) -> Answer:
    return Answer(status, (("Content-Type", _JSON),), msgspec.json.encode(value))


def _root(_state: State, _began: datetime) -> bytes:
    return b"Ollama is running"


def _version(state: State, _began: datetime) -> bytes:
    return msgspec.json.encode({"version": state.version})


def _tags(state: State, began: datetime) -> bytes:
    """The newest first. Ollama compares whole seconds and leaves equals in their order."""
    dated = [(_modified(one, began), one.model) for one in state.installed]
    dated.sort(key=lambda pair: -int(pair[0].timestamp()))
    return msgspec.json.encode({"models": [_tags_model(model, modified) for modified, model in dated]})


def _ps(state: State, began: datetime) -> bytes:
    """The longest to stay first, compared like the tags."""
    dated = [(began + timedelta(seconds=one.expires_at), one) for one in state.loaded]
    dated.sort(key=lambda pair: -int(pair[0].timestamp()))
    return msgspec.json.encode({"models": [_ps_model(one, expires) for expires, one in dated]})


_JSON, _TEXT = "application/json; charset=utf-8", "text/plain; charset=utf-8"
_ROUTES = {
    "/": _Route(("HEAD", "GET"), _TEXT, _root),
    "/api/version": _Route(("HEAD", "GET"), _JSON, _version),
    "/api/tags": _Route(("HEAD", "GET"), _JSON, _tags),
    # Ollama registers no HEAD here.
    "/api/ps": _Route(("GET",), _JSON, _ps),
}


# msgspec encodes no subclass of str, which a name is: hence str(name).
def _tags_model(model: Model, modified: datetime) -> TagsModel:
    return TagsModel(
        name=str(model.name),
        model=str(model.name),
        remote_model=model.remote_model,
        remote_host=model.remote_host,
        modified_at=_rfc3339(modified),
        size=model.size,
        digest=_digest(model),
        details=msgspec.structs.replace(
            _details(model), context_length=model.context_length, embedding_length=model.embedding_length
        ),
        capabilities=model.capabilities,
    )


def _ps_model(one: Loaded, expires: datetime) -> PsModel:
    return PsModel(
        name=str(one.model.name),
        model=str(one.model.name),
        size=one.memory,
        digest=_digest(one.model),
        details=_details(one.model),
        expires_at=_rfc3339(expires),
        size_vram=one.vram,
        context_length=one.context_length,
    )


def _shown(one: Installed, began: datetime) -> Show:
    """What maps a runner's command line to a name is the FROM line."""
    model, head = one.model, '# Modelfile generated by "ollama show"\n# To build a new Modelfile based on this, replace'
    return Show(
        modelfile=f"{head} FROM with:\n# FROM {model.name}\n\nFROM {MODELS}/blobs/{blob(model.name)}\n",
        details=_details(model),
        model_info={
            "general.architecture": model.family,
            f"{model.family}.block_count": model.layers - 1,
            f"{model.family}.context_length": model.context_length,
            f"{model.family}.embedding_length": model.embedding_length,
        },
        capabilities=model.capabilities,
        modified_at=_rfc3339(_modified(one, began)),
    )


def _details(model: Model) -> Details:
    return Details(
        parent_model="",
        format=model.format,
        family=model.family,
        families=[model.family] if model.family else None,
        parameter_size=model.parameter_size,
        quantization_level=model.quantization,
    )


def _modified(one: Installed, began: datetime) -> datetime:
    return one.model.modified_at if one.pulled_at is None else began + timedelta(seconds=one.pulled_at)


def _digest(model: Model) -> str:
    return hashlib.sha256(model.name.encode()).hexdigest()


def _rfc3339(moment: datetime) -> str:
    """As Go prints it: no zeros at the end of the fraction, no fraction where none is left."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z"
