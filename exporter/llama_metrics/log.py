"""Our own log: one line an event on standard error, logfmt or JSON. Nothing of a user's prompt is ever in it."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import IO, Literal

Format = Literal["logfmt", "json"]
Level = Literal["debug", "info", "warning", "error"]


def fields(**values: object) -> dict[str, dict[str, object]]:
    """The `extra` of a log call that gives its line these keys."""
    return {"fields": values}


def make_logger(level: Level, form: Format, stream: IO[str] | None = None) -> logging.Logger:
    """A logger that writes to `stream` (standard error), and that no other library's logging touches."""
    # Not from getLogger: what is registered there belongs to the whole process.
    logger = logging.Logger("llama_metrics", level.upper())  # noqa: LOG001
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Formatter(form))
    logger.addHandler(handler)
    return logger


class _Formatter(logging.Formatter):
    def __init__(self, form: Format) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "msg": record.getMessage(),
        }
        line |= {key: str(value) for key, value in getattr(record, "fields", {}).items()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        if self._form == "json":
            return json.dumps(line)
        return " ".join(f"{key}={_quoted(str(value))}" for key, value in line.items())


def _quoted(value: str) -> str:
    """Quoted where a reader would otherwise not find the end of it; a newline would forge a line of its own."""
    plain = value and all(character.isalnum() or character in "-_.:/+@%" for character in value)
    return value if plain else json.dumps(value, ensure_ascii=False)
