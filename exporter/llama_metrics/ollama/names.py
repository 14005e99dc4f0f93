"""Model names as Ollama spells them: `[host/][namespace/]model:tag`, without the parts that are the default."""

from __future__ import annotations

import re

# In place of the name of a model where it is not certain which one it is.
UNKNOWN = "unknown"

_DEFAULT_HOST, _DEFAULT_NAMESPACE, _DEFAULT_TAG = "registry.ollama.ai", "library", "latest"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")


def complete(name: str) -> str:
    """The name that /api/ps and /api/tags show: `llama3.2` -> `llama3.2:latest`. Raises ValueError for no name."""
    *prefix, last = name.split("/")
    model, _, tag = last.partition(":")
    # What is not said is the default, from the left.
    defaults = (_DEFAULT_HOST, _DEFAULT_NAMESPACE)
    host, namespace, *further = [*defaults[: max(0, 2 - len(prefix))], *prefix]
    tag = tag or _DEFAULT_TAG
    valid = all(_PART.fullmatch(part) for part in (namespace, model, tag)) and _HOST.fullmatch(host)
    if further or not valid:
        raise ValueError(f"{name!r} is not a model name; write it as `ollama list` shows it, like llama3.2:3b")
    shown = [model + ":" + tag]
    if host.casefold() != _DEFAULT_HOST:
        shown = [host, namespace, *shown]
    elif namespace.casefold() != _DEFAULT_NAMESPACE:
        shown = [namespace, *shown]
    return "/".join(shown)


class ModelName(str):
    """A model's name, completed as Ollama does."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> ModelName:
        """Raises ValueError for no name."""
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not text; write a model's name, like llama3.2:3b")  # noqa: TRY004
        return cls(complete(value))
