"""The runbook as data: its entries, their code blocks, and the words that each platform teaches a shell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from llama_metrics.catalogue import catalogue
from tests.rules.pack import ALERTS, RULES, RUNBOOK, Rule
from tests.rules.promql import Labels, Schema

TEXT = RUNBOOK.read_text()
PREFACE = "Before you paste"
HEADINGS = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
ENTRIES = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
WRITTEN = [alert for alert in ALERTS if alert.name in ENTRIES]
# The files in the order of the page: what users feel first, who watches the watching last.
FILES = (
    *("availability", "slo_availability", "slo_errors", "slo_latency", "models", "errors", "latency", "saturation"),
    *("gpu", "host", "power", "growth", "budget", "exporter", "targets", "meta", "escalation"),
)


_WORD = r"(?:ollama|exporter|kernel|prometheus|alertmanager)_[a-z]+"


def in_order(alerts: Iterable[Rule]) -> list[str]:
    """The names of the alerts as the page has them: by file, in a file as they stand there."""
    return [alert.name for alert in sorted(alerts, key=lambda alert: FILES.index(alert.file.removesuffix(".yml")))]


@cache
def schema() -> Schema:
    """The series that a query may read: what is exposed, what is recorded, and Prometheus' own series of alerts."""
    known = Schema.of(catalogue(), RULES)
    waits = known.series["ALERTS"] - {"alertstate"}
    return Schema({**known.series, "ALERTS_FOR_STATE": waits}, known.alerts)


def labels(alert: Rule) -> Labels:
    """The labels that a notification of the alert has for certain, those of Alertmanager aside."""
    return schema().labels(alert.parsed()) or frozenset()


def part(name: str, title: str) -> str:
    """One part of an entry, without its title."""
    found = re.search(rf"^\*\*{title}\b.*?\*\*(.+?)(?=^\*\*[A-Z]|\Z)", ENTRIES[name], re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no {title}"
    return found.group(1)


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """The text without its code and without its links."""
    return re.sub(r"```.*?```|`[^`\n]*`|\[[^\]\n]*\]\([^)\s]*\)", "", text, flags=re.DOTALL)


def sections() -> dict[str, list[str]]:
    """The shell blocks of what stands before the entries, by heading."""
    preface = TEXT.partition(f"## {PREFACE}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", preface, re.MULTILINE | re.DOTALL)
    return {title: blocks(text, "sh") for title, text in found}


def platforms() -> dict[str, str]:
    """The first block of each platform: what makes its shell know the words for Ollama and the exporter."""
    return {title: block[0] for title, block in sections().items() if "ollama_api()" in "".join(block)}


def watchers() -> list[str]:
    """The blocks that make a shell know the words for Prometheus and Alertmanager."""
    return [block for block in sections()["Prometheus and Alertmanager"] if "prometheus_api()" in block]


def taught(block: str) -> set[str]:
    """The words that a block teaches: functions, and the variable for the folder of models."""
    return set(re.findall(rf"^({_WORD}|MODELS)(?:\(\)|=)", block, re.MULTILINE))


def used(text: str) -> set[str]:
    """The words that a text uses. A name with a second underscore is a metric's."""
    return set(re.findall(rf"(?<![\w:])({_WORD}|(?<=\$)MODELS)\b(?![:{{])", text))
