"""A section of the board of service levels: what grows from day to day, in memory and on disk."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import Steps, lines
from dashboards.queries import Query, each, record, series, threshold
from dashboards.shared import INSTANCE
from dashboards.tables import Value, rows

SERVER = record("instance:ollama_server_memory_bytes:min1d")
UNEXPLAINED = record("instance:gpu_memory_unexplained_bytes:min1d")
OF_CARDS = f"sum without (gpu) ({series('nvidia_gpu_memory_total_bytes')} or {series('amd_gpu_memory_total_bytes')})"
LEFT = series("ollama_models_filesystem_available_bytes")
SIZE = series("ollama_models_filesystem_size_bytes")
# What was written in the last three days, and in the three before: a pull, however large, falls into one of them.
LAST = f"({LEFT} offset 3d - {LEFT})"
BEFORE = f"({LEFT} offset 6d - {LEFT} offset 3d)"
# At the slower of the two paces, as OllamaModelsDiskFullInDays: 3 days in seconds. Nothing where one did not fill it.
FULL_IN = f"259200 * {LEFT} / (({LAST} < {BEFORE} or {BEFORE}) > 0)"
SOON: Steps = ((None, "text"), (0, "red"), (3 * 86400, "orange"), (6 * 86400, "text"))

server = lines(
    "Memory of the server itself",
    "The lowest of a day of the process `ollama serve`; models are not in it. It steps up with a day, and starts anew"
    " with a restart. OllamaServerMemoryGrowing fires above the dashed line where it grew on each of two days: then"
    " restart Ollama when nobody uses it.",
    empty="no exporter runs on the machine of its Ollama, or no rules in Prometheus",
    unit="bytes",
    queries=[each(SERVER)],
    limits=[Query(threshold("server_memory_bytes", 1e9), "alert above")],
)
unexplained = lines(
    "GPU memory that no model has",
    "The lowest of a day, as a part of the memory of all cards of a machine: a desktop, other programs, runners left"
    " behind. Below 0 where Ollama estimates too much. GpuMemoryGrowing fires above the dashed line where it grew on"
    " each of two days: then list the processes on the cards.",
    empty="needs an NVIDIA or AMD card and an exporter beside it, and the rules",
    unit="percentunit",
    from_zero=False,
    queries=[each(f"{UNEXPLAINED} / {OF_CARDS}")],
    limits=[Query(threshold("gpu_memory_unexplained_ratio", 0.1), "alert above")],
)
memory = rows(
    "Memory from day to day",
    "Of the server itself, and of GPUs what no model has: the lowest of the last 24 hours, of the 24 before and of"
    " those before these. What is more on each of the days leaks; what was once more is a large pull, a new version,"
    " another program.",
    empty="no exporter runs on the machine of its Ollama, or no rules in Prometheus",
    sort="Instance",
    columns=[
        INSTANCE,
        Value(SERVER, "Server", "bytes"),
        Value(f"{SERVER} offset 1d", "Server, a day ago", "bytes", 130),
        Value(f"{SERVER} offset 2d", "Server, 2 days ago", "bytes", 130),
        Value(UNEXPLAINED, "GPU", "bytes"),
        Value(f"{UNEXPLAINED} offset 1d", "GPU, a day ago", "bytes", 130),
        Value(f"{UNEXPLAINED} offset 2d", "GPU, 2 days ago", "bytes", 130),
    ],
)
disk = rows(
    "Disk of the models",
    "What was written in the last three days and in the three before, less than 0 where something was removed. Full in:"
    " at the slower of the two paces, so that one large pull is no trend; a dash where the disk does not fill, or was"
    " not watched for six days. First see what came: `ollama list` has the newest models on top.",
    empty="the folder of models was not found",
    sort="Left",
    columns=[
        INSTANCE,
        Value(LEFT, "Left", "bytes"),
        Value(f"{LEFT} / {SIZE}", "of the disk", "percentunit"),
        Value(LAST, "Written, last 3 days", "bytes", 150),
        Value(BEFORE, "3 days before", "bytes", 110),
        Value(FULL_IN, "Full in", "s", 100, steps=SOON),
    ],
)
GROWTH = Section(
    "What grows",
    (
        Line(8, ((12, server), (12, unexplained))),
        Line(7, ((12, memory), (12, disk))),
    ),
)
