"""Service levels and budgets: is what was promised kept, what was used, what grows. For once a week and for a burn.

Here are the board and its top; its sections are in `objectives`, `failures`, `budgets` and `growth`.
"""

from __future__ import annotations

from dashboards import budgets, failures, growth, objectives
from dashboards.board import Board, Line, Marks, Section
from dashboards.objectives import AVAILABILITY, ERRORS, FIRST_TOKEN, LEFT, LIMITS, OBJECTIVES, Objective
from dashboards.panels import Number, Panel, Steps, numbers
from dashboards.queries import firing, firing_since, series
from dashboards.shared import INSTANCE, NO_ALERT, ORANGE_IF_ANY, RED_IF_ANY, SEVERITIES
from dashboards.tables import Label, Value, rows

# What this board is about: burns, budgets, growth.
NAMES = (
    "Ollama(Availability|Error|Latency)BudgetBurn(Fast|Slow)|OllamaTokenBudget.+|OllamaEnergy.+"
    "|OllamaServerMemoryGrowing|GpuMemoryGrowing|OllamaModelsDisk.+"
)
BURN: Steps = ((None, "text"), (0, "green"), (1, "orange"), (LIMITS["1h"], "red"))


def left(objective: Objective, title: str, description: str) -> Panel:
    """The number of one objective, of the job that has least left."""
    return numbers(
        title,
        f"{description} What is left of 30 days' budget: of the job that has least. Below 0 the objective is missed.",
        empty="none yet" if objective is AVAILABILITY else "none yet, or nothing in the log",
        unit="percentunit",
        values=[Number(f"min({objective.left})", "left", LEFT)],
    )


burn = numbers(
    "Burn rate, last hour",
    "How many times as fast as it may each budget goes, of the job that is worst. 1 spends it in just 30 days, 14.4"
    " within two: then somebody is called, if the last five minutes are as bad.",
    empty="no rules seen, or no requests",
    unit="short",
    values=[Number(f"max({one.burn('1h')})", one.name, BURN) for one in OBJECTIVES],
)
alerts = numbers(
    "Alerts of this board",
    "Of budgets that burn, of tokens, energy and cost, and of what grows. Without our rules in Prometheus there is no"
    " number.",
    empty="no rules seen",
    unit="short",
    values=[
        Number(f"count({firing('critical', NAMES)}) or {NO_ALERT}", "critical", RED_IF_ANY),
        Number(f"count({firing('warning|info', NAMES)}) or {NO_ALERT}", "other", ORANGE_IF_ANY),
    ],
)
by_name = rows(
    "Burns, budgets and growth that fire",
    "What fires now, and since when its condition has held. Over: the window in which the budget burns. Of what is used"
    " more than allowed: within a day, a week, a month. The runbook has a heading for each name.",
    empty="nothing is firing",
    sort="Severity",
    columns=[
        Label("severity", "Severity", 80, SEVERITIES),
        Label("alertname", "Alert", 270),
        Label("job", "Job"),
        INSTANCE,
        Label("long", "Over", 60),
        Label("period", "Within", 70),
        Value(f"{firing_since(NAMES)} * 1000", "Since", "dateTimeFromNow", 120),
    ],
)
# Where the exporter sees the process; elsewhere another version is all that a restart leaves behind.
_STARTED = series("ollama_process_start_time_seconds", 'role="server"', all_models=True)
_VERSION = series("ollama_build_info")
RESTARTS = Marks("Restarts", f"changes({_STARTED}[5m]) > 0", "blue", "Ollama was started", "{{instance}}")
UPGRADES = Marks(
    "Versions",
    f"{_VERSION} and ignoring (version) count without (version) (last_over_time({_VERSION}[10m])) > 1",
    "purple",
    "Ollama {{version}}",
    "{{instance}}",
)

BOARD = Board(
    uid="ollama-service-levels",
    title="Ollama service levels and budgets",
    description="Is what was promised kept, how fast do budgets go, how many tokens and kWh were used, and what grows.",
    since="now-7d",
    refresh="5m",
    marks=(RESTARTS, UPGRADES),
    sections=(
        Section(
            "",
            (
                Line(
                    4,
                    (
                        (
                            4,
                            left(
                                AVAILABILITY, "Budget left, availability", "Of the minutes that may be without Ollama."
                            ),
                        ),
                        (4, left(ERRORS, "Budget left, errors", "Of the requests that may fail.")),
                        (4, left(FIRST_TOKEN, "Budget left, first token", "Of the answers that may begin late.")),
                        (8, burn),
                        (4, alerts),
                    ),
                ),
                Line(8, ((24, objectives.now),)),
                Line(8, ((12, objectives.left), (12, by_name))),
            ),
        ),
        objectives.BURN,
        objectives.WHERE,
        failures.FAILURES,
        failures.COURSE,
        budgets.BUDGETS,
        budgets.USERS,
        growth.GROWTH,
    ),
)
