"""A real Prometheus scrapes the exporter and keeps what was on the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import exporter
from tests.support.fake_ollama import FIXTURES, FakeOllama, http, recorded
from tools.binaries import Binaries
from tools.stack import Prometheus

RECORDED = FIXTURES / "0.33.0-rc2"


@pytest.mark.parametrize("protocol", ["OpenMetricsText1.0.0", "PrometheusText0.0.4"])
def test_prometheus_takes_the_page_in_both_formats(protocol: str, tmp_path: Path, binaries: Binaries) -> None:
    """Every sample arrives, broken names included, and the target is up."""
    answers = {
        "/api/version": recorded(RECORDED / "api_version.http"),
        "/api/ps": recorded(RECORDED / "api_ps.three_loaded.http"),
        "/api/tags": recorded(FIXTURES / "hand-made" / "api_tags.broken_text.http"),
    }
    with FakeOllama(answers) as ollama, exporter.running(ollama.url) as address:
        job = {
            "job_name": "llama-metrics",
            "scrape_interval": "1s",
            "scrape_protocols": [protocol],
            "static_configs": [{"targets": [address.removeprefix("http://")]}],
        }
        with Prometheus(binaries, {"scrape_configs": [job]}, tmp_path) as prometheus:
            prometheus.wait_for("ollama_up == 1")

            assert prometheus.query("up")[0]["value"][1] == "1"
            assert len(prometheus.query("ollama_loaded_model_size_bytes")) == 3
            names = {found["metric"]["model"] for found in prometheus.query("ollama_model_info")}
            assert names == {'quote":1', "new\nline:1", "pair 🦙 lone �:1"}
            # A dead Ollama leaves its target up, and takes its models with it.
            ollama.answers["/api/version"] = http("", "500 Internal Server Error")
            prometheus.wait_for("ollama_up == 0")
            assert prometheus.query("up")[0]["value"][1] == "1"
            assert prometheus.query("ollama_loaded_models") == []
