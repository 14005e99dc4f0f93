"""Every metric of the probe, declared once."""

from __future__ import annotations

from llama_metrics.metrics import SECONDS, Histogram, Metric

# Why a request failed: the time ran out; nobody answered, or the connection broke; another status than 200, or an
# error in the answer; an answer that is none of Ollama's.
TIMED_OUT, UNREACHABLE, REFUSED, BAD_ANSWER = FAILURES = ("timed_out", "unreachable", "refused", "bad_answer")
# Why there was no request: the model is not in memory, and may not be loaded; nobody knows the context that it runs
# with; it generates nothing; the request before made Ollama load it anew.
NOT_LOADED, NO_CONTEXT, NO_GENERATION, RELOADED = SKIPS = ("not_loaded", "no_context", "no_generation", "reloaded")

_MODEL = ("model",)
_LAST = "Of the last probe; absent before it, and while the model is skipped."

ATTEMPTS = Metric(
    "ollama_probe_attempts_total",
    "counter",
    "Probes: requests for one token; also those that were due while Ollama did not say what is in memory. Each that it"
    " answers is one request in its log, with one generated token and one or two of prompt: with the default interval"
    " about 1,440 a day for each model.",
    _MODEL,
)
FAILED = Metric(
    "ollama_probe_failures_total",
    "counter",
    "Probes that got no answer. timed_out: not within the timeout. unreachable: nobody listens, or the connection"
    " broke. refused: an error of Ollama's. bad_answer: an answer that Ollama would not give.",
    ("model", "reason"),
)
SKIPPED = Metric(
    "ollama_probe_skips_total",
    "counter",
    "Times a probe was due and left out. not_loaded: the model is not in memory, and not to be loaded for a probe."
    " no_context: Ollama does not say the context that it runs with, and another would load it anew. no_generation: it"
    " cannot generate. reloaded: the probe before had it loaded anew, or ran out of time at that. The last two are left"
    " alone for ten minutes, and each further time for twice as long, up to a day.",
    ("model", "reason"),
)
FIRST_TOKEN = Histogram(
    "ollama_probe_time_to_first_token_seconds",
    "From the request to the first token of its answer, queue and load included; of probes that succeeded.",
    SECONDS,
    _MODEL,
)
SUCCESS = Metric("ollama_probe_success", "gauge", f"1 if it got its token, else 0. {_LAST}", _MODEL)
DURATION = Metric(
    "ollama_probe_duration_seconds",
    "gauge",
    f"From the request to the end of its answer, or of the wait. {_LAST}",
    _MODEL,
)
GENERATION = Metric(
    "ollama_probe_generation_duration_seconds",
    "gauge",
    f"From the first token to the end of the answer; absent where there was none. {_LAST}",
    _MODEL,
)
GENERATED_TOKENS = Metric(
    "ollama_probe_generated_tokens", "gauge", f"Tokens of the answer; absent where it does not say. {_LAST}", _MODEL
)
TIMESTAMP = Metric("ollama_probe_timestamp_seconds", "gauge", f"When it ended, in seconds since 1970. {_LAST}", _MODEL)
LAST_SUCCESS = Metric(
    "ollama_probe_last_success_timestamp_seconds",
    "gauge",
    "When a probe last got its token, in seconds since 1970; absent before the first.",
    _MODEL,
)

METRICS = (
    *(ATTEMPTS, FAILED, SKIPPED, FIRST_TOKEN),
    *(SUCCESS, DURATION, GENERATION, GENERATED_TOKENS, TIMESTAMP, LAST_SUCCESS),
)
