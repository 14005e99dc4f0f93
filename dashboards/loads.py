"""Sections of the requests' dashboard: loads and memory, the log that all of it is read from, the server's settings."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import States, bars, lines
from dashboards.queries import Query, each, events, in_range, rate, series, threshold, whole
from dashboards.shared import INSTANCE
from dashboards.tables import Facts, Label, Value, rows

LOAD_DURATION = "ollama_model_load_duration_seconds"
GENERATED = "ollama_generated_tokens_total"
PROMPT = "ollama_prompt_tokens_total"
LINES = "llama_metrics_log_lines_total"
LAST_LINE = series("llama_metrics_log_last_line_timestamp_seconds")
UNREAD = series("llama_metrics_log_unread_bytes")
LAYERS = series("ollama_model_layers")
ON_GPU = series("ollama_model_offloaded_layers")
NOT_TOLD, UNREADABLE = 'model="unknown"', 'result="failed"'
OF_LOG = 'collector="log"'
STATE = (
    f"max without (collector) ({series('llama_metrics_collector_success', OF_LOG)}"
    f" - {series('llama_metrics_collector_timeout', OF_LOG)})"
)
EMPTY = "no log is read"
READ: States = {-1: ("timed out", "orange"), 0: ("failed", "red"), 1: ("ok", "green")}
FLASH: States = {"true": ("on", "text"), "false": ("off", "text")}
# From some version on it is a level and no longer a switch.
DEBUG: States = {"true": ("on", "text"), "false": ("off", "text"), "DEBUG": ("on", "text"), "INFO": ("off", "text")}
AUTOMATIC: States = {0: ("automatic", "text")}


def _setting(name: str, unset: int) -> str:
    """A setting of each server; `unset` where the server said its settings, and this one has no value."""
    known = f"max without (flash_attention, kv_cache_type, debug) ({series('ollama_config_info')})"
    return f"{series(name)} or {unset} * {known}"


def _total(name: str) -> str:
    return f"sum({events(name)})"


def _unknown(name: str) -> str:
    """The part of a counter that no model could be given."""
    every = f"sum without (model) ({rate(name, all_models=True)})"
    return f"sum without (model) ({rate(name, NOT_TOLD, all_models=True)}) / ({every} > 0)"


loads = bars(
    "Loads of models",
    "Each time that a model was brought into memory; requests for it wait meanwhile. Two models in turn, all the time:"
    " there is no room for both.",
    empty=EMPTY,
    queries=[Query(f"sum by (model) ({events('ollama_model_loads_total')})", "{{model}}")],
)
load_duration = lines(
    "Load duration, mean",
    "How long a load took. A model loads faster from the system's file cache than from disk. The first load of a model"
    " after the start of the exporter has no point.",
    empty="no loads in this time",
    unit="s",
    queries=[each(f"{rate(f'{LOAD_DURATION}_sum')} / ({rate(f'{LOAD_DURATION}_count')} > 0)", "{{model}}")],
    limits=[Query(threshold("model_load_seconds", 60), "alert above")],
)
unloads = bars(
    "Unloads that are seen",
    "Gone at the next load: runners that were no longer there when another model came, for whatever reason. An unload"
    " by itself is not in the log. Evicted, among them: put out to make room in memory.",
    empty=EMPTY,
    queries=[
        Query(_total("ollama_model_unloads_observed_total"), "gone at the next load"),
        Query(_total("ollama_model_evictions_total"), "evicted"),
    ],
    colours={"gone at the next load": "blue", "evicted": "orange"},
    stacked=False,
)
failures = bars(
    "Loads failed, runners crashed",
    "Load failed: requests for that model failed too. Out of memory: a load that found too little; Ollama may try again"
    " with less, else the load failed. Crashed: a runner that the next request found dead.",
    empty=EMPTY,
    queries=[
        Query(_total("ollama_model_load_failures_total"), "load failed"),
        Query(_total("ollama_out_of_memory_total"), "out of memory"),
        Query(_total("ollama_runner_crashes_total"), "crashed"),
    ],
    colours={"load failed": "red", "out of memory": "orange", "crashed": "purple"},
    stacked=False,
)
cut = bars(
    "Prompts cut, contexts shifted",
    "Prompt cut: it did not fit, and a part was dropped without a word to the client. Context shifted: the answer"
    " outgrew the context, and half of it was dropped. A larger num_ctx helps both. Old messages that a chat drops are"
    " not in the log.",
    empty=EMPTY,
    queries=[
        Query(_total("ollama_prompt_truncations_total"), "prompt cut"),
        Query(_total("ollama_context_shifts_total"), "context shifted"),
    ],
    colours={"prompt cut": "orange", "context shifted": "yellow"},
)
LOADS = Section(
    "Loads, memory and context",
    (
        Line(8, ((8, loads), (8, load_duration), (8, unloads))),
        Line(8, ((12, failures), (12, cut))),
    ),
)

by_result = lines(
    "Lines of the log",
    "Parsed: counted. Ignored: they say nothing that is counted. Failed: they begin like one that is counted and go on"
    " otherwise; more than a few mean that this version of Ollama writes them in another way.",
    empty=EMPTY,
    unit="cps",
    queries=[Query(f"sum by (result) ({rate(LINES)})", "{{result}}")],
)
messages = bars(
    "Messages by level",
    "What Ollama itself says of its own work. Not the lines of its runners, nor those of requests.",
    empty=EMPTY,
    queries=[Query(f"sum by (level) ({events('ollama_log_messages_total')})", "{{level}}")],
)
unknown = lines(
    "Tokens of no known model",
    "The part of tokens whose model the log does not tell, because several were in memory at once. They are right in"
    " sums over all models, and missing from those of one model.",
    empty="no tokens in the log: no requests, or Ollama before 0.30",
    unit="percentunit",
    maximum=1,
    queries=[each(_unknown(PROMPT), "prompt"), each(_unknown(GENERATED), "generated")],
)
age = lines(
    "Time since the last line",
    "Stays small, for the exporter's own questions to Ollama are in the log too. Where it grows while Ollama is up, the"
    " log is written to another place, or without its access lines.",
    empty="no line read yet",
    unit="s",
    queries=[each(f"time() - {LAST_LINE}")],
)
unread = lines(
    "Unread part of the log",
    "What is in the file and not counted yet. Near 0 unless Ollama writes faster than the exporter reads.",
    empty="no log is read, or it is not a file",
    unit="bytes",
    queries=[each(UNREAD)],
)
reader = rows(
    "Readers of the log",
    "Whether the exporter can read each server's log. Failed: its own log says what to grant. Lines and rotations are"
    " those of the time shown.",
    empty=EMPTY,
    sort="Instance",
    columns=[
        INSTANCE,
        Value(STATE, "State", width=80, states=READ),
        Value(f"{LAST_LINE} * 1000", "Last line", "dateTimeFromNow", 140),
        Value(UNREAD, "Unread", "bytes"),
        Value(whole(f"sum without (result) ({in_range(LINES)})"), "Lines", "short"),
        Value(whole(f"sum without (result) ({in_range(LINES, UNREADABLE)})"), "of them failed", "short", 120),
        Value(whole(in_range("llama_metrics_log_rotations_total")), "Rotations", "short"),
    ],
)
LOG = Section(
    "The log",
    (
        Line(8, ((8, by_result), (8, messages), (8, unknown))),
        Line(8, ((6, age), (6, unread), (12, reader))),
    ),
    folded=True,
)

settings = rows(
    "Settings",
    "What each server said of itself at its start. Automatic: Ollama chooses by the memory that there is. A dash"
    " is Ollama's default. The context is that of requests which ask for none.",
    empty="no log is read, or it does not reach back to the server's start",
    sort="Instance",
    columns=[
        INSTANCE,
        Value(series("ollama_gpus"), "GPUs", "short", 70),
        Value(_setting("ollama_config_num_parallel", 0), "Parallel requests", "short", 140, AUTOMATIC),
        Value(_setting("ollama_config_max_queue", 0), "Queue", "short", 100, AUTOMATIC),
        Value(_setting("ollama_config_max_loaded_models", 0), "Models at once", "short", 130, AUTOMATIC),
        Value(_setting("ollama_config_keep_alive_seconds", -1), "keep_alive", "s", 100, {-1: ("for ever", "text")}),
        Value(series("ollama_config_context_length_tokens"), "Context (tokens)", "locale", 140),
        Facts(series("ollama_config_info")),
        Label("flash_attention", "Flash attention", 120, FLASH),
        Label("kv_cache_type", "KV cache", 100),
        Label("debug", "Debug", 80, DEBUG),
    ],
)
gpus = rows(
    "GPUs that Ollama found",
    "At the server's start. One that is missing here is not used, whatever the system's own tools say.",
    empty="no GPU found, or no log is read",
    sort="Instance",
    columns=[
        INSTANCE,
        Label("gpu", "GPU"),
        Label("name", "Name"),
        Label("library", "Library", 90),
        Facts(series("ollama_gpu_info")),
        Value(series("ollama_gpu_memory_total_bytes"), "Memory", "bytes"),
    ],
)
layers = rows(
    "Layers on a GPU",
    "Of each model's last load. Fewer than all: the rest runs on the CPU, and the whole is many times slower.",
    empty="no load on a host with a GPU yet, or no log is read",
    sort="Model",
    columns=[
        Label("model", "Model"),
        INSTANCE,
        Value(LAYERS, "Layers", "short", 80),
        Value(ON_GPU, "on a GPU", "short", 90),
        Value(f"{ON_GPU} / {LAYERS}", "Share", "percentunit", 80),
    ],
)
SERVER = Section(
    "Settings and GPUs",
    (Line(6, ((24, settings),)), Line(8, ((12, gpus), (12, layers)))),
    folded=True,
)
