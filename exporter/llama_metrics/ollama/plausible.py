"""Which values of an answer can be true. What cannot is dropped and counted, never shown and never corrected."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar

# Far above any model, any memory and any disk of one.
_LARGEST_SIZE = 2**50
_LARGEST_CONTEXT = 2**40
_LONGEST_NAME = 512
_TEN_YEARS = 10 * 365.25 * 86400
_NEVER = "0001-01-01T00:00:00Z"


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Model = TypeVar("Model", bound=_Named)


class Plausible:
    """Judges the values of one answer and counts in `rejected` those that cannot be true.

    None goes through as None: not known is not wrong.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self.rejected = 0

    def models(self, models: Iterable[Model]) -> list[Model]:
        """The models with a usable name, each name once."""
        kept: dict[str, Model] = {}
        for model in models:
            if model.name in kept or not 0 < len(model.name) <= _LONGEST_NAME:
                self.rejected += 1
            else:
                kept[model.name] = model
        return list(kept.values())

    def size(self, size: int | None, limit: int | None = _LARGEST_SIZE) -> int | None:
        """Bytes, from 0 to `limit` (where that is known)."""
        highest = _LARGEST_SIZE if limit is None else limit
        return self._within(size, 0, highest)

    def context(self, tokens: int | None) -> int | None:
        """A context length in tokens; Ollama says 0 where it does not know yet."""
        return self._within(tokens, 0, _LARGEST_CONTEXT) or None

    def date(self, text: str | None) -> float | None:
        """Seconds since 1970 of a date that lies between 1970 and ten years from now; Go's zero date is none."""
        if text is None or text == _NEVER:
            return None
        seconds = self.far_date(text)
        if seconds is not None and seconds > self._now + _TEN_YEARS:
            self.rejected += 1
            return None
        return seconds

    def far_date(self, text: str | None) -> float | None:
        """As `date`, but it may lie as far ahead as it likes, and the zero date cannot be true."""
        if text is None:
            return None
        try:
            seconds = datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError):
            seconds = -1.0
        if seconds < 0:
            self.rejected += 1
            return None
        return seconds

    def is_for_ever(self, seconds: float) -> bool:
        """Whether a date is one of those that Ollama sets for a model without an end: 292 years ahead."""
        return seconds > self._now + _TEN_YEARS

    def _within(self, value: int | None, lowest: int, highest: int) -> int | None:
        if value is None or lowest <= value <= highest:
            return value
        self.rejected += 1
        return None
