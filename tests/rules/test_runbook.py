"""The runbook and the alerts are one to one, and each entry has the parts that a woken reader looks for, in order."""

from __future__ import annotations

import re

import pytest
import yaml
from promql_parser import parse

from tests.rules.pack import ALERTS, ROOT, Rule
from tests.rules.promql import selectors
from tests.rules.runbook import ENTRIES, HEADINGS, PREFACE, TEXT, WRITTEN, blocks, in_order, labels, part, prose, schema

PARTS = ["First", "Meaning", "Diagnosis", "Mitigation", "False alarms", "Silence"]
INHIBITIONS = yaml.safe_load((ROOT / "config" / "alertmanager.yml").read_text())["inhibit_rules"]


def test_every_alert_has_an_entry_and_every_entry_an_alert() -> None:
    """`runbook_url` leads to a heading, no heading outlives its alert, and the order is that of the rules."""
    assert [PREFACE, *in_order(ALERTS)] == HEADINGS


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_an_entry_has_its_parts(alert: Rule) -> None:
    """First the two lines that matter: who suffers, and how badly; what to do first. Then all else, nothing empty."""
    parts = re.findall(r"^\*\*(.+?)\.\*\* \S", ENTRIES[alert.name], re.MULTILINE)
    assert parts == [f"Impact ({alert.labels['severity']})", *PARTS]


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_the_two_lines_that_matter_fit_a_phone(alert: Rule) -> None:
    """Together about eight lines of one, links not counted."""
    lines = part(alert.name, "Impact") + part(alert.name, "First")
    assert len(re.sub(r"\]\([^)]*\)", "]", lines)) < 400


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_a_diagnosis_has_something_to_paste(alert: Rule) -> None:
    """A block of commands or a query stands in it."""
    diagnosis = part(alert.name, "Diagnosis")
    assert blocks(diagnosis, "sh") + blocks(diagnosis, "promql")


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_a_query_reads_what_there_is(alert: Rule) -> None:
    """Each line is an expression, of series and labels that the exporter, a record or Prometheus has."""
    for query in "".join(blocks(ENTRIES[alert.name], "promql")).splitlines():
        for selector in selectors(parse(query)):
            # Raises Mistake where nothing has the series, or the series not that label.
            assert schema().labels(selector) is not None


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_another_alert_is_a_link(alert: Rule) -> None:
    """Whoever reads on a phone does not search."""
    for other in ALERTS:
        if other is not alert:
            assert not re.search(rf"\b{other.name}\b", prose(ENTRIES[alert.name])), f"{other.name} is no link"


def test_links_to_dashboards_lead_to_dashboards() -> None:
    """Their uids are those of the shipped files, and each file is linked to."""
    shipped = {file.stem for file in (ROOT / "dashboards" / "grafana").glob("*.json")}
    assert set(re.findall(r"127\.0\.0\.1:3000/d/([\w-]+)", TEXT)) == shipped


@pytest.mark.parametrize("alert", WRITTEN, ids=str)
def test_an_entry_says_what_mutes_its_alert(alert: Rule) -> None:
    """Where config/alertmanager.yml has it muted by another one; what an exporter that is down mutes is said once."""
    muting = {_source(rule) for rule in INHIBITIONS if _mutes(rule, alert)} - {alert.name, "LlamaMetricsExporterDown"}
    said = re.findall(r"Muted while (.+?) fires?\b", part(alert.name, "Silence"))
    assert set(re.findall(r"\[(\w+)\]", " ".join(said))) == muting


def test_what_an_exporter_that_is_down_mutes_is_said_once() -> None:
    """It mutes nearly all, so it stands before the entries."""
    assert "[LlamaMetricsExporterDown](#llamametricsexporterdown) fires" in TEXT.partition("\n## OllamaDown\n")[0]


def _source(rule: dict[str, list[str]]) -> str:
    return re.sub(r'alertname="(\w+)"', r"\1", rule["source_matchers"][0])


def _mutes(rule: dict[str, list[str]], alert: Rule) -> bool:
    """Whether an alert can be a target of the rule, by its name, its labels and those that must be equal."""
    has = {"alertname": alert.name, **alert.labels}
    certain = labels(alert)
    source = next(one for one in ALERTS if one.name == _source(rule))
    for matcher in rule["target_matchers"]:
        name, operator, value = re.fullmatch(r'(\w+)(=~|!~|!=|=)"(.*)"', matcher).groups()  # type: ignore[union-attr]
        if name in certain - set(has):
            # Of a label that is there and has many values, some value may match.
            continue
        given = has.get(name, "")
        same = re.fullmatch(value, given) is not None if "~" in operator else given == value
        if same == operator.startswith("!"):
            return False
    if "category" in rule["equal"] and source.labels["category"] != alert.labels["category"]:
        return False
    return {"job", "instance", "model"} & set(rule["equal"]) <= certain
