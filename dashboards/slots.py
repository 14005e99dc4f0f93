"""What runners say of their slots: for the health dashboard's top, and a section of it."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import States, lines, timeline
from dashboards.queries import Query, each, place, record, series, threshold
from dashboards.shared import GREY, INSTANCE
from dashboards.tables import Label, Value, rows
from llama_metrics.collectors.runner.metrics import LOADING, NO_SLOTS, OTHER, SILENT

SLOTS = "ollama_runner_slots"
IS_BUSY, IS_IDLE, IS_SILENT = 'state="busy"', 'state="idle"', 'state="silent"'
BUSY = f"sum without (state) ({series(SLOTS, IS_BUSY)})"
IDLE = f"sum without (state) ({series(SLOTS, IS_IDLE)})"
ALL = f"sum without (state) ({series(SLOTS)})"
USED = series("ollama_runner_context_used_tokens")
# Each slot has a context of the length that /api/ps tells.
ROOM = f"{ALL} * {series('ollama_loaded_model_context_length_tokens')}"
# Whichever model is chosen: a connection is to the server.
OF_SERVER = f"sum without (model, state) ({series(SLOTS, all_models=True)})"
CONNECTIONS = series("ollama_connections")
BEYOND = record("instance:ollama_connections_beyond_slots:sum")
# As in OllamaInferenceHung: slots are busy, and no token was added to their contexts for 5 minutes.
MINUTES = "[5m]"
STILL = f"changes({USED}{MINUTES}) == 0 and sum without (state) (min_over_time({series(SLOTS, IS_BUSY)}{MINUTES})) > 0"
SILENT_NOW = f"sum without (state) ({series('ollama_runner_state', IS_SILENT)})"

# 1 no slot of the runner is busy, 2 some are, 3 all are; from 4 on it does not tell. Of two of a model the worse.
TROUBLE = place(("ollama_runner_state",), "state", (LOADING, NO_SLOTS, OTHER, SILENT))
STATE = f"3 + ({TROUBLE} > 0) or 1 + ({BUSY} > bool 0) + ({IDLE} == bool 0)"
STATES: States = {
    1: ("idle", "green"),
    2: ("at work", "blue"),
    3: ("at work, no slot idle", "dark-blue"),
    4: ("loading", "light-blue"),
    5: ("tells no slots", GREY),
    6: ("another answer", "orange"),
    7: ("silent", "red"),
}

EMPTY = "no runner seen: no model in memory, or Ollama runs elsewhere"
EMPTY_SLOTS = "no slots told: no model in memory, Ollama before 0.30, or elsewhere"

runners = timeline(
    "Runners and their state",
    "The process that holds a model in memory, as it answers itself. Silent: it is there and does not answer. No slot"
    " idle: the next request waits. Tells no slots: Ollama before 0.30, or they are switched off. Short work between"
    " two scrapes is not seen.",
    empty=EMPTY,
    queries=[each(STATE, "{{model}}")],
    states=STATES,
)

by_model = lines(
    "Slots by model",
    "How many requests a model's runner works on (busy), and could work on besides (idle). Together they are"
    " OLLAMA_NUM_PARALLEL, which is 1 as Ollama comes.",
    empty=EMPTY_SLOTS,
    unit="short",
    queries=[each(series(SLOTS), "{{model}} {{state}}")],
)
share = lines(
    "Share of slots busy",
    "Of each model's slots. At 100 % the next request waits, though other models may be idle. OllamaSlotsSaturated"
    " compares the mean of half an hour with the dashed line: more slots (OLLAMA_NUM_PARALLEL), or another server.",
    empty=EMPTY_SLOTS,
    unit="percentunit",
    maximum=1,
    queries=[each(f"{BUSY} / ({ALL} > 0)", "{{model}}")],
    limits=[Query(threshold("slots_busy_ratio", 0.9), "alert above")],
)
against = lines(
    "Connections and slots",
    "Established connections to Ollama, and the slots of all models in memory. Without a slot: connections beyond them"
    " while a model has none idle. They are requests that wait, or clients that keep a connection open."
    " OllamaRequestsQueued compares their mean of 5 minutes with the dashed line.",
    empty="no Ollama on this machine, or not permitted to look (macOS)",
    unit="short",
    queries=[each(CONNECTIONS, "connections"), each(OF_SERVER, "slots"), each(BEYOND, "without a slot")],
    limits=[Query(threshold("queued_connections", 4), "alert above")],
)
context = lines(
    "Context in use",
    "Tokens in the contexts of busy slots: the prompt done so far, and what is generated. It rises while an answer is"
    " made; a flat line above 0 is a runner that stands still. Room: what all slots of the model hold together.",
    empty=EMPTY_SLOTS,
    unit="locale",
    queries=[each(USED, "{{model}}"), each(ROOM, "room of {{model}}")],
)
now = rows(
    "Runners now",
    "One row for each model that a runner holds. A model by 12 digits is one that is not installed any more.",
    empty=EMPTY,
    sort="Instance",
    columns=[
        INSTANCE,
        Label("model", "Model"),
        Value(STATE, "State", width=160, states=STATES),
        Value(BUSY, "Busy", "short", 60),
        Value(IDLE, "Idle", "short", 60),
        Value(USED, "Context in use", "locale", 120),
        Value(ROOM, "of", "locale", 90),
        Value(f"{USED} / ({ROOM} > 0)", "Share", "percentunit", 70),
    ],
)
SECTION = Section(
    "Slots",
    (
        Line(8, ((8, by_model), (8, share), (8, against))),
        Line(8, ((11, context), (13, now))),
    ),
)
