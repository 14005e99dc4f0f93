"""`llama-metrics check --rules DIR --prometheus URL`: a real Prometheus, real exporters, the shipped rules."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.rules.pack import ALERTS, FILES, FOLDER
from tests.support import exporter
from tests.support.fake_ollama import FakeOllama, http
from tests.support.waiting import until
from tools.binaries import Binaries
from tools.stack import Child, Prometheus, free_port

COMMAND = [sys.executable, "-m", "llama_metrics"]
MODEL = "llama3.2:3b"
LOG = {"collectors__log__enabled": True, "collectors__log__source": "file"}
PROBE = {
    "collectors__probe__enabled": True,
    "collectors__probe__models": [{"name": MODEL, "load": True}],
    "collectors__probe__interval": "10s",
}
FOR_PROBE = {"OllamaProbeFailing", "OllamaProbeSlow"}
FOR_LOG = {"OllamaQueueFull", "OllamaErrorRatioHigh", "OllamaTimeToFirstTokenHigh", "LlamaMetricsLogSilent"}


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    return subprocess.run([*COMMAND, "check", *arguments], capture_output=True, text=True, check=False, timeout=90)


def check_rules(url: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    """Asks this Prometheus about the rules of a folder."""
    return check("--rules", str(folder), "--prometheus", url)


def parts(text: str) -> dict[str, set[str]]:
    """The title of each part behind the first, with the alerts below it."""
    found = {}
    for part in text.split("\n\n")[1:]:
        title, *lines = part.rstrip().splitlines()
        names = " ".join(line.strip() for line in lines if not line.startswith(("  ->", "     ")))
        found[title] = set(names.split(", "))
    return found


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Iterator[Prometheus]:
    """Three exporters of one Ollama: with its log and the probe, without the log, and without the probe."""
    folder = tmp_path_factory.mktemp("check")
    log, address = folder / "ollama.log", f"127.0.0.1:{free_port()}"
    log.touch()
    simulated = [*COMMAND, "simulate", "steady", "--listen", address, "--log", str(log)]
    url = f"http://{address}"
    host, with_log = {"collectors__host__enabled": True}, {**LOG, "collectors__log__path": str(log)}
    with ExitStack() as stack:
        stack.enter_context(Child(simulated, f"{url}/api/version", folder / "simulate.log"))
        exporters = {
            "all": stack.enter_context(exporter.running(url, **host, **with_log, **PROBE)),
            "no-log": stack.enter_context(exporter.running(url, **host, **PROBE)),
            "no-probe": stack.enter_context(exporter.running(url, **host, **with_log)),
        }
        targets = [
            {"targets": [where.removeprefix("http://")], "labels": {"instance": name}}
            for name, where in exporters.items()
        ]
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(file) for file in FILES if file.name != "gpu.yml"],
            "scrape_configs": [{"job_name": "ollama", "static_configs": targets}],
        }
        prometheus = stack.enter_context(Prometheus(binaries, config, folder / "prometheus"))
        # A histogram is there from the first it holds: two logs had a request, and two probes their token.
        for name in ("ollama_http_request_duration_seconds_count", "ollama_probe_time_to_first_token_seconds_count"):
            prometheus.wait_for(f"count(group by (instance) ({name})) == 2")
        yield prometheus


@pytest.fixture(scope="module")
def report(scraped: Prometheus) -> str:
    """What the command says of it."""
    done = check_rules(scraped.url)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_each_host_is_told_what_it_lacks(report: str) -> None:
    """The log on one, the probe on another; the alerts of either are in no other part."""
    said = parts(report)

    assert said.pop("cannot work on 1 of 3 hosts (no-log): Ollama's log is not read") >= FOR_LOG
    assert said.pop("cannot work on 1 of 3 hosts (no-probe): the probe is off") == FOR_PROBE
    assert not any(names & (FOR_LOG | FOR_PROBE) for names in said.values())


def test_what_is_everywhere_is_not_mentioned(report: str) -> None:
    """Nor is a rule that Prometheus evaluates."""
    named = set().union(*parts(report).values())
    well = {"OllamaDown", "OllamaApiFailing", "OllamaHostMemoryLow", "OllamaModelOnCpu", "OllamaNoModelsInstalled"}

    assert well <= {alert.name for alert in ALERTS} - named
    assert f"of {len(ALERTS)} alerts find all that they read, on every host." in " ".join(report.split())
    assert "cannot be evaluated" not in report
    assert "as it stands here" not in report


def test_a_file_that_is_not_loaded_is_named(report: str) -> None:
    """With its alerts, and no other is."""
    own = {alert.name for alert in ALERTS if alert.file == "gpu.yml"}

    assert {title: names for title, names in parts(report).items() if "not loaded" in title} == {
        "gpu.yml is not loaded": own
    }


def test_a_prometheus_that_is_not_scraped_is_named(report: str) -> None:
    """What it would say of itself is what the rules about it read."""
    said = parts(report)

    assert "LlamaMetricsRulesFailing" in said["cannot work: Prometheus does not scrape itself"]
    assert "LlamaMetricsNotificationsFailing" in said["cannot work: Prometheus does not scrape Alertmanager"]


def test_a_rule_that_prometheus_cannot_evaluate_is_named(tmp_path: Path, binaries: Binaries) -> None:
    """With its words: two series on either side have nothing to tell them apart."""
    # Recorded by rules: Prometheus scrapes nothing in its first five seconds.
    series = [{"record": "two", "expr": "vector(1)", "labels": {"number": number}} for number in "12"]
    labels = {"job": "ollama", "instance": "one", "collector": "version"}
    exporters = {"record": "llama_metrics_collector_success", "expr": "vector(1)", "labels": labels}
    ambiguous = {"alert": "Ambiguous", "expr": "two * on () two"}
    rules = [*series, exporters, ambiguous]
    (tmp_path / "bad.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    config = {"global": {"evaluation_interval": "1s"}, "rule_files": [str(tmp_path / "bad.yml")]}
    with Prometheus(binaries, config, tmp_path / "prometheus") as prometheus:
        until(lambda: '"health":"err"' in exporter.get(prometheus.url, "/api/v1/rules").text, 30, 0.1)
        done = check_rules(prometheus.url, tmp_path)

    assert done.returncode == 0
    assert "Ambiguous cannot be evaluated: found duplicate series" in done.stdout


def test_a_prometheus_without_our_exporters_has_nothing_to_judge(tmp_path: Path, binaries: Binaries) -> None:
    """One sentence, and what to do."""
    with Prometheus(binaries, {"scrape_configs": []}, tmp_path) as prometheus:
        done = check_rules(prometheus.url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"llama-metrics: {prometheus.url} has no series llama_metrics_collector_success; add the exporter to its"
        " scrape_configs, or see on its page of targets why that target is down\n"
    )


def test_errors_are_one_sentence(tmp_path: Path) -> None:
    """Nobody there, no Prometheus, no password, no rules."""
    nobody = f"http://127.0.0.1:{free_port()}"
    asks = f"GET {nobody}/api/v1/status/buildinfo: connection refused; is Prometheus there? give the address that"
    with FakeOllama({"/api/version": http("{}")}) as ollama:
        for url, folder, says in (
            (nobody, FOLDER, asks),
            (ollama.url, FOLDER, "HTTP 404; this is no Prometheus' API; give"),
            ("localhost:9090", FOLDER, "--prometheus: 'localhost:9090' is no address of a Prometheus; give"),
            (nobody, tmp_path, f"{tmp_path}: holds no rules file (*.yml) with an alert"),
        ):
            done = check_rules(url, folder)

            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
            assert says in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["x.yml", "--rules", "rules"], ["--rules", "rules"], ["--prometheus", "http://x"]]
)
def test_it_is_one_check_or_the_other(arguments: list[str]) -> None:
    """A configuration, or rules with a Prometheus."""
    done = check(*arguments)

    assert done.returncode == 2
    assert "give either FILE, or both of --rules and --prometheus" in done.stderr
