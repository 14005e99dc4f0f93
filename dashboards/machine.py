"""Machine and power: what it draws, what a token costs, is it hot, has it room left. For one host and for a fleet.

Here are the board, its top row and power; its other sections are in `gpu`, `host` and `processes`.
"""

from __future__ import annotations

from dashboards import gpu, host, processes
from dashboards.board import Board, Line, Section
from dashboards.gpu import HEAT, card
from dashboards.host import DISK, PRESSURE, PRESSURES
from dashboards.panels import Number, lines, numbers
from dashboards.queries import each, in_range, record, series, whole
from dashboards.shared import INSTANCE, PLAIN
from dashboards.tables import Value, rows

POWER = record("instance:ollama_machine_power_watts:sum")
JOULES_1H = record("instance:ollama_machine_energy_joules:increase1h")
PER_TOKEN = record("instance:ollama_joules_per_generated_token:mean1h")
PER_JOULE = record("instance:ollama_generated_tokens_per_joule:mean1h")
# Those that generated something in that hour, all together: their energy, by the tokens that it was for.
PER_TOKEN_OF_ALL = f"sum({JOULES_1H} and {PER_TOKEN}) / sum({JOULES_1H} / ({PER_TOKEN} > 0))"
# As in the rules, which need an hour: cards without a counter of energy have their mean power of each minute.
JOULES = (
    f"({in_range('powermetrics_combined_energy_joules_total')}"
    f" or sum without (gpu) ({in_range('nvidia_gpu_energy_joules_total')}"
    f" or 60 * sum_over_time({record('instance:gpu_power_watts:avg1m')}[$__range])))"
)
TOKENS = f"sum without (model) ({in_range('ollama_generated_tokens_total', all_models=True)})"
RAILS = series("powermetrics_power_watts")
CARDS = f"{series('nvidia_gpu_power_watts')} or {series('amd_gpu_power_watts')}"

NO_POWER = "no power is measured, or no rules in Prometheus"
NO_TOKENS = "no power, no tokens, or no rules in Prometheus"

power_now = numbers(
    "Power now",
    "What the machines draw together: of a Mac its CPU, GPU and neural engine, elsewhere the cards. Neither memory,"
    " display nor disk, so less than a meter at the socket would show.",
    empty=NO_POWER,
    unit="watt",
    values=[Number(f"sum({POWER})", "power", PLAIN)],
)
per_token_now = numbers(
    "Energy per token, last hour",
    "All energy of the last hour, also that of waiting, by the tokens generated in it. Of all machines together that"
    " generated any.",
    empty=NO_TOKENS,
    unit="joule",
    values=[Number(PER_TOKEN_OF_ALL, "per token", PLAIN)],
)
energy_now = numbers(
    "Energy in the time shown",
    "What the machines used together, as far as they were watched. 1 kWh is what an electricity bill counts.",
    empty=NO_POWER,
    unit="watth",
    values=[Number(f"sum({JOULES}) / 3600", "energy", PLAIN)],
)
hottest = numbers(
    "Thermal pressure",
    "The worst of all Macs, in the words of macOS. From heavy on it slows the machine down.",
    empty="macOS only",
    unit="none",
    values=[Number(f"max({HEAT})", "level", PLAIN)],
    states=gpu.HEATS,
)
pressed = numbers(
    "Memory pressure",
    "The worst of all Macs. At warning macOS compresses and swaps, at critical everything waits for it.",
    empty="macOS only",
    unit="none",
    values=[Number(f"max({PRESSURE})", "level", PLAIN)],
    states=PRESSURES,
)
room = numbers(
    "Room for models",
    "What is left on the file system that holds Ollama's models: of the host that has the least.",
    empty="folder of models not found",
    unit="bytes",
    values=[Number(f"min({DISK})", "left", PLAIN)],
)

by_rail = lines(
    "Power of a Mac, by rail",
    "CPU, GPU and neural engine (ane), each the mean of a sample. The neural engine does nothing for Ollama. Apple's"
    " own estimate: good for one machine over time, not for comparing machines.",
    empty="only on a Mac where powermetrics may run",
    unit="watt",
    queries=[each(RAILS, "{{rail}}")],
)
by_card = lines(
    "Power of graphics cards",
    "The whole card, its memory and fans too. The rest of the machine is not in it.",
    empty="needs an NVIDIA or AMD card that measures its power",
    unit="watt",
    queries=[each(card(CARDS), "{{card}}")],
)
by_machine = lines(
    "Power by machine",
    "One line a machine: of a Mac its CPU, GPU and neural engine, elsewhere its cards. Compare a machine with itself"
    " only, for neither is all that it draws.",
    empty=NO_POWER,
    unit="watt",
    queries=[each(POWER)],
)
per_token = lines(
    "Energy per generated token",
    "All that a machine used in an hour, also while it waited, by the tokens that it generated in that hour. It falls"
    " when the machine is put to better use, and rises with larger models.",
    empty=NO_TOKENS,
    unit="joule",
    queries=[each(PER_TOKEN)],
)
per_joule = lines(
    "Generated tokens per joule",
    "The same the other way round, over an hour: higher is better, and 0 is an hour without a token.",
    empty=NO_TOKENS,
    unit="short",
    queries=[each(PER_JOULE)],
)
machines = rows(
    "Energy by machine",
    "Power is that of now, energy and tokens are those of the time shown, what a token costs that of the last hour.",
    empty=NO_POWER,
    sort="Instance",
    columns=[
        INSTANCE,
        Value(POWER, "Power", "watt", 80),
        Value(f"{JOULES} / 3600", "Energy", "watth", 90),
        Value(whole(TOKENS), "Tokens", "short", 90),
        Value(PER_TOKEN, "per token", "joule", 90),
        Value(PER_JOULE, "Tokens per joule", "short", 130),
    ],
)
reader = rows(
    "Readings of powermetrics",
    "Whether power is read, and what was wrong with it in the time shown. Implausible: values that cannot be true, such"
    " as no power of busy cores. The exporter's own log says why powermetrics ended.",
    empty="only on a Mac where powermetrics may run",
    sort="Instance",
    columns=[
        INSTANCE,
        Value(f"{series('powermetrics_sample_timestamp_seconds')} * 1000", "Latest", "dateTimeFromNow", 140),
        Value(series("powermetrics_sample_interval_seconds"), "taken over", "s"),
        Value(whole(in_range("powermetrics_samples_total")), "Samples", "short"),
        Value(whole(in_range("powermetrics_parse_errors_total")), "not readable", "short"),
        Value(whole(in_range("powermetrics_implausible_readings_total")), "Implausible", "short"),
        Value(whole(in_range("powermetrics_restarts_total")), "Restarts", "short"),
    ],
)

BOARD = Board(
    uid="ollama-machine",
    title="Ollama machine and power",
    description="What the machine under Ollama draws and what a token costs, is it hot, is its GPU busy, has it memory"
    " and disk left.",
    sections=(
        Section(
            "",
            (Line(4, ((4, power_now), (4, per_token_now), (4, energy_now), (4, hottest), (4, pressed), (4, room))),),
        ),
        Section(
            "Power and energy",
            (
                Line(8, ((12, by_rail), (12, by_card))),
                Line(8, ((12, by_machine), (12, per_token))),
                Line(8, ((10, per_joule), (14, machines))),
            ),
        ),
        gpu.GPU,
        host.MEMORY,
        host.CPU,
        gpu.CARDS,
        processes.PROCESSES,
        Section("Where a Mac's power is read", (Line(6, ((24, reader),)),), folded=True),
    ),
)
