"""What mutes what: config/alertmanager.yml in a real Alertmanager, asked for the state of each alert."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.config.shipped import CONFIG, alert_labels, config
from tests.rules.pack import ALERTS
from tests.rules.runbook import labels
from tools.binaries import Binaries
from tools.stack import Alertmanager

SHIPPED = config("config/alertmanager.yml")
HERE = {"instance": "box"}
# Another instance, and other sites that have an instance of the same name.
ELSEWHERE = [{"instance": "other"}, {"instance": "box", "site": "paris"}, {"instance": "box", "cluster": "b"}]

MODEL = HERE | {"model": "llama3.2:3b"}
OTHER_MODEL = HERE | {"model": "qwen3:8b"}
# The windows of a budget that burns.
LONG = {"long": "1h", "short": "5m"}
# Its category is that of the alert which it is about, so a case says it.
PERSISTS = "OllamaCriticalPersists"
DOWN_PERSISTS = HERE | {"alert": "OllamaDown", "category": "availability"}
MANY_PERSISTS = {"alert": "OllamaManyDown", "category": "availability"}
BURN_PERSISTS = {"alert": "OllamaAvailabilityBudgetBurnFast", "category": "availability"}
EXPORTER_PERSISTS = HERE | {"alert": "LlamaMetricsExporterDown", "category": "meta"}
LABELS = {**alert_labels(), PERSISTS: {"severity": "critical"}}

# source, its labels, target, its labels: is the target muted?
CASES = [
    ("LlamaMetricsExporterDown", HERE, "OllamaDown", HERE, True),
    ("LlamaMetricsExporterDown", HERE, "OllamaModelOnCpu", HERE | {"model": "llama3.2:latest"}, True),
    ("LlamaMetricsExporterDown", HERE | {"site": "rome"}, "OllamaDown", HERE | {"site": "rome"}, True),
    *[("LlamaMetricsExporterDown", HERE, "OllamaDown", elsewhere, False) for elsewhere in ELSEWHERE],
    ("LlamaMetricsExporterDown", HERE, "LlamaMetricsCollectorFailing", HERE, False),
    ("LlamaMetricsExporterDown", HERE, "OllamaVersionSkew", {}, False),
    # Without an instance on both sides the labels would count as equal.
    ("LlamaMetricsExporterDown", {}, "OllamaVersionSkew", {}, False),
    ("OllamaDown", HERE, "OllamaFlapping", HERE, True),
    *[("OllamaDown", HERE, "OllamaFlapping", elsewhere, False) for elsewhere in ELSEWHERE],
    ("OllamaDown", HERE, "OllamaModelThrashing", HERE, False),  # another category
    ("OllamaDown", HERE, "OllamaExpectedModelMissing", HERE, False),  # critical too
    ("OllamaDown", HERE, "LlamaMetricsCollectorFailing", HERE, False),  # meta
    ("OllamaDown", {}, "OllamaNoModelsInstalled", {}, False),
    ("OllamaDown", HERE, "OllamaProbeFailing", MODEL, True),
    # Of another category, but about a model: there is none while there is no Ollama.
    ("OllamaDown", HERE, "OllamaModelOnCpu", MODEL, True),
    ("OllamaDown", HERE, "OllamaPromptEvaluationSlow", MODEL, True),
    *[("OllamaDown", HERE, "OllamaModelOnCpu", MODEL | elsewhere, False) for elsewhere in ELSEWHERE],
    ("OllamaDown", HERE, "OllamaInferenceHung", MODEL, False),  # critical too
    ("OllamaDown", HERE, "LlamaMetricsCollectorFailing", MODEL, False),  # meta
    ("OllamaDown", {}, "OllamaModelOnCpu", {"model": "llama3.2:3b"}, False),
    # An escalation is muted by what mutes the alert that it is about, and by nothing else.
    ("OllamaDown", HERE, PERSISTS, DOWN_PERSISTS, False),
    ("LlamaMetricsExporterDown", HERE, PERSISTS, DOWN_PERSISTS, True),
    ("LlamaMetricsExporterDown", HERE, PERSISTS, EXPORTER_PERSISTS, False),
    ("OllamaInferenceHung", MODEL, "OllamaRunnerSilent", MODEL, True),
    ("OllamaInferenceHung", MODEL, "OllamaProbeSlow", MODEL, True),
    *[("OllamaInferenceHung", MODEL, "OllamaProbeSlow", MODEL | elsewhere, False) for elsewhere in ELSEWHERE],
    ("OllamaInferenceHung", MODEL, "OllamaRunnerSilent", OTHER_MODEL, False),
    ("OllamaInferenceHung", MODEL, "OllamaRequestsQueued", HERE, True),
    *[("OllamaInferenceHung", MODEL, "OllamaRequestsQueued", elsewhere, False) for elsewhere in ELSEWHERE],
    ("OllamaInferenceHung", MODEL, "OllamaProbeFailing", MODEL, False),  # an error is no silence
    ("MacMemoryPressureCritical", HERE, "MacMemoryPressure", HERE, True),
    *[("MacMemoryPressureCritical", HERE, "MacMemoryPressure", elsewhere, False) for elsewhere in ELSEWHERE],
    ("MacMemoryPressureCritical", HERE, "MacThermalPressure", HERE, False),
    ("OllamaModelsDiskFull", HERE, "OllamaModelsDiskFilling", HERE, True),
    *[("OllamaModelsDiskFull", HERE, "OllamaModelsDiskFilling", elsewhere, False) for elsewhere in ELSEWHERE],
    # Of a whole job: whatever instance it is, and another site is another job.
    ("OllamaManyDown", {}, "OllamaDown", HERE, True),
    ("OllamaManyDown", {"site": "rome"}, "OllamaDown", HERE | {"site": "rome"}, True),
    *[("OllamaManyDown", {"site": "rome"}, "OllamaDown", elsewhere, False) for elsewhere in ELSEWHERE],
    ("OllamaManyDown", {}, "OllamaAvailabilityBudgetBurnFast", LONG, True),
    ("OllamaManyDown", {}, "OllamaAvailabilityBudgetBurnSlow", LONG, True),
    ("OllamaManyDown", {}, "OllamaErrorBudgetBurnFast", LONG, False),
    ("OllamaManyDown", {}, "OllamaFlapping", HERE, False),  # by OllamaDown, where that one is down
    ("OllamaManyDown", {}, PERSISTS, DOWN_PERSISTS, True),
    ("OllamaManyDown", {}, PERSISTS, BURN_PERSISTS, True),
    ("OllamaManyDown", {}, PERSISTS, MANY_PERSISTS, False),
    ("OllamaManyDown", {}, PERSISTS, HERE | {"alert": "OllamaInferenceHung", "category": "availability"}, False),
    # Worse than OllamaDown, or its cause.
    ("OllamaDown", HERE, "OllamaGpuNotUsed", HERE, True),
    ("OllamaDown", HERE, "GpuLost", HERE | {"gpu": "0"}, False),
    ("OllamaAvailabilityBudgetBurnFast", LONG, "OllamaAvailabilityBudgetBurnSlow", {"long": "1d", "short": "2h"}, True),
    ("OllamaErrorBudgetBurnFast", LONG, "OllamaErrorBudgetBurnSlow", {"long": "1d", "short": "2h"}, True),
    ("OllamaLatencyBudgetBurnFast", LONG, "OllamaLatencyBudgetBurnSlow", {"long": "1d", "short": "2h"}, True),
    ("OllamaErrorBudgetBurnFast", LONG, "OllamaErrorBudgetBurnSlow", {"site": "rome"}, False),
    ("OllamaErrorBudgetBurnFast", LONG, "OllamaLatencyBudgetBurnSlow", {"long": "1d", "short": "2h"}, False),
    ("OllamaDown", HERE, "OllamaNoModelsInstalled", HERE, True),
]


@pytest.fixture(scope="module")
def muted(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], bool]]:
    """Job and alert -> is it muted, all cases fired at once. A case's number is its job, so that none meets another."""
    alerts = []
    for number, (source, source_labels, target, target_labels, _) in enumerate(CASES):
        alerts += [firing(source, number, source_labels), firing(target, number, target_labels)]
    with Alertmanager(binaries, CONFIG / "alertmanager.yml", tmp_path_factory.mktemp("alertmanager")) as real:
        requests.post(f"{real.url}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()
        expected = [(str(number), case[2]) for number, case in enumerate(CASES) if case[4]]
        end = time.monotonic() + 10
        # Each inhibition takes in what fires by itself. What is not muted by the end, the tests tell.
        while not all(map((states := muted_now(real)).__getitem__, expected)) and time.monotonic() < end:
            pass
        yield states


def muted_now(alertmanager: Alertmanager) -> dict[tuple[str, str], bool]:
    """Job and alert -> is it muted, at this moment."""
    return {
        (one["labels"]["job"], one["labels"]["alertname"]): one["status"]["state"] == "suppressed"
        for one in alertmanager.alerts()
    }


def firing(name: str, job: int, labels: dict[str, str]) -> dict[str, Any]:
    """An alert as Prometheus would send it: the labels of its rule, of its series and of its target."""
    now = datetime.now(UTC).isoformat()
    return {"labels": {"alertname": name, "job": str(job), **LABELS[name], **labels}, "startsAt": now}


@pytest.mark.parametrize(
    ("job", "case"), list(enumerate(CASES)), ids=[f"{case[0]} {case[1]} {case[2]} {case[3]}" for case in CASES]
)
def test_what_mutes_what(
    muted: dict[tuple[str, str], bool], job: int, case: tuple[str, dict[str, str], str, dict[str, str], bool]
) -> None:
    """The target is muted where the table says so, and the source never is."""
    source, _, target, _, expected = case

    assert muted[str(job), target] is expected
    assert muted[str(job), source] is False


@pytest.mark.parametrize("rule", SHIPPED["inhibit_rules"], ids=lambda rule: str(rule["name"]))
def test_a_source_is_one_alert_of_ours_with_what_must_be_equal(rule: dict[str, Any]) -> None:
    """An alert that is renamed in rules/ is noticed here, and so is a source that could lack what it is matched by."""
    name, *others = rule["source_matchers"]

    found = re.fullmatch('alertname="([A-Za-z]+)"', name)
    assert found
    (source,) = [alert for alert in ALERTS if alert.name == found.group(1)]
    needed = ["job", "instance"] if "instance" in labels(source) else ["job"]
    assert others == [f'{label}=~".+"' for label in needed]
    assert {*needed} <= set(rule["equal"])


def test_amtool_accepts_it(binaries: Binaries) -> None:
    """It is a valid configuration."""
    command = [str(binaries.amtool), "check-config", str(CONFIG / "alertmanager.yml")]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("labels", [*alert_labels().values(), {}], ids=str)
def test_every_alert_reaches_the_inbox(binaries: Binaries, labels: dict[str, str]) -> None:
    """None of ours, and none of a stranger's, is routed to nobody; save the dead man's switch, which always fires."""
    receiver = "nowhere" if labels.get("severity") == "none" else "inbox"
    command = [str(binaries.amtool), "config", "routes", "test", f"--config.file={CONFIG}/alertmanager.yml"]
    severity = [f"severity={labels['severity']}"] if labels else []
    arguments = [f"--verify.receivers={receiver}", *severity]

    checked = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
