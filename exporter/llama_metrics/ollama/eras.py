"""What an Ollama of a version does, where its answers do not say it."""

from __future__ import annotations


def prints_costs(version: str) -> bool | None:
    """Whether this Ollama's runners print what requests cost: 0.30 and later. None for a development build."""
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    if not (major.isdigit() and minor.isdigit()) or version.startswith("0.0.0"):
        return None
    return (int(major), int(minor)) >= (0, 30)
