"""Why series are absent, in sentences."""

from __future__ import annotations

import pytest

from llama_metrics.collectors import ALL
from llama_metrics.rulecheck import causes
from llama_metrics.rulecheck.installation import Exporter, providers
from llama_metrics.rulecheck.verdict import WORKS
from tests.unit.rulecheck.judged import verdict, without


@pytest.mark.parametrize(
    ("name", "exporter", "cause"),
    [
        ("ollama_loaded_model_size_bytes", without(), "no model is in memory"),
        ("ollama_loaded_model_size_bytes", without(version=False, ps=False), "Ollama does not answer"),
        ("ollama_loaded_model_size_bytes", without(ps=False), "the collector ps fails"),
        ("ollama_probe_success", without(version=False), "no model was probed yet"),
        ("ollama_requests_total", without(log=False), "the collector log fails"),
        ("ollama_requests_total", without(ollama="0.29.1"), "older than 0.30"),
        ("ollama_requests_total", without(ollama="0.0.0"), "the log had nothing of it"),
        ("ollama_requests_total", without(ollama=""), "the log had nothing of it"),
        ("ollama_model_loads_total", without(ollama="0.29.1"), "the log had nothing of it"),
        ("ollama_runner_slots", without(ollama="0.29.1"), "older than 0.30"),
        ("ollama_runner_slots", without(), "no model is in memory"),
        ("ollama_runner_state", without(ollama="0.29.1"), "no model is in memory"),
        ("ollama_runner_generated_tokens_total", without(), "the runners' counters are not told"),
        ("ollama_expected_model_present", without(), "no model is named as expected"),
        ("ollama_model_info", without(), "no model is installed"),
        ("ollama_gpus", without(), "the log does not hold the start"),
        ("llama_metrics_log_unread_bytes", without(), "the log is no file"),
        ("ollama_connections", without(), "not permitted to see Ollama's connections"),
        ("ollama_process_resident_memory_bytes", without(), "processes are not to be seen"),
        ("ollama_models_filesystem_size_bytes", without(), "the folder of Ollama's models"),
        ("nvidia_gpu_energy_joules_total", without(), "this machine does not measure it"),
        ("macos_memory_pressure_level", without("macos"), "does not run on macOS"),
        ("powermetrics_samples_total", without("powermetrics", system="darwin"), "powermetrics may not be run"),
        ("nvidia_gpu_info", without("nvidia"), "found no NVIDIA GPU"),
        ("nvidia_gpu_info", without("nvidia", system="darwin"), "a Mac has no NVIDIA"),
        ("ollama_models", without("tags"), "the collector tags is off"),
        ("host_memory_total_bytes", Exporter({"version": True}), "watched from another machine"),
        ("macos_memory_pressure_level", Exporter({"version": True}), "watched from another machine"),
        ("ollama_http_request_duration_seconds_bucket", without("log"), "log is not read"),
    ],
)
def test_why_a_series_is_absent(name: str, exporter: Exporter, cause: str) -> None:
    """By the health of the collector that it should come from, and what else is known of the host."""
    (lack,) = verdict(f"{name} > 0", exporter).lacks
    (found,) = lack

    assert cause in found.sentence
    assert verdict(f"{name} > 0", exporter, present=name) == WORKS


def test_there_is_a_sentence_for_each_collector() -> None:
    """One that may be off without anybody having said so has advice of its own."""
    for collector in ALL:
        cause = causes.off(collector, "darwin" if collector.name in ("macos", "powermetrics") else "linux")
        assert cause.todo
        if collector.options().enabled is not True and collector.name != "macos":
            assert "enabled: false" not in cause.todo


def test_the_names_that_have_advice_exist() -> None:
    """A rename would leave the advice behind."""
    names = providers().keys()

    for begin in causes.BEYOND:
        assert any(name.startswith(begin) for name in names), begin
    assert sum("before Ollama 0.30" in metric.help for _, metric in providers().values()) > 15
