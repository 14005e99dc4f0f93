"""The answers of Ollama's API as typed values: bytes -> structs, with the shape checked.

Sizes are bytes, dates RFC 3339 text. Fields that an older Ollama leaves out are None. Keys that nobody here needs are
ignored, whatever they hold. What is wrong in shape is a BadAnswer; what cannot be true is for the collector to judge.
Fields as in Ollama's api/types.go, from 0.1.38 to 0.33.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from llama_metrics.errors import BadAnswer

Answer = TypeVar("Answer")

# A surrogate pair, a lone half of one, or any other escape; the order makes a lone half the only match of length 6.
_ESCAPES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.")


class Version(msgspec.Struct, frozen=True):
    """GET /api/version."""

    version: str


class Details(msgspec.Struct, frozen=True):
    """What a model is made of; empty strings where Ollama does not know."""

    family: str = ""
    format: str = ""
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: int | None = None


class LoadedModel(msgspec.Struct, frozen=True):
    """One model of GET /api/ps."""

    name: str
    size: int | None = None
    size_vram: int | None = None
    context_length: int | None = None
    expires_at: str | None = None


class LoadedModels(msgspec.Struct, frozen=True):
    """GET /api/ps; `models` was null in some versions when nothing was loaded."""

    models: list[LoadedModel] | None


class InstalledModel(msgspec.Struct, frozen=True):
    """One model of GET /api/tags; `remote_host` is there for a model that runs elsewhere."""

    name: str
    size: int | None = None
    digest: str = ""
    modified_at: str | None = None
    remote_host: str = ""
    details: Details = Details()


class InstalledModels(msgspec.Struct, frozen=True):
    """GET /api/tags; `models` was null in 0.1.35 to 0.1.37 when nothing was installed."""

    models: list[InstalledModel] | None


class Shown(msgspec.Struct, frozen=True):
    """POST /api/show; `modelfile` names the blobs that the model is made of."""

    modelfile: str = ""


def decode(body: bytes, kind: type[Answer]) -> Answer:
    """The body as a `kind`. Text in it is valid Unicode afterwards. Raises BadAnswer for what is not such JSON."""
    text = body.decode("utf-8", errors="replace")
    if "\\u" in text:
        text = _ESCAPES.sub(_without_lone_surrogate, text)
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"JSON of another shape than Ollama's: {error}") from None
    except msgspec.DecodeError as error:
        raise BadAnswer(f"not JSON ({error}): {text[:60]!r}") from None
    except RecursionError:
        raise BadAnswer("JSON nested too deep to be Ollama's") from None


def _without_lone_surrogate(escape: re.Match[str]) -> str:
    """Half of a surrogate pair is no character, and a single one would cost the whole page."""
    return r"\ufffd" if len(escape.group()) == 6 else escape.group()
