"""A real Prometheus scrapes the exporter and keeps what was on the page."""

from __future__ import annotations

from pathlib import Path

from tests.support import exporter
from tests.support.fake_ollama import FIXTURES, FakeOllama, http, recorded
from tools.binaries import Binaries
from tools.stack import Prometheus

RECORDED = FIXTURES / "0.33.0-rc2"


PROTOCOLS = ("OpenMetricsText1.0.0", "PrometheusText0.0.4")


def test_prometheus_takes_the_page_in_both_formats(tmp_path: Path, binaries: Binaries) -> None:
    """Every sample arrives, broken names included, and the target is up. One Prometheus, with a job a format."""
    answers = {
        "/api/version": recorded(RECORDED / "api_version.http"),
        "/api/ps": recorded(RECORDED / "api_ps.three_loaded.http"),
        "/api/tags": recorded(FIXTURES / "hand-made" / "api_tags.broken_text.http"),
    }
    with FakeOllama(answers) as ollama, exporter.running(ollama.url) as address:
        jobs = [
            {
                "job_name": protocol,
                "scrape_interval": "1s",
                "scrape_protocols": [protocol],
                "static_configs": [{"targets": [address.removeprefix("http://")]}],
            }
            for protocol in PROTOCOLS
        ]
        with Prometheus(binaries, {"scrape_configs": jobs}, tmp_path) as prometheus:
            prometheus.wait_for("count(ollama_up == 1) == 2")

            assert values(prometheus, "up") == {protocol: ["1"] for protocol in PROTOCOLS}
            assert values(prometheus, "count by (job) (ollama_loaded_model_size_bytes)") == {
                protocol: ["3"] for protocol in PROTOCOLS
            }
            for protocol in PROTOCOLS:
                found = prometheus.query(f'ollama_model_info{{job="{protocol}"}}')
                assert {one["metric"]["model"] for one in found} == {'quote":1', "new\nline:1", "pair 🦙 lone �:1"}
            # A dead Ollama leaves its target up, and takes its models with it.
            ollama.answers["/api/version"] = http("", "500 Internal Server Error")
            prometheus.wait_for("count(ollama_up == 0) == 2")
            assert values(prometheus, "up") == {protocol: ["1"] for protocol in PROTOCOLS}
            assert prometheus.query("ollama_loaded_models") == []


def values(prometheus: Prometheus, expression: str) -> dict[str, list[str]]:
    """What each job has."""
    found: dict[str, list[str]] = {}
    for one in prometheus.query(expression):
        found.setdefault(one["metric"]["job"], []).append(one["value"][1])
    return found
