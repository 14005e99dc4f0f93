"""The shipped rules and routes with shorter times, for the demo. Made from the files, so never a copy that differs."""

from __future__ import annotations

from typing import Any

from llama_metrics.duration import Duration

# A minute of the shipped files is a second of the demo.
DIVISOR = 60


def shorter(duration: str) -> str:
    """`2m` -> `2s`, `10s` -> `167ms`. A duration of 0 stays."""
    if set(duration) <= set("0hms"):
        return duration
    milliseconds = round(Duration.parse(duration) * 1000 / DIVISOR)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def rules(document: dict[str, Any]) -> dict[str, Any]:
    """A rule file with every `for` and `keep_firing_for` shortened; expressions and intervals stay as they are."""
    quick: dict[str, Any] = _with(document, dict.fromkeys(("for", "keep_firing_for"), shorter))
    return quick


def alertmanager(document: dict[str, Any], webhook: str) -> dict[str, Any]:
    """Alertmanager's file with group_wait and group_interval shortened, and every webhook pointed to one URL."""
    quick = _with(document, dict.fromkeys(("group_wait", "group_interval"), shorter))
    return {**quick, "receivers": _with(quick["receivers"], {"url": lambda _: webhook})}


def _with(value: Any, changes: dict[str, Any]) -> Any:
    """The value with what stands under the keys of `changes`, at any depth, put through their functions."""
    if isinstance(value, list):
        return [_with(item, changes) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: changes[key](inner) if key in changes else _with(inner, changes) for key, inner in value.items()}
