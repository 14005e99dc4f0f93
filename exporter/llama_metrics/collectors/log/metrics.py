"""Every metric of the log collector, declared once. What fills them is tally.py; render.py puts both together."""

from __future__ import annotations

from llama_metrics.metrics import SECONDS, Histogram, Metric

TOKENS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0)
SECONDS_PER_TOKEN = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0)

_MODEL = ("model",)
_RUNNER = "Absent before Ollama 0.30, whose log does not say."

HTTP_REQUESTS = Metric(
    "ollama_http_requests_total",
    "counter",
    "Requests that ended, from the access log. Without GET of /api/version, /api/ps, /api/tags and POST /api/show,"
    " which exporters and clients poll.",
    ("method", "route", "code"),
)
HTTP_DURATION = Histogram(
    "ollama_http_request_duration_seconds",
    "How long requests took, from the access log: queue, load and the whole stream included. Polled routes as above.",
    SECONDS,
    ("route",),
)
REQUESTS = Metric(
    "ollama_requests_total",
    "counter",
    f"Generations that ran to their end. Neither cancelled ones nor embeddings. {_RUNNER}",
    _MODEL,
)
PROMPT_TOKENS = Metric(
    "ollama_prompt_tokens_total",
    "counter",
    f"Tokens of whole prompts, the part from the cache and those of embeddings included. {_RUNNER}",
    _MODEL,
)
PROMPT_EVALUATED_TOKENS = Metric(
    "ollama_prompt_evaluated_tokens_total",
    "counter",
    f"Prompt tokens whose evaluation was timed: neither from the cache nor of embeddings. {_RUNNER}",
    _MODEL,
)
PROMPT_CACHED_TOKENS = Metric(
    "ollama_prompt_cached_tokens_total", "counter", f"Prompt tokens that came from the prompt cache. {_RUNNER}", _MODEL
)
GENERATED_TOKENS = Metric("ollama_generated_tokens_total", "counter", f"Tokens generated. {_RUNNER}", _MODEL)
PROMPT_EVAL_SECONDS = Metric(
    "ollama_prompt_eval_duration_seconds_total",
    "counter",
    f"Time spent on ollama_prompt_evaluated_tokens_total. {_RUNNER}",
    _MODEL,
)
EVAL_SECONDS = Metric(
    "ollama_eval_duration_seconds_total",
    "counter",
    f"Time spent on ollama_generated_tokens_total. {_RUNNER}",
    _MODEL,
)
REQUEST_PROMPT_TOKENS = Histogram(
    "ollama_request_prompt_tokens", f"Prompt tokens of each generation, the cached ones included. {_RUNNER}", TOKENS
)
REQUEST_GENERATED_TOKENS = Histogram(
    "ollama_request_generated_tokens", f"Tokens that each generation generated. {_RUNNER}", TOKENS
)
REQUEST_PROMPT_EVAL = Histogram(
    "ollama_request_prompt_eval_duration_seconds",
    f"Prompt evaluation of each generation: the runner's part of the time to the first token, without queue and load."
    f" {_RUNNER}",
    SECONDS,
    _MODEL,
)
REQUEST_TIME_PER_TOKEN = Histogram(
    "ollama_request_time_per_output_token_seconds",
    "Time between two tokens of each generation: its seconds by its tokens less one. None for a single token."
    f" {_RUNNER}",
    SECONDS_PER_TOKEN,
    _MODEL,
)
LOAD_DURATION = Histogram(
    "ollama_model_load_duration_seconds",
    "How long loads of the model took. Ollama looks every 0.25 s whether a load is done.",
    SECONDS,
    _MODEL,
)
LOADS = Metric("ollama_model_loads_total", "counter", "Loads of the model that succeeded.", _MODEL)
LOAD_FAILURES = Metric(
    "ollama_model_load_failures_total",
    "counter",
    "Loads that failed, unless the client had left. A missing file shows only as HTTP 4xx or 5xx.",
)
UNLOADS_OBSERVED = Metric(
    "ollama_model_unloads_observed_total",
    "counter",
    "Runners found gone at the next load, for whatever reason. An unload writes nothing into the log.",
)
EVICTIONS = Metric(
    "ollama_model_evictions_total",
    "counter",
    "Evictions to make room in memory. Those for OLLAMA_MAX_LOADED_MODELS write nothing into the log.",
)
OUT_OF_MEMORY = Metric("ollama_out_of_memory_total", "counter", "Loads that ran out of memory.")
RUNNER_CRASHES = Metric(
    "ollama_runner_crashes_total", "counter", "Runners that the next request for their model found dead."
)
TRUNCATIONS = Metric(
    "ollama_prompt_truncations_total",
    "counter",
    "Prompts cut to fit the context. Dropping old messages of a chat writes nothing into the log.",
)
CONTEXT_SHIFTS = Metric(
    "ollama_context_shifts_total",
    "counter",
    f"Times a generation outgrew its context and half of it was discarded. {_RUNNER}",
)
QUEUE_REJECTIONS = Metric(
    "ollama_queue_rejections_total", "counter", "Inference requests answered 503 because the queue was full."
)
CANCELLED = Metric(
    "ollama_requests_cancelled_total",
    "counter",
    "Requests whose client left: while the model was loading (code 499) or while waiting for a slot. A lower bound:"
    " the log does not tell those that left later from others.",
    ("code",),
)
MESSAGES = Metric("ollama_log_messages_total", "counter", "Messages of Ollama's own log.", ("level",))
LAYERS = Metric("ollama_model_layers", "gauge", "Layers of the model. Of its last load, with a GPU.", _MODEL)
OFFLOADED_LAYERS = Metric(
    "ollama_model_offloaded_layers", "gauge", "Layers of the model on a GPU. Of its last load, with a GPU.", _MODEL
)
_START = "As the server said at its start."
NUM_PARALLEL = Metric(
    "ollama_config_num_parallel", "gauge", f"OLLAMA_NUM_PARALLEL. {_START} Absent where automatic (0)."
)
MAX_QUEUE = Metric("ollama_config_max_queue", "gauge", f"OLLAMA_MAX_QUEUE. {_START} Absent where automatic (0).")
MAX_LOADED_MODELS = Metric(
    "ollama_config_max_loaded_models", "gauge", f"OLLAMA_MAX_LOADED_MODELS. {_START} Absent where automatic (0)."
)
KEEP_ALIVE = Metric(
    "ollama_config_keep_alive_seconds", "gauge", f"OLLAMA_KEEP_ALIVE. {_START} Absent where models are kept for ever."
)
CONTEXT_LENGTH = Metric(
    "ollama_config_context_length_tokens",
    "gauge",
    f"OLLAMA_CONTEXT_LENGTH, or what Ollama chose by the GPUs' memory. {_START}",
)
CONFIG_INFO = Metric(
    "ollama_config_info",
    "gauge",
    f"1; settings that are words, or `other`. {_START} An empty label is the default.",
    ("flash_attention", "kv_cache_type", "debug"),
)
GPUS = Metric("ollama_gpus", "gauge", f"GPUs that the server found. {_START}")
GPU_INFO = Metric("ollama_gpu_info", "gauge", f"1; a GPU that the server found. {_START}", ("gpu", "library", "name"))
GPU_MEMORY = Metric(
    "ollama_gpu_memory_total_bytes",
    "gauge",
    f"Memory of a GPU that the server found. {_START}",
    ("gpu", "library", "name"),
)
LINES = Metric(
    "llama_metrics_log_lines_total",
    "counter",
    "Lines of Ollama's log: parsed, ignored because they say nothing that is counted, or failed because they begin"
    " like one that counts and go on otherwise.",
    ("result",),
)
LAST_LINE = Metric(
    "llama_metrics_log_last_line_timestamp_seconds",
    "gauge",
    "When the last line was read, in seconds since 1970; absent until there is one.",
)
UNREAD = Metric(
    "llama_metrics_log_unread_bytes", "gauge", "What is written to the log file and not read yet. Files only."
)
ROTATIONS = Metric(
    "llama_metrics_log_rotations_total",
    "counter",
    "Times the log was replaced or cut, or its stream was opened again.",
)

METRICS = (
    *(HTTP_REQUESTS, HTTP_DURATION, REQUESTS, PROMPT_TOKENS, PROMPT_EVALUATED_TOKENS, PROMPT_CACHED_TOKENS),
    *(GENERATED_TOKENS, PROMPT_EVAL_SECONDS, EVAL_SECONDS, REQUEST_PROMPT_TOKENS, REQUEST_GENERATED_TOKENS),
    *(REQUEST_PROMPT_EVAL, REQUEST_TIME_PER_TOKEN, LOAD_DURATION, LOADS, LOAD_FAILURES, UNLOADS_OBSERVED, EVICTIONS),
    *(OUT_OF_MEMORY, RUNNER_CRASHES, TRUNCATIONS, CONTEXT_SHIFTS, QUEUE_REJECTIONS, CANCELLED, MESSAGES),
    *(LAYERS, OFFLOADED_LAYERS, NUM_PARALLEL, MAX_QUEUE, MAX_LOADED_MODELS, KEEP_ALIVE, CONTEXT_LENGTH, CONFIG_INFO),
    *(GPUS, GPU_INFO, GPU_MEMORY, LINES, LAST_LINE, UNREAD, ROTATIONS),
)
