"""A section of the health dashboard: what runners count of themselves, beside what the log says of them."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import lines
from dashboards.queries import each, in_range, rate, whole
from dashboards.tables import Label, Value, rows

PROMPT = "ollama_runner_prompt_tokens_total"
CACHED = "ollama_runner_prompt_cached_tokens_total"
PROMPT_SECONDS = "ollama_runner_prompt_eval_duration_seconds_total"
GENERATED = "ollama_runner_generated_tokens_total"
SECONDS = "ollama_runner_eval_duration_seconds_total"
LOG_GENERATED = "ollama_generated_tokens_total"
LOG_SECONDS = "ollama_eval_duration_seconds_total"
LOG_PROMPT = "ollama_prompt_tokens_total"
LOG_EVALUATED = "ollama_prompt_evaluated_tokens_total"
LOG_CACHED = "ollama_prompt_cached_tokens_total"
LOG_PROMPT_SECONDS = "ollama_prompt_eval_duration_seconds_total"
LOG_BOTH = f"{rate(LOG_CACHED)} + {rate(LOG_EVALUATED)}"
# The log's numbers stand on other dashboards too: here they are only of servers whose runners count.
COUNTING = f"and ignoring (model) max without (model) ({rate(GENERATED)})"
# What switches it on, for whoever finds nothing here.
EMPTY = "off: LLAMA_ARG_ENDPOINT_METRICS=1 for Ollama, collectors.runner.metrics here"


def _of_model(name: str) -> str:
    """What a counter of the servers whose runners count grew by in the time shown, for each model."""
    return f"sum by (model) ({in_range(name)} and ignoring (model) max without (model) ({in_range(GENERATED)}))"


decode = lines(
    "Generation by runner and log, tokens per second",
    "Tokens per second while an answer is generated (decode): by the runner's own counters, and by the log. The two"
    " agree. Where several models are in memory the log may not know whose an answer is, and the runner does.",
    empty=EMPTY,
    unit="short",
    queries=[
        each(f"{rate(GENERATED)} / ({rate(SECONDS)} > 0)", "{{model}} by its runner"),
        each(f"{rate(LOG_GENERATED)} / ({rate(LOG_SECONDS)} > 0) {COUNTING}", "{{model}} by the log"),
    ],
)
prefill = lines(
    "Prompt evaluation by runner and log, tokens per second",
    "Prompt tokens per second while a prompt is evaluated (prefill), those of the cache left out: by the runner's own"
    " counters, and by the log.",
    empty=EMPTY,
    unit="short",
    queries=[
        each(f"({rate(PROMPT)} - {rate(CACHED)}) / ({rate(PROMPT_SECONDS)} > 0)", "{{model}} by its runner"),
        each(f"{rate(LOG_EVALUATED)} / ({rate(LOG_PROMPT_SECONDS)} > 0) {COUNTING}", "{{model}} by the log"),
    ],
)
cache = lines(
    "Prompt cache share by runner and log",
    "The part of prompt tokens that came from the cache: by the runner's own counters, and by the log.",
    empty=EMPTY,
    unit="percentunit",
    maximum=1,
    queries=[
        each(f"{rate(CACHED)} / ({rate(PROMPT)} > 0)", "{{model}} by its runner"),
        each(f"{rate(LOG_CACHED)} / ({LOG_BOTH} > 0) {COUNTING}", "{{model}} by the log"),
    ],
)
both = rows(
    "Tokens by runner and log",
    "Sums of the time shown, over all servers whose runners count. The runner counts requests that were cancelled too,"
    " and knows whose each is when several models are in memory, so it may have more. What it counted since the last"
    " scrape is gone when its model leaves memory, so it may have less.",
    empty=EMPTY,
    sort="Model",
    columns=[
        Label("model", "Model"),
        Value(whole(_of_model(GENERATED)), "Generated, runner", "short", 140),
        Value(whole(_of_model(LOG_GENERATED)), "Generated, log", "short", 120),
        Value(whole(_of_model(PROMPT)), "Prompt, runner", "short", 120),
        Value(whole(_of_model(LOG_PROMPT)), "Prompt, log", "short", 110),
    ],
)
SECTION = Section(
    "The runners' own counters, beside the log's",
    (
        Line(8, ((12, decode), (12, prefill))),
        Line(8, ((12, cache), (12, both))),
    ),
    folded=True,
)
