"""Changes to rules that no case can notice, each with its reason."""

from __future__ import annotations

_LATEST = "reads the latest value of a record, which promtool writes at every step, whatever the group's interval"
_WHOLE = "as long as the group's interval or longer, so that no sample is missed; promtool ignores intervals"
_AT_ONCE = "stands for a record until that is written, and promtool writes it at every step"
_ALL_STATES = "a runner has a series of every state: it spares a fleet the others"
_BOUND = "only the label of that series is read, never its value"
_ONE = "only whether it fires is read, never its value"
_HALF = "there is no half request: it stands between none, give or take what sums differ by, and one"
_JOINED = "the other selectors leave that label's value out too, and the join drops what only one side has"
_LAST = "finds the same last sample, or one that is subtracted from itself"
_JOB = "a job as a whole: it has no other label that could be merged"

_RANGES = {
    "LlamaMetricsExporterDown: instance:llama_metrics_build_info:group{}[1h]": _LATEST,
    "LlamaMetricsExporterRestarting: instance:llama_metrics_build_info:group{}[15m]": _LATEST,
    "LlamaMetricsFileDescriptorsLow: instance:llama_metrics_build_info:group{}[15m]": _LATEST,
    "LlamaMetricsScrapeSlow: instance:llama_metrics_build_info:group{}[15m]": _LATEST,
    "OllamaDecodeSlow: instance:ollama_generated_tokens_per_second:avg7d{}[2h]": _LATEST,
    "OllamaModelOnCpu: instance:ollama_loaded_model_vram_bytes:max7d{}[2h]": _LATEST,
    "OllamaModelOnCpu: instance:ollama_loaded_model_vram_bytes:max5m{}[1h]": _WHOLE,
    "instance:gpu_info:last10m: amd_gpu_info{}[10m]": _WHOLE,
    "instance:gpu_info:last10m: nvidia_gpu_info{}[10m]": _WHOLE,
    "instance:llama_metrics_build_info:group: llama_metrics_build_info{}[10m]": _WHOLE,
    "instance:ollama_loaded_model_vram_bytes:max5m: ollama_loaded_model_vram_bytes{}[5m]": _WHOLE,
    "instance:ollama_up:last10m: ollama_up{}[10m]": _WHOLE,
    "instance:powermetrics_samples:last10m: powermetrics_samples_total{}[10m]": _WHOLE,
}
_MONTH = "sum_over_time(job:ollama_tokens:increase5m{}[23d]) + sum_over_time(job:ollama_tokens:increase5m{}[1w])"
_BUDGET = "> on () group_left () max(ollama:threshold:monthly_budget_tokens{})"
_DECODED = 'instance:ollama_generated_tokens_per_second:mean1h: model!="unknown" dropped from '
UNNOTICED = {
    **{f"{change} {way}": reason for change, reason in _RANGES.items() for way in ("halved", "doubled")},
    "instance:ollama_tokens:increase5m: ollama_generated_tokens_total{}[5m] offset 1m doubled": _LAST,
    "instance:ollama_tokens:increase5m: ollama_generated_tokens_total{}[5m] offset 1m doubled (2)": _LAST,
    "instance:ollama_tokens:increase5m: ollama_prompt_tokens_total{}[5m] offset 1m doubled": _LAST,
    "instance:ollama_tokens:increase5m: ollama_prompt_tokens_total{}[5m] offset 1m doubled (2)": _LAST,
    f"OllamaTokenBudgetRunningOut: + in {_MONTH} merges sites": _JOB,
    f"OllamaTokenBudgetRunningOut: unless in {_MONTH} {_BUDGET} unless  sum_over_time("
    f"job:ollama_tokens:increase5m{{}}[30d]) {_BUDGET} merges sites": _JOB,
    "LlamaMetricsWatchdog: 1 moved to 0": _ONE,
    "LlamaMetricsWatchdog: 1 moved to 2": _ONE,
    "OllamaPromptEvaluationSlow: 1 moved to 0": _BOUND,
    "OllamaPromptEvaluationSlow: 1 moved to 2": _BOUND,
    "OllamaProbeSlow: 1 moved to 0": _BOUND,
    "OllamaProbeSlow: 1 moved to 2": _BOUND,
    "OllamaInferenceHung: state=\"ready\" dropped from ollama_runner_state{state=\"ready\"}": _ALL_STATES,
    "OllamaSlotsSaturated: state=\"ready\" dropped from ollama_runner_state{state=\"ready\"}": _ALL_STATES,
    "OllamaModelOnCpu: max without (model)(ollama_loaded_model_vram_bytes{}) merges sites": _AT_ONCE,
    "OllamaModelOnCpu: or … dropped from ollama_gpus{} > 0 or  max without (model)(ollama_loaded_model_vram_bytes{})"
    " > 0": _AT_ONCE,
    "OllamaTimeToFirstTokenHigh: >= in instance:ollama_generating_requests:increase15m{} >= 5 loosened":
        "an increase adds something for the edges of its range, so it is not exactly 5 for ten minutes",
    "LlamaMetricsLogSilent: code=\"200\" dropped from ollama_http_requests_total{code=\"200\"}":
        "a log has access lines of every code or of none: it spares a fleet the series of the others",
    "instance:ollama_time_to_first_token_seconds:mean5m: 0.5 moved to 0.49": _HALF,
    "instance:ollama_time_to_first_token_seconds:mean5m: 0.5 moved to 0.51": _HALF,
    "instance:ollama_time_to_first_token_seconds:mean5m: > in instance:ollama_generating_requests:increase5m{} > 0.5"
    " loosened": _HALF,
    "instance:llama_metrics_build_info:group: instance:llama_metrics_build_info:group{}[1d] doubled":
        "an exporter is still known after Prometheus was off for more than a day: no harm",
    "instance:llama_metrics_build_info:group: and in last_over_time(instance:llama_metrics_build_info:group{}[1d])"
    " and  up{} merges sites":
        "a removed exporter is not forgotten while another site has its equal: no alert reads that",
    _DECODED + 'ollama_eval_duration_seconds_total{model!="unknown"}': _JOINED,
    _DECODED + 'ollama_generated_tokens_total{model!="unknown"}': _JOINED,
    _DECODED + 'ollama_generated_tokens_total{model!="unknown"} (2)': _JOINED,
    _DECODED + 'ollama_requests_total{model!="unknown"}': _JOINED,
    _DECODED + 'ollama_requests_total{model!="unknown"} (2)': _JOINED,
}  # fmt: skip
