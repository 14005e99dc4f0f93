"""Every metric of the runner collector, declared once."""

from __future__ import annotations

from llama_metrics.metrics import Metric

READY, LOADING, SILENT, NO_SLOTS, OTHER = STATES = ("ready", "loading", "silent", "no_slots", "other")

_MODEL = ("model",)
_OF = "By model; a model that is not installed any more goes by the first 12 digits of its file's digest."
_OPT_IN = (
    "Since the runner was started, requests that were cancelled included. Only with collectors.runner.metrics, where"
    " Ollama's environment has LLAMA_ARG_ENDPOINT_METRICS=1; absent while two runners hold the same model."
)

STATE = Metric(
    "ollama_runner_state",
    "gauge",
    "1 for each state that a runner of the model is in, else 0. ready: it tells its slots. loading: not ready yet."
    " silent: its process is there, but it gives no answer within the collector's timeout. no_slots: it has none to"
    " tell, as before Ollama 0.30, or they are switched off. other: what it answers is none of these; those beyond 64"
    " runners are not asked, and are other, of model unknown. Runners in a container whose network we do not share"
    " cannot be asked, and are not here.",
    ("model", "state"),
)
SLOTS = Metric(
    "ollama_runner_slots",
    "gauge",
    "Requests that the model's runner works on (busy), and could work on besides (idle); absent where a runner of the"
    f" model does not tell. {_OF}",
    ("model", "state"),
)
CONTEXT_USED = Metric(
    "ollama_runner_context_used_tokens",
    "gauge",
    "Tokens in the contexts of busy slots, those of the prompt done so far and those generated: it moves while a"
    " request is worked on. 0 where no slot is busy; absent where llama-server does not tell, as before May 2026.",
    _MODEL,
)
PROMPT_TOKENS = Metric(
    "ollama_runner_prompt_tokens_total",
    "counter",
    f"Tokens of prompts, the cached part included; absent where the runner does not tell the cached. {_OPT_IN}",
    _MODEL,
)
PROMPT_CACHED_TOKENS = Metric(
    "ollama_runner_prompt_cached_tokens_total",
    "counter",
    f"Of which came from the prompt cache; absent where the runner does not tell. {_OPT_IN}",
    _MODEL,
)
GENERATED_TOKENS = Metric(
    "ollama_runner_generated_tokens_total", "counter", f"Tokens generated; steps when a request ends. {_OPT_IN}", _MODEL
)
PROMPT_EVAL_SECONDS = Metric(
    "ollama_runner_prompt_eval_duration_seconds_total",
    "counter",
    f"Time spent on prompts, the cached part of which takes none; where several slots work at once, less than the sum"
    f" of what the log says of each request. {_OPT_IN}",
    _MODEL,
)
EVAL_SECONDS = Metric(
    "ollama_runner_eval_duration_seconds_total", "counter", f"Time spent on generating. {_OPT_IN}", _MODEL
)

METRICS = (
    *(STATE, SLOTS, CONTEXT_USED),
    *(PROMPT_TOKENS, PROMPT_CACHED_TOKENS, GENERATED_TOKENS, PROMPT_EVAL_SECONDS, EVAL_SECONDS),
)
