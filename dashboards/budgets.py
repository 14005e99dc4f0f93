"""Sections of the board of service levels: tokens, energy and cost, against what the user allows, and who used them."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import States, Steps, lines
from dashboards.queries import Query, hourly, record, setting
from dashboards.shared import INSTANCE
from dashboards.tables import Label, Value, rows

TOKENS = record("job:ollama_tokens:increase5m")
ENERGY = record("job:ollama_machine_energy_kilowatt_hours:increase5m")
COST = record("job:ollama_machine_energy_cost:increase5m")
PRICE = "electricity_price_per_kilowatt_hour"
# In these words the rows stand in order, and say that none begins at midnight or on the first.
SPANS = {"1 day": ("1d", "daily"), "7 days": ("7d", "weekly"), "30 days": ("30d", "monthly")}

SHARE: Steps = ((None, "text"), (0, "green"), (0.8, "orange"), (1, "red"))
NONE_SET: States = {-1: ("none set", "text")}
NO_PRICE: States = {-1: ("no price set", "text")}
NO_TOKENS = "no tokens in the log, or no rules in Prometheus"
NO_ENERGY = "no power is measured, or no rules in Prometheus"
NO_COST = f"no price set (ollama:threshold:{PRICE}), or no power"


def _covered() -> str:
    """How many days of data each span has: one record each 5 minutes, of whatever is told."""
    arms = []
    for name, (span, _) in SPANS.items():
        records = f"(count_over_time({TOKENS}[{span}]) or count_over_time({ENERGY}[{span}]))"
        arms.append(f'label_replace({records} / 288, "span", "{name}", "", "")')
    return " or ".join(arms)


def _used(what: str, *spans: str) -> str:
    """What a job used within each of the spans."""
    arms = (f'label_replace(sum_over_time({what}[{SPANS[name][0]}]), "span", "{name}", "", "")' for name in spans)
    return f"({' or '.join(arms)})"


def _allowed(what: str, unit: str, *spans: str) -> str:
    """The budget of each of the spans: nothing where none is set, for that is not 0."""
    arms = []
    for name in spans:
        span, length = SPANS[name]
        budget = f"0 * sum_over_time({what}[{span}]) + on () group_left () {setting(f'{length}_budget_{unit}')}"
        arms.append(f'label_replace({budget}, "span", "{name}", "", "")')
    return f"({' or '.join(arms)})"


def _or_without_price(cost: str, energy: str) -> str:
    """A cost; -1 where there is energy, and no price. With a price that is new, there is nothing for an hour."""
    return f"{cost} or 0 * ({energy} unless on () {setting(PRICE)}) - 1"


def _columns(name: str, what: str, unit: str, budget_unit: str, *spans: str) -> list[Value]:
    allowed = _allowed(what, budget_unit, *spans)
    return [
        Value(f"{allowed} or 0 * {_used(what, *spans)} - 1", f"{name} allowed", unit, 130, NONE_SET),
        Value(f"{_used(what, *spans)} / {allowed}", f"{name}, of that", "percentunit", 110, steps=SHARE),
    ]


against = rows(
    "Used, and allowed",
    "Of each job, all its servers together: the last 24 hours, 7 days, 30 days, each until now. Budgets and the price"
    " of a kWh are your own: set them in overrides.yml beside the rules. A budget of cost is one of 30 days. Above"
    " 100 % OllamaTokenBudgetExceeded, OllamaEnergyBudgetExceeded or OllamaEnergyCostExceeded fires: see below who it"
    " was.",
    empty="nothing used, or no rules in Prometheus",
    sort="Within",
    columns=[
        Label("job", "Job"),
        Label("span", "Within"),
        Value(_used(TOKENS, *SPANS), "Tokens", "short", 90),
        *_columns("Tokens", TOKENS, "short", "tokens", *SPANS),
        Value(_used(ENERGY, *SPANS), "Energy", "kwatth", 90),
        *_columns("Energy", ENERGY, "kwatth", "kilowatt_hours", *SPANS),
        Value(_or_without_price(_used(COST, *SPANS), _used(ENERGY, *SPANS)), "Cost", "short", 100, NO_PRICE),
        *_columns("Cost", COST, "short", "cost", "30 days"),
        Value(_covered(), "Days covered", "short", 110),
    ],
)


def _within_a_day(what: str) -> Query:
    return Query(f"sum_over_time({what}[1d])", "{{job}}")


tokens = lines(
    "Tokens within 24 hours",
    "Read and generated, those of the prompt cache too, by job. Above the dashed line, where you set one, a day's"
    " budget is exceeded.",
    empty=NO_TOKENS,
    unit="short",
    queries=[_within_a_day(TOKENS)],
    limits=[Query(setting("daily_budget_tokens"), "allowed in a day")],
)
energy = lines(
    "Energy within 24 hours",
    "Of chips and cards, by job: a machine takes more from the wall. Above the dashed line, where you set one, a day's"
    " budget is exceeded.",
    empty=NO_ENERGY,
    unit="kwatth",
    queries=[_within_a_day(ENERGY)],
    limits=[Query(setting("daily_budget_kilowatt_hours"), "allowed in a day")],
)
cost = lines(
    "Cost within 24 hours",
    "Of that energy, by job, each hour at the price of its time and in the currency of the price. A new price does not"
    " change what is past.",
    empty=NO_COST,
    unit="short",
    queries=[_within_a_day(COST)],
)
BUDGETS = Section(
    "Tokens, energy and cost",
    (Line(7, ((24, against),)), Line(8, ((8, tokens), (8, energy), (8, cost)))),
)


def _by_server(span: str) -> list[Value]:
    name = {"1d": "day", "7d": "week", "30d": "month"}[span]
    used = hourly(f"instance:ollama_machine_energy_kilowatt_hours:sum{span}")
    of_tokens = f"sum without (model, kind) ({hourly(f'instance:ollama_tokens:sum{span}')})"
    of_cost = _or_without_price(hourly(f"instance:ollama_machine_energy_cost:sum{span}"), used)
    return [
        Value(of_tokens, f"Tokens, {name}", "short", 110),
        Value(used, f"Energy, {name}", "kwatth", 110),
        Value(of_cost, f"Cost, {name}", "short", 110, NO_PRICE),
    ]


def _of_model(kind: str, span: str) -> str:
    used = hourly(f"instance:ollama_tokens:sum{span}", f'kind="{kind}"', of_model=True)
    return f"sum by (model) ({used})"


# One record an hour, of whatever is told.
COVERED = (
    f"(max without (model, kind) (count_over_time({record('instance:ollama_tokens:sum1h')}[30d]))"
    f" or count_over_time({record('instance:ollama_machine_energy_kilowatt_hours:sum1h')}[30d])) / 24"
)
servers = rows(
    "Used by server",
    "In the last 24 hours, 7 and 30 days, written once an hour; covered are the days of data of these 30. A machine"
    " whose power nobody measures has no energy and no cost, which does not mean that it has none.",
    empty="nothing used, or none yet: written once an hour",
    sort="Instance",
    columns=[
        INSTANCE,
        *_by_server("1d"),
        *_by_server("7d"),
        *_by_server("30d"),
        Value(COVERED, "Days covered", "short", 110),
    ],
)
models = rows(
    "Tokens by model",
    "Over all servers, in the last 24 hours, 7 and 30 days, written once an hour. Read: whole prompts, those of the"
    " cache too. `unknown`: several models were in memory, and the log does not say which.",
    empty="no tokens in the log, or none yet: written once an hour",
    sort="Model",
    columns=[
        Label("model", "Model"),
        *(
            Value(_of_model(kind, span), f"{word}, {name}", "short", 130)
            for span, name in (("1d", "day"), ("7d", "week"), ("30d", "month"))
            for kind, word in (("prompt", "Read"), ("generated", "Generated"))
        ),
    ],
)
USERS = Section("Who used it", (Line(7, ((24, servers),)), Line(7, ((24, models),))))
