"""What stays of a line of Ollama's log when its numbers, names and times are taken out."""

from __future__ import annotations

import re
from pathlib import Path

from tests.simulate.recorded import FIXTURES

_CHANGES = (
    (re.compile(r"^time=\S+"), "time=TIME"),
    (re.compile(r"sha256-[0-9a-f]{64}"), "BLOB"),
    (re.compile(r"model=[a-z.]+/\S+"), "model=NAME"),
    (re.compile(r"^\[GIN\] \S+ - \S+ \| (\d{3}) \| +[0-9.µmsh]+ \| +\S+ \| ([A-Z]+) +\".*\"$"), r"[GIN] \1 \2"),
    (re.compile(r"^(llama_model_loader: - kv ).*"), r"\1"),
    # Where a column is wider than its number.
    (re.compile(r" +(?=-?\d)"), " "),
    (re.compile(r"-?\d+(\.\d+)?(e[-+]\d+)?"), "N"),
)


def shape(line: str) -> str:
    """The line without what may differ."""
    for pattern, replacement in _CHANGES:
        line = pattern.sub(replacement, line)
    return line


def recorded(version: str) -> set[str]:
    """The shapes of every recorded line of a version."""
    logs: list[Path] = sorted((FIXTURES.parent / version / "logs").glob("*.log"))
    assert logs
    return {shape(line) for log in logs for line in log.read_text(encoding="utf-8", errors="replace").splitlines()}
