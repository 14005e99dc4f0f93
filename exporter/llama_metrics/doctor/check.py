"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llama_metrics.errors import SourceError


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: the subject, in a word.
        state: there and usable; there, or wanted, and not usable; not there.
        sentence: what was found.
        fix: what would change it; empty where nothing need be changed.

    """

    name: str
    state: Literal["ok", "trouble", "absent"]
    sentence: str
    fix: str = ""


def trouble(name: str, prefix: str, error: SourceError) -> Check:
    """An error's sentence says what came back, and behind its semicolon what to do."""
    sentence, _, fix = str(error).partition("; ")
    return Check(name, "trouble", prefix + sentence, fix)
