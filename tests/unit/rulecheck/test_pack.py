"""A folder of rules files."""

from __future__ import annotations

from pathlib import Path

import pytest

from llama_metrics.rulecheck.need import Series
from llama_metrics.rulecheck.pack import read
from llama_metrics.schema import Problems
from tests.rules.pack import ALERTS, FOLDER

GOOD = "groups: [{name: x, rules: [{alert: A, expr: r > 1}, {record: r, expr: 'sum(m)'}]}]\n"


def test_every_shipped_alert_is_read() -> None:
    """From the folder as it is shipped, the example of thresholds in it; none is left unread."""
    pack = read(FOLDER)

    assert [alert.name for alert in pack.alerts] == [alert.name for alert in ALERTS]
    assert pack.unread == {}


def test_a_record_is_followed(tmp_path: Path) -> None:
    """To what it is made of, in whichever file, and once where it reads itself."""
    (tmp_path / "one.yml").write_text(GOOD)
    (tmp_path / "two.yml").write_text("groups: [{name: y, rules: [{record: r, expr: 'last_over_time(r[1d]) or n'}]}]\n")
    pack = read(tmp_path)

    assert [(alert.file, alert.name, alert.need) for alert in pack.alerts] == [("one.yml", "A", Series("r"))]
    assert {one.name for one in pack.reach(pack.alerts[0].need)} == {"r", "m", "n"}


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    """A configuration, an empty file, groups without rules, another ending."""
    (tmp_path / "a.yml").write_text(GOOD)
    (tmp_path / "b.yml").write_text("global: {scrape_interval: 15s}\n")
    (tmp_path / "c.yml").write_text("")
    (tmp_path / "d.yml").write_text("groups: [{name: x, rules: }]\n")
    (tmp_path / "e.txt").write_text("{")

    assert [alert.name for alert in read(tmp_path).alerts] == ["A"]


def test_an_expression_that_is_not_understood_costs_one_alert(tmp_path: Path) -> None:
    """Prometheus may understand it; the others are judged all the same."""
    (tmp_path / "a.yml").write_text(GOOD.replace("}]}]", "}, {alert: B, expr: a $ b}]}]"))
    pack = read(tmp_path)

    assert [alert.name for alert in pack.alerts] == ["A"]
    assert pack.unread == {"B": "'$ b' is no PromQL"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("groups: [", "is not valid YAML"),
        ("groups: 5", "is no rules file"),
        ("groups: [{rules: [{alert: [], expr: a}]}]", "is no rules file"),
        ("groups: [{rules: [{expr: a}]}]", "neither an alert nor a record"),
        ("groups: [{rules: [{record: r, expr: a}]}]", "with an alert"),
        ("- groups", "not a mapping"),
    ],
)
def test_what_is_no_rules_file_is_said(text: str, says: str, tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "bad.yml").write_text(text)

    with pytest.raises(Problems, match=says) as error:
        read(tmp_path)
    assert error.value.problems[0].path.startswith(str(tmp_path))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """And one without any file."""
    with pytest.raises(Problems, match="is no folder"):
        read(tmp_path / "none")
    with pytest.raises(Problems, match="no rules file"):
        read(tmp_path)
