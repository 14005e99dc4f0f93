"""The runbook and the alerts are one to one, and each entry has the parts that a woken reader looks for."""

from __future__ import annotations

import re

import pytest

from tests.rules.pack import ALERTS, RUNBOOK, Rule

TEXT = RUNBOOK.read_text()
ENTRIES = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "False alarms"]


def test_every_alert_has_an_entry_and_every_entry_an_alert() -> None:
    """`runbook_url` leads to a heading, and no heading outlives its alert."""
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert sorted(headings) == sorted(alert.name for alert in ALERTS)


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_an_entry_has_its_parts(alert: Rule) -> None:
    """Meaning, impact, diagnosis, mitigation, false alarms, in this order, none of them empty."""
    parts = re.findall(r"^\*\*(.+?)\.\*\* \S", ENTRIES[alert.name], re.MULTILINE)
    assert parts == PARTS


@pytest.mark.parametrize("alert", ALERTS, ids=str)
def test_a_diagnosis_has_something_to_paste(alert: Rule) -> None:
    """A block of commands or a query stands in it."""
    diagnosis = ENTRIES[alert.name].partition("**Diagnosis.**")[2].partition("**Mitigation.**")[0]
    assert re.search(r"^```(sh|promql)\n.+?^```$", diagnosis, re.MULTILINE | re.DOTALL)
