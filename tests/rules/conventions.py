"""The conventions that keep the pack loadable everywhere, silent by mistake nowhere and alike from file to file.

Each check takes a rule (or a file's rules) and gives what is wrong with it, one sentence each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    LabelModifierType,
    MatrixSelector,
    SubqueryExpr,
    VectorSelector,
)

from tests.rules.pack import RUNBOOK_URL, Rule
from tests.rules.promql import TARGET_LABELS, THRESHOLD, nodes, selectors
from tests.rules.thresholds import chooses_bucket, threshold_mistakes, threshold_name

# In this order in a file; meta is about the watching itself and stands alone.
CATEGORIES = ("availability", "saturation", "errors", "latency", "capacity", "info", "meta")
SEVERITIES = ("critical", "warning", "info")
# Always fires, wakes nobody, and so has a severity of its own.
DEAD_MANS_SWITCH = "LlamaMetricsWatchdog"
# Has the category of the alert that it is about.
ESCALATION = "OllamaCriticalPersists"
# Alerts about a job as a whole, or about no host at all, the only ones that may aggregate or match by something; each
# with its reason.
JOB_WIDE = {
    "LlamaMetricsJobAbsent": "a job without any target has no instance to speak of",
    "OllamaTargetAbsent": "stays quiet where the whole job is gone",
    "LlamaMetricsThresholdAmbiguous": "compares what alerts read of a threshold, which is every series of its name",
    "OllamaVersionSkew": "compares the servers of a job with each other",
    "job:ollama_machine_energy_cost:increase5m": "a budget is for all hosts of a job together",
    "job:ollama_machine_energy_kilowatt_hours:increase5m": "a budget is for all hosts of a job together",
    "job:ollama_tokens:increase5m": "a budget is for all hosts of a job together",
}
_LONGEST_RAW_RANGE = timedelta(hours=6)
_SHORTEST_RECORD_INTERVAL = timedelta(minutes=5)
_LONGEST_CRITICAL_KEEP = timedelta(minutes=5)
_NAME = re.compile(r"(Ollama|Mac|Gpu|LlamaMetrics)([A-Z]+[a-z0-9]+)+")
_COUNTERS = ("_total", "_bucket", "_sum", "_count")
_RECORD = re.compile(r"(instance|job)(:[a-z_][a-z0-9_]*){2}")


def expression_mistakes(rule: Rule, slow_records: set[str]) -> Iterator[str]:
    """What is wrong with a rule's expression. `slow_records` are the series recorded every 5 minutes or less often."""
    for node in nodes(rule.parsed()):
        match node:
            case VectorSelector():
                yield from _selector_mistakes(node)
            case MatrixSelector():
                if node.range > _LONGEST_RAW_RANGE and node.vector_selector.name not in slow_records:
                    yield f"{node}: a range over 6 h reads only what is recorded every 5 m or less often"
            case SubqueryExpr():
                yield f"{node}: a subquery evaluates its expression at each step; record it instead"
            case Call():
                yield from _call_mistakes(node)
            case AggregateExpr():
                yield from _aggregation_mistakes(rule, node)
            case BinaryExpr():
                yield from _matching_mistakes(rule, node)
    yield from threshold_mistakes(rule.parsed())


def _selector_mistakes(node: VectorSelector) -> Iterator[str]:
    for matcher in node.matchers.matchers:
        if matcher.name in TARGET_LABELS:
            yield f"{node}: a rule names no {matcher.name}, or it serves one installation only"
        if matcher.name == "le" and re.search(r"(?<![.\d])\d+(?![.\d])", matcher.value):
            yield f"{node}: Prometheus 3 stores le as a float, so an integer there matches nothing"


def _call_mistakes(node: Call) -> Iterator[str]:
    if node.func.name == "scalar":
        yield f"{node}: NaN where two Prometheus servers each have the series, and the alert is dead"
    if node.func.name in ("rate", "irate", "increase"):
        for selector in selectors(node):
            if not (selector.name or "").endswith(_COUNTERS):
                yield f"{node}: {node.func.name} is for counters"


def _aggregation_mistakes(rule: Rule, node: AggregateExpr) -> Iterator[str]:
    if node.modifier is None:
        if threshold_name(node.expr) is None:
            yield f"{node}: merges every host; say what to aggregate away with without (…)"
    elif node.modifier.type == AggModifierType.By:
        yield from _clause_mistakes(rule, f"{node}: by", node.modifier.labels)


def _matching_mistakes(rule: Rule, node: BinaryExpr) -> Iterator[str]:
    matching = node.modifier.matching if node.modifier else None
    if matching and matching.type == LabelModifierType.Include and matching.labels and not chooses_bucket(node):
        yield from _clause_mistakes(rule, f"{node}: on", matching.labels)


def _clause_mistakes(rule: Rule, where: str, labels: Sequence[str]) -> Iterator[str]:
    if "instance" in labels or rule.name not in JOB_WIDE:
        yield f"{where} ({', '.join(labels)}) merges sites that differ in external labels; use without or ignoring"


def alert_mistakes(rule: Rule) -> Iterator[str]:
    """What is wrong with an alert's name, labels and annotations."""
    if not _NAME.fullmatch(rule.name) or len(rule.name) > 40:
        yield "the name is CamelCase (OnCpu, not OnCPU), begins with Ollama, Mac, Gpu or LlamaMetrics, has 40 letters"
    if set(rule.labels) != {"severity", "category"}:
        yield "the labels are severity and category"
    if rule.labels.get("severity") not in (["none"] if rule.name == DEAD_MANS_SWITCH else SEVERITIES):
        yield f"severity is one of {SEVERITIES}, of {DEAD_MANS_SWITCH} none"
    if rule.labels.get("category") not in (["{{ $labels.category }}"] if rule.name == ESCALATION else CATEGORIES):
        yield f"category is one of {CATEGORIES}"
    if rule.labels.get("severity") == "critical" and rule.keep and rule.keep > _LONGEST_CRITICAL_KEEP:
        yield "a critical alert that keeps firing over 5 m says for too long that all is lost"
    yield from _annotation_mistakes(rule)


def _annotation_mistakes(rule: Rule) -> Iterator[str]:
    if set(rule.annotations) != {"summary", "description", "runbook_url"}:
        yield "the annotations are summary, description and runbook_url"
        return
    summary, description = rule.annotations["summary"], rule.annotations["description"]
    if not re.fullmatch(r"[A-Z][^.{}]+\.", summary):
        yield f"the summary is one sentence that is the same for all hosts: {summary!r}"
    if "{{" not in description or not description.endswith("."):
        yield f"the description names host or job by a template and ends with a full stop: {description!r}"
    if " First " not in description:
        yield f"the description has a sentence that begins with First and says the first step: {description!r}"
    if rule.annotations["runbook_url"] != f"{RUNBOOK_URL}#{rule.name.lower()}":
        yield f"the runbook is {RUNBOOK_URL}#{rule.name.lower()}"


def record_mistakes(rule: Rule) -> Iterator[str]:
    """What is wrong with a recording rule's name and labels."""
    # Prometheus 3 takes almost any name, 2.x does not.
    if not _RECORD.fullmatch(rule.name):
        yield "a record is level:metric:operations, its level instance or job"
    if rule.labels:
        yield "a record adds no labels: they would break the joins"


def file_mistakes(rules: Sequence[Rule]) -> Iterator[str]:
    """What is wrong with a file as a whole: its groups, its order, and series that only another file records."""
    for group, members in groupby(rules, key=lambda rule: rule.group):
        count = len(list(members))
        if count > 20 or len(group) > 40:
            yield f"group {group}: {count} rules; at most 20, and a name of at most 40 letters"
    if [rule.is_alert for rule in rules] != sorted(rule.is_alert for rule in rules):
        yield "recording rules come first, then alerts"
    order = [CATEGORIES.index(rule.labels["category"]) for rule in rules if rule.is_alert and rule.name != ESCALATION]
    if order != sorted(order):
        yield f"alerts are in the order {CATEGORIES}"
    recorded = {rule.name for rule in rules if not rule.is_alert}
    read = {selector.name or "" for rule in rules for selector in selectors(rule.parsed())}
    for name in sorted(read - recorded):
        if ":" in name and not name.startswith(THRESHOLD):
            yield f"{name} is recorded in another file; each file works alone"


def slow_records(rules: Sequence[Rule]) -> set[str]:
    """The series recorded every 5 minutes or less often."""
    return {
        rule.name
        for rule in rules
        if not rule.is_alert and rule.interval is not None and rule.interval >= _SHORTEST_RECORD_INTERVAL
    }
