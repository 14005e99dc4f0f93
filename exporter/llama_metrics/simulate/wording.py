"""The words of Ollama's log: events -> lines, as a real one of that era writes them."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from llama_metrics.simulate.event import Event

_FOLDER = Path(__file__).parent / "wording"
_MARK = "=== "


def is_upstream(version: str) -> bool:
    """Whether that Ollama runs models with llama-server, which logs tokens: 0.30 and later."""
    numbers = [int(part) for part in version.partition("-")[0].split(".") if part.isdecimal()]
    return numbers >= [0, 30]


class Wording:
    """The lines of one version."""

    def __init__(self, version: str) -> None:
        file = "ollama-0.33.txt" if is_upstream(version) else "ollama-0.24.txt"
        text = (_FOLDER / file).read_text(encoding="utf-8")
        parts = (part.partition("\n") for part in text.split(f"\n{_MARK}")[1:])
        self._sections = {name: string.Template(lines.rstrip("\n") + "\n") for name, _, lines in parts}

    def text(self, event: Event, began: datetime) -> str:
        """An event's lines. What this era has no words for is not written."""
        moment = (began + timedelta(seconds=event.at)).astimezone(UTC)
        values = _formatted(event.values, moment)
        return "".join(self._sections[name].substitute(values) for name in event.sections if name in self._sections)


def duration(seconds: float) -> str:
    """As Go prints it, and gin: `41.662µs`, `1.5s`, `2m26s`. Above a minute without fractions."""
    nanoseconds = round(seconds * 1e9)
    if nanoseconds >= 60 * 10**9:
        whole = nanoseconds // 10**9
        hours = f"{whole // 3600}h" if whole >= 3600 else ""
        return f"{hours}{whole // 60 % 60}m{whole % 60}s"
    if not nanoseconds:
        return "0s"
    unit, digits = next((u, d) for u, d in (("s", 9), ("ms", 6), ("µs", 3), ("ns", 0)) if nanoseconds >= 10**d)
    whole, rest = divmod(nanoseconds, 10**digits)
    fraction = f"{rest:0{digits}}".rstrip("0") if digits else ""
    return f"{whole}.{fraction}{unit}" if fraction else f"{whole}{unit}"


def _formatted(values: Mapping[str, object], moment: datetime) -> dict[str, object]:
    """The values as the lines hold them: llama-server and gin write most of theirs in columns."""
    texts = {name: _FORMATS[name].format(value) if name in _FORMATS else value for name, value in values.items()}
    texts["time"] = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    texts["date"] = moment.strftime("%Y/%m/%d - %H:%M:%S")
    if isinstance(seconds := values.get("seconds"), float):
        texts["latency"] = f"{duration(seconds):>13}"
    return texts


_FORMATS = {
    **dict.fromkeys(("prompt_ms", "eval_ms", "total_ms"), "{:10.2f}"),
    **dict.fromkeys(("prompt_each", "eval_each", "prompt_rate", "eval_rate", "cpu_weights", "gpu_weights"), "{:8.2f}"),
    **dict.fromkeys(("evaluated", "generated", "total_tokens"), "{:5}"),
    "graphs": "{:10}",
    "n_gen": "{:6}",
    "rate": "{:6.2f}",
    "status": "{:3}",
    "client": "{:>15}",
    "method": "{:<7} ",
    "took": "{:.2f}",
}
