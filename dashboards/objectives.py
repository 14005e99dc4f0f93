"""Sections of the board of service levels: the three objectives, how fast their budgets go, and on which server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboards.board import Line, Section
from dashboards.panels import Panel, Steps, lines
from dashboards.queries import Query, each, hourly, of_job, record, threshold
from dashboards.tables import Label, Value, rows

# Below the first step is what there is no data for. Less than nothing is left where more was spent than there is.
LEFT: Steps = ((None, "text"), (-1e9, "red"), (0, "orange"), (0.25, "green"))
NOT_YET = "no rules, or none yet: written once an hour"
# How fast a budget may go by the alerts, over the longer of their two windows.
LIMITS = {"1h": 14.4, "6h": 6.0, "1d": 3.0, "3d": 1.0}
_IN_WORDS = {"1h": "1 hour", "6h": "6 hours", "1d": "1 day", "3d": "3 days"}


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised: `bad` is recorded as a share of so many windows, and `allowed` is the share that may be bad."""

    name: str
    bad: str
    budget: str
    allowed: str
    empty: str

    @property
    def left(self) -> str:
        """The part of 30 days' budget that is left."""
        return hourly(f"{self.budget}:remaining30d")

    @property
    def promised(self) -> str:
        """The share that must be good, for each job that has one."""
        return f"1 - (0 * {hourly(f'{self.bad}:ratio30d')} + on () group_left () {self.allowed})"

    @property
    def reached(self) -> str:
        """The share that was good."""
        return f"1 - {hourly(f'{self.bad}:ratio30d')}"

    @property
    def days(self) -> str:
        """How many days of data that is: one record an hour."""
        return f"count_over_time({record(f'{self.budget}:remaining30d')}[30d]) / 24"

    def burn(self, window: str) -> str:
        """How many times as fast as it may the budget goes."""
        return f"{record(f'{self.bad}:ratio{window}')} / on () group_left () {self.allowed}"


AVAILABILITY = Objective(
    "availability",
    "job:ollama_unavailable_minutes",
    "job:ollama_availability_budget",
    threshold("slo_unavailable_ratio", 0.01),
    "no Ollama is watched, or no rules in Prometheus",
)
ERRORS = Objective(
    "errors",
    "job:ollama_user_requests_failed",
    "job:ollama_error_budget",
    threshold("slo_failed_requests_ratio", 0.01),
    "no requests in the log, or no rules in Prometheus",
)
FIRST_TOKEN = Objective(
    "first token",
    "job:ollama_user_generations_late",
    "job:ollama_latency_budget",
    threshold("slo_late_generations_ratio", 0.05),
    "no generations in the log, Ollama before 0.30, or no rules in Prometheus",
)
OBJECTIVES = (AVAILABILITY, ERRORS, FIRST_TOKEN)


def _of_each(part: Callable[[Objective], str]) -> str:
    """Something of all objectives, with a label that says of which."""
    return " or ".join(f'label_replace({part(one)}, "objective", "{one.name}", "", "")' for one in OBJECTIVES)


def _burn_of_each(window: str) -> Value:
    limit = LIMITS[window]
    slower: Steps = ((0, "green"), (1, "orange")) if limit > 1 else ((0, "green"),)
    steps: Steps = ((None, "text"), *slower, (limit, "red"))
    return Value(_of_each(lambda one: one.burn(window)), f"Burn, {_IN_WORDS[window]}", "short", 110, steps=steps)


now = rows(
    "Objectives",
    "Of each job, all its servers together. The budget is what may be bad within 30 days; a burn of 1 spends it in just"
    " that time, of 14.4 within two days. Orange spends more than there is, red is what an alert looks for. Look first"
    " at days covered: where they are few, a single bad hour weighs much.",
    empty=NOT_YET,
    sort="Budget left",
    columns=[
        Label("job", "Job"),
        Label("objective", "Objective"),
        Value(_of_each(lambda one: one.promised), "Promised", "percentunit", 90, decimals=2),
        Value(_of_each(lambda one: one.reached), "Reached, 30 days", "percentunit", 130, decimals=2),
        Value(_of_each(lambda one: one.left), "Budget left", "percentunit", 100, steps=LEFT),
        *(_burn_of_each(window) for window in LIMITS),
        Value(_of_each(lambda one: one.days), "Days covered", "short", 110),
    ],
)
left = lines(
    "Budget left",
    "Of 30 days, by job. At 0 all of it is spent, below that the objective is missed until the bad hours are 30 days"
    " old. A step down is an incident, a slope is a habit: see the burn rates for when it began.",
    empty=NOT_YET,
    unit="percentunit",
    from_zero=False,
    queries=[of_job(one.left, one.name) for one in OBJECTIVES],
    limits=[Query("vector(0)", "all spent")],
)


def burn_rate(objective: Objective, description: str) -> Panel:
    """The graph of one objective: a line for each job and window, and where the alerts begin."""
    return lines(
        f"Burn rate, {objective.name}",
        f"{description} 1 spends a month's budget in a month. An alert fires where a window's line is above its dashed"
        " one, a shorter window is as bad, so that what is over fires no more, and five at least were bad.",
        empty=objective.empty,
        unit="short",
        queries=[of_job(objective.burn(window), _IN_WORDS[window]) for window in LIMITS],
        limits=[Query(f"vector({limit:g})", f"alert above, {_IN_WORDS[window]}") for window, limit in LIMITS.items()],
    )


BURN = Section(
    "Burn rates",
    (
        Line(
            9,
            (
                (8, burn_rate(AVAILABILITY, "Minutes without Ollama, or in which its probe got no token.")),
                (8, burn_rate(ERRORS, "Requests for a model that failed or were refused, without the probe's.")),
                (8, burn_rate(FIRST_TOKEN, "Answers that began late, by the mean of a server's five minutes.")),
            ),
        ),
    ),
)

available = lines(
    "Available by server",
    "The part of the time in which Ollama was up; with the probe on, the part of its models that gave a token. A server"
    " that stays below 1 is the one to look at: is it down, or does its probe fail? No line: nothing is known.",
    empty=AVAILABILITY.empty,
    unit="percentunit",
    maximum=1,
    queries=[each(f"avg_over_time({record('instance:ollama_available:ratio1m')}[$__rate_interval])")],
)
FAILED = record("instance:ollama_user_requests_failed:increase5m")
ASKED = record("instance:ollama_user_requests:increase5m")
failed = lines(
    "Failed by server, last hour",
    "The part of the requests of an hour that failed or were refused, 503 included. Then see the route and the code in"
    " the dashboard of requests.",
    empty=ERRORS.empty,
    unit="percentunit",
    maximum=1,
    queries=[each(f"sum_over_time({FAILED}[1h]) / (sum_over_time({ASKED}[1h]) > 0)")],
)
waits = lines(
    "Wait for the first token by server",
    "The mean of five minutes, queue and load included, without the probe. Above the dashed line all answers of these"
    " five minutes count as late: see whether they wait for a slot, a load or their prompt.",
    empty=FIRST_TOKEN.empty,
    unit="s",
    queries=[each(f"last_over_time({record('instance:ollama_user_first_token_seconds:mean5m')}[10m])")],
    limits=[Query(threshold("time_to_first_token_seconds", 20), "late above")],
)
WHERE = Section("Which server it is", (Line(8, ((8, available), (8, failed), (8, waits))),))
