"""Inference health: does it work now, and is there room? For one host and for a fleet.

Here are the board and its top row; its sections are in `slots`, `probe` and `counters`.
"""

from __future__ import annotations

from dashboards import counters, probe, slots
from dashboards.board import Board, Line, Section
from dashboards.panels import Number, Steps, numbers
from dashboards.shared import PLAIN, PLAIN_OR_RED, RED_IF_ANY

# Without a probe nothing is known, and nothing is wrong.
RED_AT_NONE: Steps = ((None, "text"), (0, "red"), (1, "green"))

works = numbers(
    "Probe now",
    "Of the models that are probed: how many gave a token when they were last asked, and how many did not.",
    empty=probe.OFF,
    unit="short",
    values=[
        Number(f"sum({probe.SUCCESS})", "work", RED_AT_NONE),
        Number(f"sum({probe.SUCCESS} == bool 0)", "fail", PLAIN_OR_RED),
    ],
)
since = numbers(
    "Since the last success",
    "How long ago a probe last got its token: of the model that has waited longest. Models that are left alone, because"
    " they are not in memory, do not count.",
    empty="none, or off: collectors.probe.enabled",
    unit="s",
    values=[Number(f"max(time() - {probe.LAST_SUCCESS} and {probe.SUCCESS})", "ago", PLAIN)],
)
first_token = numbers(
    "Wait for the first token",
    "What the last probe of a model waited for its first token, queue and load included: of the slowest model that gave"
    " one.",
    empty="none, or off: collectors.probe.enabled",
    unit="s",
    values=[Number(f"max({probe.FIRST_TOKEN})", "slowest", PLAIN)],
)
room = numbers(
    "Slots",
    "Requests that all runners together work on, and could work on besides. A request beyond the slots of its model"
    " waits, though other models may be idle.",
    empty="no slots told",
    unit="short",
    values=[Number(f"sum({slots.BUSY})", "busy", PLAIN), Number(f"sum({slots.IDLE})", "idle", PLAIN)],
)
stuck = numbers(
    "Runners in trouble",
    "Silent: the process is there, and does not answer. Stand still: slots have been busy for 5 minutes, and no token"
    " was added to their contexts. Either way, requests for the model hang.",
    empty="no runner seen",
    unit="short",
    values=[
        Number(f"sum({slots.SILENT_NOW})", "silent", RED_IF_ANY),
        Number(f"count({slots.STILL}) or 0 * sum({slots.SILENT_NOW})", "stand still", RED_IF_ANY),
    ],
)
connections = numbers(
    "Connections",
    "Established connections to Ollama, at work and idle alike, the exporter's own left out; and those beyond the slots"
    " while a model has none idle.",
    empty="not to be seen",
    unit="short",
    values=[
        Number(f"sum({slots.CONNECTIONS})", "all", PLAIN),
        Number(f"sum({slots.BEYOND})", "without a slot", PLAIN),
    ],
)

BOARD = Board(
    uid="ollama-health",
    title="Ollama inference health",
    description="Does inference work now, is there room for another request, and who stands still.",
    sections=(
        Section(
            "",
            (
                Line(4, ((4, works), (4, since), (4, first_token), (4, room), (4, stuck), (4, connections))),
                Line(8, ((12, probe.results), (12, slots.runners))),
            ),
        ),
        slots.SECTION,
        probe.SECTION,
        counters.SECTION,
    ),
)
