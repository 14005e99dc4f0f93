"""Some case notices each small wrong change to a rule, so the cases prove what they seem to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path

import promql_parser

from tests.rules import promtool
from tests.rules.cases import CASES, Case
from tests.rules.mutants import Mutant, mutants
from tests.rules.pack import RULES, Rule
from tests.rules.promql import needed
from tools.binaries import Binaries

_LATEST = "reads the latest value of a record, which promtool writes at every step, whatever the group's interval"
_WHOLE = "as long as the group's interval or longer, so that no sample is missed; promtool ignores intervals"
_BOUND = "only the label of that series is read, never its value"
_HALF = "there is no half request: it stands between none, give or take what sums differ by, and one"
# Changes that no case can notice, each with its reason.
UNNOTICED = {
    "LlamaMetricsExporterDown: instance:llama_metrics_build_info:group{}[1h] doubled": _LATEST,
    "LlamaMetricsExporterDown: instance:llama_metrics_build_info:group{}[1h] halved": _LATEST,
    "LlamaMetricsExporterRestarting: instance:llama_metrics_build_info:group{}[15m] doubled": _LATEST,
    "LlamaMetricsExporterRestarting: instance:llama_metrics_build_info:group{}[15m] halved": _LATEST,
    "LlamaMetricsFileDescriptorsLow: instance:llama_metrics_build_info:group{}[15m] doubled": _LATEST,
    "LlamaMetricsFileDescriptorsLow: instance:llama_metrics_build_info:group{}[15m] halved": _LATEST,
    "OllamaDecodeSlow: instance:ollama_generated_tokens_per_second:avg7d{}[2h] doubled": _LATEST,
    "OllamaDecodeSlow: instance:ollama_generated_tokens_per_second:avg7d{}[2h] halved": _LATEST,
    "OllamaModelOnCpu: instance:ollama_loaded_model_vram_bytes:max7d{}[2h] doubled": _LATEST,
    "OllamaModelOnCpu: instance:ollama_loaded_model_vram_bytes:max7d{}[2h] halved": _LATEST,
    "OllamaModelOnCpu: ollama_loaded_model_vram_bytes{}[1h] doubled": _WHOLE,
    "OllamaModelOnCpu: ollama_loaded_model_vram_bytes{}[1h] halved": _WHOLE,
    "OllamaPromptEvaluationSlow: 1 moved to 0": _BOUND,
    "OllamaPromptEvaluationSlow: 1 moved to 2": _BOUND,
    "OllamaProbeSlow: 1 moved to 0": _BOUND,
    "OllamaProbeSlow: 1 moved to 2": _BOUND,
    "OllamaTimeToFirstTokenHigh: >= in (sum without (route)(increase(ollama_http_request_duration_seconds_count{route=~"
    '"/api/(generate|chat)|/v1/(.*completions|responses|messages)"}[15m])) - sum without (model)(increase('
    "ollama_probe_time_to_first_token_seconds_count{}[15m])) or  sum without (route)(increase("
    'ollama_http_request_duration_seconds_count{route=~"/api/(generate|chat)|/v1/(.*completions|responses|messages)"}'
    "[15m]))) >= 5 loosened":
        "an increase adds something for the edges of its range, so it is not exactly 5 for ten minutes",
    "instance:ollama_time_to_first_token_seconds:mean5m: 0.5 moved to 0.49": _HALF,
    "instance:ollama_time_to_first_token_seconds:mean5m: 0.5 moved to 0.51": _HALF,
    "instance:ollama_time_to_first_token_seconds:mean5m: > in instance:ollama_generating_requests:increase5m{} > 0.5"
    " loosened": _HALF,
    "instance:gpu_info:last10m: amd_gpu_info{}[10m] doubled": _WHOLE,
    "instance:gpu_info:last10m: amd_gpu_info{}[10m] halved": _WHOLE,
    "instance:gpu_info:last10m: nvidia_gpu_info{}[10m] doubled": _WHOLE,
    "instance:gpu_info:last10m: nvidia_gpu_info{}[10m] halved": _WHOLE,
    "instance:llama_metrics_build_info:group: llama_metrics_build_info{}[10m] doubled": _WHOLE,
    "instance:llama_metrics_build_info:group: llama_metrics_build_info{}[10m] halved": _WHOLE,
    "instance:ollama_loaded_model_vram_bytes:max5m: ollama_loaded_model_vram_bytes{}[5m] doubled": _WHOLE,
    "instance:ollama_loaded_model_vram_bytes:max5m: ollama_loaded_model_vram_bytes{}[5m] halved": _WHOLE,
    "instance:ollama_up:last10m: ollama_up{}[10m] doubled": _WHOLE,
    "instance:ollama_up:last10m: ollama_up{}[10m] halved": _WHOLE,
    "instance:powermetrics_samples:last10m: powermetrics_samples_total{}[10m] doubled": _WHOLE,
    "instance:powermetrics_samples:last10m: powermetrics_samples_total{}[10m] halved": _WHOLE,
    "instance:llama_metrics_build_info:group: instance:llama_metrics_build_info:group{}[1d] doubled":
        "an exporter is still known after Prometheus was off for more than a day: no harm",
    "instance:llama_metrics_build_info:group: and in last_over_time(instance:llama_metrics_build_info:group{}[1d])"
    " and  up{} merges sites":
        "a removed exporter is not forgotten while another site has its equal: no alert reads that",
}  # fmt: skip


def test_the_cases_notice_every_change(binaries: Binaries, tmp_path: Path) -> None:
    """Comparison flipped, number moved, duration halved, arm dropped, sites merged: one case at least fails."""
    unchanged = [Mutant(rule, "unchanged") for rule in RULES]
    assert _surviving(unchanged, CASES, binaries, tmp_path / "unchanged") == unchanged
    # Each step sees only what the one before let pass: most changes show where an alert fires, and days are slow.
    changed = [mutant for rule in RULES for mutant in mutants(rule)]
    for days, fires in product((False, True), (True, False)):
        cases = [case for case in CASES if days == ("-days" in case.file) and fires == (case.outcome == "fires")]
        changed = _surviving(changed, cases, binaries, tmp_path / f"days {days} fires {fires}")
    assert sorted(map(str, changed)) == sorted(UNNOTICED)


def _surviving(tried: Sequence[Mutant], cases: Sequence[Case], binaries: Binaries, folder: Path) -> list[Mutant]:
    """The mutants with which every one of the cases passes."""
    files = {
        file: mutant for number, mutant in enumerate(tried) for file in _written(mutant, cases, folder / str(number))
    }
    verdicts = dict(zip(files, promtool.test(binaries.promtool, list(files)), strict=True))
    for file, words in verdicts.items():
        assert "could not parse" not in words, f"{files[file]} is no rule:\n{words}"
    noticed = {str(files[file]) for file, words in verdicts.items() if words.startswith("FAILED")}
    return [mutant for mutant in tried if str(mutant) not in noticed]


def _written(mutant: Mutant, cases: Sequence[Case], folder: Path) -> Iterable[Path]:
    """Writes the changed rule with those that depend on it and on which it depends, and their cases, by file."""
    rules = [mutant.rule if rule.name == mutant.rule.name else rule for rule in RULES]
    changed = [rule for rule in rules if mutant.rule.name in needed(rule, rules)]
    names = set[str]().union(*(needed(rule, rules) for rule in changed))
    folder.mkdir(parents=True)
    chosen = [case for case in cases if case.rule in {rule.name for rule in changed}]
    for step in sorted({case.step for case in chosen}):
        # What is recorded once an hour is not there yet in the first hour: short cases do without.
        short = promql_parser.parse_duration(step) < timedelta(hours=1)
        used = [rule for rule in rules if rule.name in names and not (short and rule.interval == timedelta(hours=1))]
        group = {"name": "changed", "rules": [_entry(rule) for rule in used]}
        (folder / f"rules {step}.yml").write_text(json.dumps({"groups": [group]}))
        tests = [case.raw for case in chosen if case.step == step]
        document = {"rule_files": [f"rules {step}.yml"], "evaluation_interval": step, "tests": tests}
        (folder / f"cases {step}.yml").write_text(json.dumps(document))
        yield folder / f"cases {step}.yml"


def _entry(rule: Rule) -> dict[str, object]:
    entry: dict[str, object] = {rule.kind: rule.name, "expr": rule.expr}
    if rule.is_alert:
        entry |= {"labels": rule.labels, "annotations": rule.annotations}
    if rule.hold:
        entry["for"] = promql_parser.display_duration(rule.hold)
    if rule.keep:
        entry["keep_firing_for"] = promql_parser.display_duration(rule.keep)
    return entry
