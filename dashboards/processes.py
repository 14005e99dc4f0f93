"""The section of the machine's dashboard about Ollama's own processes."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import lines
from dashboards.queries import each, rate, series
from dashboards.shared import INSTANCE
from dashboards.tables import Label, Value, rows

EMPTY = "no exporter runs on the machine of its Ollama, or no Ollama"
# The server has no model, and is shown whichever is chosen.
_CHOSEN = 'model=~"$model|"'


def _of_role(name: str) -> str:
    return series(f"ollama_process_{name}", _CHOSEN, all_models=True)


cpu = lines(
    "CPU of Ollama",
    "How many cores the server and the runners of each model keep busy. A model on the CPU takes as many as it may, one"
    " wholly on a GPU takes little.",
    empty=EMPTY,
    unit="short",
    queries=[each(rate("ollama_process_cpu_seconds_total", _CHOSEN, all_models=True), "{{role}} {{model}}")],
)
resident = lines(
    "Resident memory of Ollama",
    "Of the server and of the runners of each model. Files that are mapped, like a model's, are in it, so it may fall"
    " by itself. Memory of a graphics card is not.",
    empty="no Ollama seen, or its memory is another user's secret (macOS)",
    unit="bytes",
    queries=[each(_of_role("resident_memory_bytes"), "{{role}} {{model}}")],
)
connections = lines(
    "Connections to Ollama",
    "Established ones, at work and idle alike, the exporter's own left out.",
    empty="no Ollama seen, or not permitted to look (macOS)",
    unit="short",
    queries=[each(series("ollama_connections"))],
)
count = lines(
    "Processes of Ollama",
    "Servers, and runners that hold a model: one for each model in memory. More runners than models: one was left"
    " behind.",
    empty=EMPTY,
    unit="short",
    queries=[each(series("ollama_processes"), "{{role}}")],
)
now = rows(
    "Processes now",
    "One row for the server, and one for the runners of each model.",
    empty=EMPTY,
    sort="Instance",
    columns=[
        INSTANCE,
        Label("role", "Role", 80),
        Label("model", "Model"),
        Value(_of_role("resident_memory_bytes"), "Memory", "bytes"),
        Value(_of_role("threads"), "Threads", "short", 80),
        Value(_of_role("open_fds"), "Open files", "short", 90),
        Value(f"{_of_role('start_time_seconds')} * 1000", "Newest started", "dateTimeFromNow", 130),
    ],
)
PROCESSES = Section(
    "Ollama's processes",
    (
        Line(8, ((8, cpu), (8, resident), (8, connections))),
        Line(7, ((8, count), (16, now))),
    ),
    folded=True,
)
