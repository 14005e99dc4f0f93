"""Ollama overview: is it up, what is in memory, is it on the GPU, what is wrong. For one host and for a fleet."""

from __future__ import annotations

from dashboards.board import Board, Line, Section
from dashboards.panels import Number, States, lines, numbers, timeline
from dashboards.queries import Query, each, firing, firing_since, record, series, threshold
from dashboards.shared import (
    EXPORTERS,
    GREY,
    INSTANCE,
    NO_ALERT,
    ORANGE_IF_ANY,
    PLAIN,
    PLAIN_OR_RED,
    RED_IF_ANY,
    RED_IF_NONE,
    SEVERITIES,
    UP_OR_DOWN,
)
from dashboards.tables import Facts, Label, Value, rows

UP = series("ollama_up")
LOADED = series("ollama_loaded_models")
SIZE = series("ollama_loaded_model_size_bytes")
VRAM = series("ollama_loaded_model_vram_bytes")
CONTEXT = series("ollama_loaded_model_context_length_tokens")
PINNED = series("ollama_loaded_model_pinned")
UNLOADS_IN = f"{series('ollama_loaded_model_expiry_timestamp_seconds')} - time()"
EXPECTED = series("ollama_expected_model_present")
DISK = series("ollama_model_size_bytes")
HEALTH = f"{series('llama_metrics_collector_success')} - {series('llama_metrics_collector_timeout')}"

GPU_SHARE = f"{VRAM} / {SIZE}"
GPU_SHARE_LIMIT = threshold("model_gpu_share_ratio", 0.99)
# As in OllamaModelOnCpu: a host has a GPU where the log names one, or a model had memory on one within the last hour or
# week.
HAS_GPU = (
    f"{series('ollama_gpus')} > 0 or "
    f"max without (model) (max_over_time({series('ollama_loaded_model_vram_bytes', all_models=True)}[1h])) > 0"
    f" or last_over_time({record('instance:ollama_loaded_model_vram_bytes:max7d')}[2h]) > 0"
)
OFF_GPU = f"{GPU_SHARE} < on () group_left () {GPU_SHARE_LIMIT} and ignoring (model) ({HAS_GPU})"
# 1 on the CPU, 2 partly on a GPU, 3 on a GPU; 3 more where it is pinned.
PLACE = (
    f"1 + ({GPU_SHARE} > bool 0) + ({GPU_SHARE} >= bool on () group_left () {GPU_SHARE_LIMIT})"
    f" + 3 * ({PINNED} or {SIZE} * 0)"
)
PLACES: States = {
    0: ("nothing in memory", GREY),
    1: ("CPU", "orange"),
    2: ("partly on GPU", "yellow"),
    3: ("GPU", "green"),
    4: ("CPU, pinned", "dark-orange"),
    5: ("partly on GPU, pinned", "dark-yellow"),
    6: ("GPU, pinned", "dark-green"),
}

ollama = numbers(
    "Ollama",
    "Servers that answer, and servers that do not while their exporter runs.",
    empty="not watched",
    unit="short",
    values=[Number(f"sum({UP})", "up", RED_IF_NONE), Number(f"sum({UP} == bool 0)", "down", PLAIN_OR_RED)],
)
exporters = numbers(
    "Exporters",
    "Exporters that Prometheus can scrape, and those of the last day that it cannot. Where one is down, nothing is"
    " known of its Ollama.",
    empty="none found",
    unit="short",
    values=[
        Number(f"sum({EXPORTERS})", "up", RED_IF_NONE),
        Number(f"sum({EXPORTERS} == bool 0)", "down", PLAIN_OR_RED),
    ],
)
loaded = numbers(
    "Models in memory",
    "Models that Ollama holds ready. None is normal: a model leaves memory 5 minutes after its last request unless"
    " keep_alive says otherwise.",
    empty="not known",
    unit="short",
    values=[Number(f"sum({LOADED})", "models", PLAIN)],
)
off_gpu = numbers(
    "Not wholly on the GPU",
    "Models that run on the CPU in part or whole, on hosts that have a GPU: they answer many times slower. A host on"
    " which no model was on a GPU in the last week does not count.",
    empty="not known",
    unit="short",
    values=[Number(f"count({OFF_GPU}) or 0 * sum({LOADED})", "models", ORANGE_IF_ANY)],
)
missing = numbers(
    "Expected models missing",
    "Models that the exporter's configuration expects (expected_models) and that are not installed. The table of"
    " installed models names them.",
    empty="not known",
    unit="short",
    values=[Number(f"sum({EXPECTED} == bool 0) or 0 * sum({LOADED})", "models", RED_IF_ANY)],
)
alerts = numbers(
    "Alerts firing",
    "Alerts of this project that fire in Prometheus now. Without its rules in Prometheus, and for the first 5 minutes"
    " with them, there is no number.",
    empty="no rules seen",
    unit="short",
    values=[
        Number(f"count({firing('critical')}) or {NO_ALERT}", "critical", RED_IF_ANY),
        Number(f"count({firing('warning|info')}) or {NO_ALERT}", "other", ORANGE_IF_ANY),
    ],
)

where_they_run = timeline(
    "Models in memory and where they run",
    "A bar while a model is in memory. Orange, the CPU, is normal on a host without a GPU. A pinned model is kept for"
    " ever. No bar at all: Ollama or its exporter is down.",
    empty="nothing known",
    queries=[each(PLACE, "{{model}}"), each(f"{LOADED} == 0", "no model")],
    states=PLACES,
)
by_name = rows(
    "Alerts firing, by name",
    "What fires now, and since when its condition has held. The runbook has a heading for each name.",
    empty="nothing is firing",
    sort="Severity",
    columns=[
        Label("severity", "Severity", 80, SEVERITIES),
        Label("alertname", "Alert", 210),
        INSTANCE,
        Label("model", "Model"),
        Value(f"{firing_since()} * 1000", "Since", "dateTimeFromNow", 120),
    ],
)

servers = timeline(
    "Servers",
    "Whether Ollama answers. While its exporter is down, nothing is known of it.",
    empty="no server is watched",
    # Without `max` one arm has the metric's name and the other none: two bars a server.
    queries=[each(f"max without () ({UP} or ({EXPORTERS} == 0) - 1)")],
    states={-1: ("exporter down", "purple"), **UP_OR_DOWN},
)
servers_now = rows(
    "Servers now",
    "One row for each target. A click on a name shows that host alone.",
    empty="no server is watched",
    sort="Instance",
    columns=[
        INSTANCE,
        Value(UP, "Ollama", width=80, states=UP_OR_DOWN),
        # Two metrics with a label `version`: under one name they would not join.
        Facts(f'max without (version) (label_join({series("ollama_build_info")}, "ollama", "", "version"))'),
        Label("ollama", "Version", 110),
        Value(LOADED, "In memory", width=90),
        Value(series("ollama_models"), "Installed", width=80),
        Value(EXPORTERS, "Exporter", width=80, states=UP_OR_DOWN),
        Facts(f'max without (version) (label_join({series("llama_metrics_build_info")}, "exporter", "", "version"))'),
        Label("exporter", "Exporter version", 130),
        Label("os", "System", 80),
        Label("python", "Python", 80),
    ],
)

in_memory_now = rows(
    "In memory now",
    "What `ollama ps` shows. The time to unload starts anew when a request ends; during a long request it runs out and"
    " the model stays.",
    empty="nothing in memory, or Ollama is down",
    sort="Model",
    columns=[
        Label("model", "Model"),
        INSTANCE,
        Value(PLACE, "Runs on", width=160, states=PLACES),
        Value(SIZE, "Memory", "bytes"),
        Value(VRAM, "of it on GPU", "bytes", 110),
        Value(GPU_SHARE, "GPU share", "percentunit"),
        Value(CONTEXT, "Context (tokens)", "locale", 130),
        Value(
            f"{UNLOADS_IN} or 1e9 * ({PINNED} == 1)",
            "Unloads in",
            "s",
            160,
            {(-1e12, 0): ("in use or unloading", "text"), (5e8, 1e12): ("never, pinned", "text")},
        ),
    ],
)
memory = lines(
    "Memory by model",
    "Memory that each model takes on all devices together, its context included.",
    empty="nothing in memory, or Ollama is down",
    unit="bytes",
    queries=[each(SIZE, "{{model}}")],
)
gpu_share = lines(
    "GPU share by model",
    "The part of a model's memory that is on a GPU. Below the dashed line, OllamaModelOnCpu fires on hosts that have a"
    " GPU.",
    empty="nothing in memory, or Ollama is down",
    unit="percentunit",
    maximum=1,
    queries=[each(GPU_SHARE, "{{model}}")],
    limits=[Query(GPU_SHARE_LIMIT, "alert below")],
)
context = lines(
    "Context by model",
    "Context, in tokens, allocated for each request. A change means that the model was loaded anew, mostly because a"
    " client asked for another num_ctx.",
    empty="nothing in memory, or Ollama is down",
    unit="locale",
    queries=[each(CONTEXT, "{{model}}")],
)
unloads_in = lines(
    "Unloads in",
    "Time until a model leaves memory. Each request that ends sets it back to keep_alive, so the line shows use. At 0"
    " and still here: a long request, or the unload itself. Pinned models have no line.",
    empty="nothing in memory, all pinned, or Ollama is down",
    unit="s",
    queries=[each(f"clamp_min({UNLOADS_IN}, 0)", "{{model}}")],
)

installed = rows(
    "Installed models",
    "What `ollama list` shows, and the models that are expected and missing. Remote models run elsewhere and take no"
    " room here.",
    empty="nothing installed, or Ollama is down",
    sort="Model",
    columns=[
        Label("model", "Model"),
        INSTANCE,
        Value(EXPECTED, "Expected", width=90, states={0: ("missing", "red"), 1: ("present", "green")}),
        Facts(series("ollama_model_info")),
        Label("family", "Family", 110),
        Label("parameter_size", "Parameters", 100),
        Label("quantization", "Quantization", 110),
        Value(DISK, "Size", "bytes"),
        Value(series("ollama_model_max_context_length_tokens"), "Max context (tokens)", "locale", 160),
        Value(f"{series('ollama_model_modified_timestamp_seconds')} * 1000", "Modified", "dateTimeFromNow", 120),
        Label("remote", "Runs", 90, {"false": ("here", "text"), "true": ("remotely", "blue")}),
        Label("digest", "Digest", 120),
    ],
)
disk = lines(
    "Disk taken by installed models",
    "The sum of the models' sizes. Layers that models share count for each of them, so they may take less.",
    empty="nothing installed, or Ollama is down",
    unit="bytes",
    queries=[each(f"sum without (model) ({DISK})")],
)

collectors = timeline(
    "Collectors",
    "Whether each collector could read its source. What it could not read has no series, so a gap in other panels is"
    " explained here.",
    empty="no exporter found",
    queries=[each(HEALTH, "{{collector}}")],
    states={-1: ("timed out", "orange"), 0: ("failed", "red"), 1: ("ok", "green")},
)
durations = lines(
    "Duration of collectors",
    "How long each collector took at each scrape: mostly the time that Ollama needed to answer.",
    empty="no exporter found",
    unit="s",
    queries=[each(series("llama_metrics_collector_duration_seconds"), "{{collector}}")],
)

BOARD = Board(
    uid="ollama-overview",
    title="Ollama overview",
    description="Is Ollama up, which models are in memory, are they on the GPU, and what is wrong.",
    sections=(
        Section(
            "",
            (
                Line(4, ((4, ollama), (4, exporters), (4, loaded), (4, off_gpu), (4, missing), (4, alerts))),
                Line(8, ((14, where_they_run), (10, by_name))),
            ),
        ),
        Section("Servers", (Line(7, ((10, servers), (14, servers_now))),)),
        Section(
            "Models in memory",
            (
                Line(6, ((24, in_memory_now),)),
                Line(8, ((12, memory), (12, gpu_share))),
                Line(8, ((12, context), (12, unloads_in))),
            ),
        ),
        Section("Installed models", (Line(9, ((24, installed),)), Line(7, ((24, disk),)))),
        Section("The exporter", (Line(8, ((12, collectors), (12, durations))),)),
    ),
)
