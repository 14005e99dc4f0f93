"""Which alerts can work where, and what the others lack."""

from __future__ import annotations

import pytest

from llama_metrics.rulecheck.expression import parse
from llama_metrics.rulecheck.installation import Exporter, Installation, providers
from llama_metrics.rulecheck.judge import judge
from llama_metrics.rulecheck.need import AllOf, Need, Series
from llama_metrics.rulecheck.pack import Pack, Rule, read
from llama_metrics.rulecheck.verdict import WORKS, Level, either
from tests.rules.pack import FOLDER
from tests.unit.rulecheck.judged import HERE, THERE, installed, off, verdict, without

SHIPPED = read(FOLDER)
NAMES = {one.name for alert in SHIPPED.alerts for one in SHIPPED.reach(alert.need)} - SHIPPED.records.keys()


def test_where_everything_is_there_every_shipped_alert_works() -> None:
    """None is unknown, none has to be given up."""
    judged = judge(SHIPPED, installed({HERE: without()}, NAMES, NAMES))

    assert [one.alert.name for one in judged if set(one.verdicts.values()) != {WORKS}] == []
    assert len(judged) == len(SHIPPED.alerts)


def test_where_nothing_is_there_every_shipped_alert_says_what_it_lacks() -> None:
    """In sentences; only what reads nothing, or what Prometheus adds by itself, is above that."""
    judged = judge(SHIPPED, installed({HERE: Exporter({})}))

    for one in judged:
        for found in one.verdicts.values():
            assert found == WORKS or (found.lacks and all(cause.sentence for lack in found.lacks for cause in lack))
    assert {one.alert.name for one in judged if WORKS in one.verdicts.values()} <= {
        "LlamaMetricsWatchdog",
        "LlamaMetricsThresholdAmbiguous",
    }


def holds(need: Need, absent: set[str], inside: frozenset[str] = frozenset()) -> bool:
    """Whether a need of the shipped rules is met, told as true or false; `inside` are the records around it."""
    if isinstance(need, Series):
        if need.name in SHIPPED.records:
            own = SHIPPED.records[need.name]
            return need.name not in inside and holds(own, absent, inside | {need.name})
        return need.name not in absent
    return (all if isinstance(need, AllOf) else any)(holds(part, absent, inside) for part in need.parts)


@pytest.mark.parametrize(
    ("collector", "hit", "well"),
    [
        (
            "log",
            "OllamaQueueFull OllamaErrorRatioHigh OllamaDecodeSlow OllamaGpuNotUsed",
            "OllamaModelOnCpu OllamaDown",
        ),
        ("probe", "OllamaProbeFailing OllamaProbeSlow", "OllamaInferenceHung OllamaTimeToFirstTokenHigh"),
        ("macos", "MacMemoryPressure MacMemoryPressureCritical", "MacThermalPressure OllamaHostMemoryLow"),
        ("nvidia", "OllamaGpuNotUsed GpuThrottling", "GpuLost GpuTemperatureHigh"),
        ("runner", "OllamaRunnerSilent OllamaRequestsQueued OllamaSlotsSaturated", "OllamaInferenceHung"),
    ],
)
def test_a_collector_that_is_off_costs_what_reads_it_alone(collector: str, hit: str, well: str) -> None:
    """Exactly the shipped alerts that cannot do without it, and each names it and nothing else."""
    own = {name for name, (one, _) in providers().items() if one.name == collector}
    judged = judge(SHIPPED, installed({HERE: without(collector)}, NAMES - own, NAMES))
    lacking = {one.alert.name: one.verdicts[HERE] for one in judged if set(one.verdicts.values()) != {WORKS}}

    assert lacking == {one.name: off(collector) for one in SHIPPED.alerts if not holds(one.need, own)}
    assert set(hit.split()) <= lacking.keys()
    assert not set(well.split()) & lacking.keys()


def test_what_waits_is_no_fault() -> None:
    """A collector that is on and well has nothing to tell of a model that is not there."""
    assert verdict("ollama_loaded_model_size_bytes", without()).level == Level.WAITS
    assert verdict("ollama_loaded_model_size_bytes", without("ps")).level == Level.CANNOT


def test_a_record_is_judged_by_what_it_is_made_of() -> None:
    """Its own series may be written once an hour. One that reads its past begins by its other arm, or never."""
    record = {"r": "last_over_time(r[1d]) or increase(ollama_requests_total[1h])"}

    assert verdict("r > 1", without("log"), **record) == off("log")
    assert verdict("r > 1", without("log"), present="ollama_requests_total", **record) == WORKS
    assert verdict("r > 1", without(), r="r + 1").level == Level.FOREIGN


def test_health_is_there_where_the_collector_is_on() -> None:
    """Of named collectors; without a name, some collector is always on."""
    expression = 'llama_metrics_collector_success{collector=~"probe|log"} == 0'

    assert verdict(expression, without("log")) == WORKS
    assert verdict(expression, without("log", "probe")) == either([off("probe"), off("log")])
    assert verdict("llama_metrics_collector_success", without(), known="llama_metrics_collector_success") == WORKS


def test_what_prometheus_says_of_itself_is_about_no_host() -> None:
    """It is scraped or not; where it is, what is absent is a part of it that is not used."""
    lost = "prometheus_notifications_errors_total > 0"

    for told, cause in (("", "Prometheus does not scrape itself"), ("prometheus_build_info", "Prometheus has nothing")):
        (lack,) = verdict(lost, without(), known=told).lacks
        assert [one.sentence.startswith(cause) for one in lack] == [True]
    assert verdict(lost, without(), known="prometheus_notifications_errors_total") == WORKS
    (lack,) = verdict("somebody_elses > 0", without()).lacks
    assert [one.sentence for one in lack] == ["nothing here provides somebody_elses"]


def test_a_threshold_without_a_default_has_to_be_set() -> None:
    """A budget, a price: nobody can know it."""
    (lack,) = verdict(
        "ollama_models > on () group_left () max(ollama:threshold:x)", without(), present="ollama_models"
    ).lacks

    assert [one.sentence for one in lack] == ["ollama:threshold:x is not set"]


def test_each_host_is_judged_by_itself() -> None:
    """A fleet where one host's log is not read."""
    exporters = {HERE: without(), THERE: without("log")}
    found = Installation("3.5.3", {}, exporters, {"ollama_requests_total": frozenset({HERE})}, frozenset({"up"}))
    needs = {"A": parse("ollama_requests_total and up"), "B": parse("up")}
    one, other = judge(Pack([Rule("x.yml", name, True, need) for name, need in needs.items()], {}), found)

    assert one.verdicts == {HERE: WORKS, THERE: off("log")}
    assert other.verdicts == {None: WORKS}
