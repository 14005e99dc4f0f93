"""Sections of the machine's dashboard: GPUs of all makers, and heat."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import States, lines, timeline
from dashboards.queries import Query, each, place, series, threshold
from dashboards.shared import GREY, INSTANCE
from dashboards.tables import Facts, Label, Value, rows
from llama_metrics.collectors.macos.metrics import LEVELS

NVIDIA_OR_AMD = "needs an NVIDIA or AMD card"
NVIDIA = "needs an NVIDIA card"

HEAT = place(("powermetrics_thermal_pressure", "macos_thermal_pressure"), "level", LEVELS)
_HEATS = {
    "nominal": "green",
    "moderate": "yellow",
    "heavy": "orange",
    "trapping": "red",
    "sleeping": "dark-red",
    "other": GREY,
}
HEATS: States = {number: (level, _HEATS[level]) for number, level in enumerate(LEVELS, start=1)}
# The worst last, for of several reasons the last is shown.
REASONS = {
    "applications_clocks": ("clock set by a user", "blue"),
    "display_clocks": ("clock of its display", "blue"),
    "sync_boost": ("in step with other cards", "blue"),
    "other": ("another reason", GREY),
    "power_cap": ("at its power limit", "light-blue"),
    "power_brake": ("supply of power", "red"),
    "hardware_slowdown": ("power or heat, by hardware", "red"),
    "thermal_software": ("heat", "orange"),
    "thermal_hardware": ("heat, by hardware", "red"),
}
THROTTLED: States = {0: ("full clock", "green"), **dict(enumerate(REASONS.values(), start=1))}


def _of_cards(what: str) -> str:
    """What both makers' cards tell."""
    return f"{series(f'nvidia_gpu_{what}')} or {series(f'amd_gpu_{what}')}"


def card(expr: str) -> str:
    """Something of cards, with a label `card` that is short enough for a legend: the beginning of a UUID."""
    return f'label_replace({expr}, "card", "${{1}}", "gpu", "([^-]+(-[^-]{{8}})?).*")'


busy = lines(
    "GPU busy",
    "The part of the time in which the GPU worked, for whatever program. Near 100 % while answers are generated is"
    " good: nothing else holds them up.",
    empty="no GPU that tells: a Mac's, NVIDIA's or AMD's",
    unit="percentunit",
    maximum=1,
    queries=[
        each(f"{series('powermetrics_gpu_active_ratio')} or {series('macos_gpu_utilization_ratio')}", "GPU of"),
        each(card(_of_cards("utilization_ratio")), "{{card}}"),
    ],
)
memory = lines(
    "GPU memory in use",
    "By all programs together. A Mac's GPU takes its memory from the machine's.",
    empty="no GPU that tells: a Mac's, NVIDIA's or AMD's",
    unit="bytes",
    queries=[
        each(series("macos_gpu_memory_in_use_bytes"), "GPU of"),
        each(card(_of_cards("memory_used_bytes")), "{{card}}"),
    ],
)
heat = timeline(
    "Thermal pressure of Macs",
    "What macOS says of the machine's heat. From heavy on it slows the machine down, and tokens come more slowly:"
    " MacThermalPressure fires where that lasts half of the time.",
    empty="macOS only",
    queries=[each(HEAT)],
    states=HEATS,
)
throttled = timeline(
    "What holds the clock of a card down",
    "The weightiest of its reasons at each moment. At its power limit is where a card at work belongs. Heat and supply"
    " of power are trouble, and GpuThrottling counts these alone.",
    empty=NVIDIA,
    queries=[each(card(place(("nvidia_gpu_throttle_active",), "reason", tuple(REASONS))), "{{card}}")],
    states=THROTTLED,
)
temperature = lines(
    "Temperature of cards",
    "Of the chip. Above the dashed line for 10 minutes GpuTemperatureHigh fires. Macs do not tell theirs, but what it"
    " does to them, above.",
    empty=NVIDIA_OR_AMD,
    unit="celsius",
    queries=[each(card(_of_cards("temperature_celsius")), "{{card}}")],
    limits=[Query(threshold("gpu_temperature_celsius", 85), "alert above")],
)
by_model = lines(
    "GPU memory by model",
    "What Ollama's runners of each model use of a card, as its driver counts it: weights, context and buffers.",
    empty="needs an NVIDIA card whose driver tells processes apart",
    unit="bytes",
    queries=[each(card(series("nvidia_gpu_process_memory_bytes")), "{{model}} {{card}}")],
)
cards_now = rows(
    "Cards now",
    "What each card is called, does and may do.",
    empty=NVIDIA_OR_AMD,
    sort="Instance",
    columns=[
        INSTANCE,
        Label("gpu", "Card", 200),
        Label("name", "Name"),
        Facts(_of_cards("info")),
        Value(_of_cards("utilization_ratio"), "Busy", "percentunit", 80),
        Value(_of_cards("memory_used_bytes"), "Memory used", "bytes"),
        Value(_of_cards("memory_total_bytes"), "of", "bytes"),
        Value(_of_cards("power_watts"), "Power", "watt", 80),
        Value(series("nvidia_gpu_power_limit_watts"), "of at most", "watt", 90),
        Value(_of_cards("temperature_celsius"), "Temperature", "celsius", 110),
    ],
)

GPU = Section(
    "GPU and heat",
    (
        Line(8, ((12, busy), (12, memory))),
        Line(7, ((12, heat), (12, throttled))),
    ),
)
CARDS = Section(
    "Graphics cards",
    (
        Line(8, ((12, temperature), (12, by_model))),
        Line(7, ((24, cards_now),)),
    ),
)
