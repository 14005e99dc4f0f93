"""config/prometheus.yml: a usable file that loads our rules and a user's own, and nothing else."""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
import yaml
from promql_parser import parse_duration

from tests.config.shipped import EXAMPLE_RULES, RULES, config, rule_files
from tools.binaries import Binaries
from tools.stack import Prometheus

SHIPPED = config("config/prometheus.yml")
OWN_RULE = "groups: [{name: own, rules: [{record: 'ollama:threshold:x', expr: vector(1)}]}]"
TARGETS = [target for job in SHIPPED["scrape_configs"] for target in job["static_configs"]]


def installed(folder: Path) -> Path:
    """A copy of what a user has, without a user's own rules; gives the folder of the configuration."""
    shutil.copytree(RULES, folder / "rules", ignore=shutil.ignore_patterns("overrides.yml"))
    (folder / "config").mkdir()
    shutil.copy(RULES.parent / "config/prometheus.yml", folder / "config")
    return folder / "config"


def loaded_rule_files(binaries: Binaries, folder: Path) -> set[str]:
    """The names of the rule files that a real Prometheus loads with the shipped configuration in `folder`."""
    with Prometheus(binaries, SHIPPED, folder) as prometheus:
        groups = requests.get(f"{prometheus.url}/api/v1/rules", timeout=10).json()["data"]["groups"]
    return {Path(group["file"]).name for group in groups}


@pytest.mark.parametrize("own", [False, True], ids=["as shipped", "with own thresholds"])
def test_promtool_accepts_it(binaries: Binaries, tmp_path: Path, *, own: bool) -> None:
    """It is a valid configuration without rules/overrides.yml and with it."""
    folder = installed(tmp_path)
    if own:
        (tmp_path / "rules/overrides.yml").write_text(OWN_RULE)

    checked = subprocess.run(
        [binaries.promtool, "check", "config", folder / "prometheus.yml"], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"SUCCESS: {len(rule_files()) + own} rule files" in checked.stdout


def test_it_loads_every_shipped_rule_and_no_example(binaries: Binaries, tmp_path: Path) -> None:
    """Of rules/ a real Prometheus loads all but the example."""
    folder = installed(tmp_path)
    (tmp_path / "rules" / EXAMPLE_RULES.name).write_text(OWN_RULE)

    assert loaded_rule_files(binaries, folder) == {file.name for file in rule_files()}


def test_it_loads_a_users_own_thresholds(binaries: Binaries, tmp_path: Path) -> None:
    """rules/overrides.yml is loaded without a change of the configuration."""
    folder = installed(tmp_path)
    (tmp_path / "rules/overrides.yml").write_text(OWN_RULE)

    assert "overrides.yml" in loaded_rule_files(binaries, folder)


def test_it_scrapes_and_evaluates_every_15_seconds() -> None:
    """What the time to a notification is promised with."""
    assert SHIPPED["global"] == {"scrape_interval": "15s", "evaluation_interval": "15s"}


def test_a_restart_begins_no_alerts_waiting_anew() -> None:
    """Prometheus remembers how long an alert has waited where its `for` is no shorter than the grace period."""
    command = " ".join(config("docker-compose.yml")["services"]["prometheus"]["command"])
    # In seconds: the parser of durations knows no 0.
    (grace,) = re.findall(r"--rules\.alert\.for-grace-period=(\d+)s", command)
    groups = [group for file in rule_files() for group in yaml.safe_load(file.read_text())["groups"]]
    waits = {rule["alert"]: rule["for"] for group in groups for rule in group["rules"] if "for" in rule}

    assert waits
    assert [name for name, wait in waits.items() if parse_duration(wait).total_seconds() < int(grace)] == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: str(target["targets"]))
def test_a_target_is_named_after_its_host(target: dict[str, dict[str, str]]) -> None:
    """`instance` is set, and says more than a loopback address or an address with a port."""
    instance = target["labels"]["instance"]

    assert ":" not in instance
    assert instance != "localhost"
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        ipaddress.ip_address(instance)


def test_it_watches_itself_and_the_alertmanager_that_it_sends_to() -> None:
    """rules/meta.yml reads what these two say, and knows nothing of an Alertmanager that is not scraped."""
    jobs = {job["job_name"]: job["static_configs"] for job in SHIPPED["scrape_configs"]}
    (sent_to,) = SHIPPED["alerting"]["alertmanagers"]
    (published,) = config("docker-compose.yml")["services"]["prometheus"]["ports"]

    assert [one["targets"] for one in jobs["alertmanager"]] == [one["targets"] for one in sent_to["static_configs"]]
    assert [one["targets"] for one in jobs["prometheus"]] == [[f"127.0.0.1:{published.rpartition(':')[2]}"]]
