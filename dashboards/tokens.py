"""Sections of the requests' dashboard: tokens by model, and how fast they are made."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import heatmap, lines
from dashboards.queries import Query, each, in_range, quantile, rate, record, threshold, whole
from dashboards.tables import Label, Value, rows

EVALUATED = "ollama_prompt_evaluated_tokens_total"
CACHED = "ollama_prompt_cached_tokens_total"
GENERATED = "ollama_generated_tokens_total"
PROMPT_SECONDS = "ollama_prompt_eval_duration_seconds_total"
SECONDS = "ollama_eval_duration_seconds_total"
EMPTY = "no tokens in the log: no requests, or Ollama before 0.30"


def _by_model(expr: str) -> str:
    return f"sum by (model) ({expr})"


def _cache_share(cached: str, evaluated: str) -> str:
    return f"{cached} / ({cached} + {evaluated} > 0)"


def _of_model(name: str) -> str:
    """What a counter of all servers grew by in the time shown, for each model."""
    return _by_model(in_range(name))


prompts = lines(
    "Prompt tokens per second",
    "By model: evaluated, and taken from the prompt cache, which costs next to nothing. They count when a request ends."
    " `unknown`: several models were in memory, and the log does not say which.",
    empty=EMPTY,
    unit="short",
    queries=[
        Query(_by_model(rate(EVALUATED)), "{{model}} evaluated"),
        Query(_by_model(rate(CACHED)), "{{model}} cached"),
    ],
)
generated = lines(
    "Generated tokens per second",
    "By model, over all requests and servers: how much work is done, not how fast one answer comes. They count when a"
    " request ends.",
    empty=EMPTY,
    unit="short",
    queries=[Query(_by_model(rate(GENERATED)), "{{model}}")],
)
cache_share = lines(
    "Prompt cache share",
    "The part of prompt tokens that came from the cache: cached by cached plus evaluated. Chats that go on and prompts"
    " that begin alike reach much. A fall means that conversations push each other out of the cache.",
    empty=EMPTY,
    unit="percentunit",
    maximum=1,
    queries=[Query(_cache_share(_by_model(rate(CACHED)), _by_model(rate(EVALUATED))), "{{model}}")],
)
by_model = rows(
    "Tokens by model",
    "Sums of the time shown, over all servers. Requests are generations that ran to their end. Prompts are whole, the"
    " cached part and embeddings included. Tokens/s: while an answer is generated, the mean.",
    empty=EMPTY,
    sort="Model",
    columns=[
        Label("model", "Model"),
        Value(whole(_of_model("ollama_requests_total")), "Requests", "short", 90),
        Value(whole(_of_model("ollama_prompt_tokens_total")), "Prompt", "short", 90),
        Value(whole(_of_model(CACHED)), "of it cached", "short", 100),
        Value(_cache_share(_of_model(CACHED), _of_model(EVALUATED)), "Cache share", "percentunit"),
        Value(whole(_of_model(GENERATED)), "Generated", "short", 90),
        Value(f"{_of_model(GENERATED)} / ({_of_model(SECONDS)} > 0)", "Tokens/s", "short", 90),
    ],
)
prompt_sizes = heatmap(
    "Prompt sizes, all models",
    "How many generations per second had prompts of how many tokens, the cached ones included: the stronger the colour,"
    " the more. Compare the upper end with the context in the overview.",
    empty=EMPTY,
    unit="short",
    expr=f"sum by (le) ({rate('ollama_request_prompt_tokens_bucket')})",
)
answer_sizes = heatmap(
    "Answer sizes, all models",
    "How many generations per second made how many tokens: the stronger the colour, the more.",
    empty=EMPTY,
    unit="short",
    expr=f"sum by (le) ({rate('ollama_request_generated_tokens_bucket')})",
)

TOKENS = Section(
    "Tokens",
    (
        Line(8, ((12, prompts), (12, generated))),
        Line(8, ((10, cache_share), (14, by_model))),
        Line(8, ((12, prompt_sizes), (12, answer_sizes))),
    ),
)

prefill = lines(
    "Prompt evaluation, tokens per second",
    "Prompt tokens per second while a prompt is evaluated (prefill), the mean of each server and model. It falls where"
    " prompts are short, and where requests run side by side.",
    empty=EMPTY,
    unit="short",
    queries=[each(f"{rate(EVALUATED)} / ({rate(PROMPT_SECONDS)} > 0)", "{{model}}")],
)
# As in OllamaDecodeSlow: a part of what the model made in the hours of its own last week.
DECODE_LIMIT = (
    f"last_over_time({record('instance:ollama_generated_tokens_per_second:avg7d', of_model=True)}[2h])"
    f" * on () group_left () {threshold('decode_speed_ratio', 0.5)}"
)
decode = lines(
    "Generation, tokens per second",
    "Tokens per second while an answer is generated (decode), the mean of each server and model: what a reader sees. It"
    " falls where requests run side by side, and where a model is not wholly on the GPU. OllamaDecodeSlow compares the"
    " hours of a model with those of its last week.",
    empty=EMPTY,
    unit="short",
    queries=[each(f"{rate(GENERATED)} / ({rate(SECONDS)} > 0)", "{{model}}")],
    limits=[each(DECODE_LIMIT, "alert below for {{model}}")],
)
PROMPT_BUCKETS = f"sum by (le, model) ({rate('ollama_request_prompt_eval_duration_seconds_bucket')})"
TOKEN_BUCKETS = f"sum by (le, model) ({rate('ollama_request_time_per_output_token_seconds_bucket')})"
prompt_evaluation = lines(
    "Prompt evaluation per request",
    "How long the evaluation of a prompt took: half of the requests no longer than the lower line of a model, 95 % no"
    " longer than the upper. Queue and load come before it, so this is not the time to the first token.",
    empty=EMPTY,
    unit="s",
    queries=[
        Query(quantile(0.5, PROMPT_BUCKETS), "median {{model}}"),
        Query(quantile(0.95, PROMPT_BUCKETS), "95 % {{model}}"),
    ],
)
time_per_token = lines(
    "Time per output token",
    "The time between two tokens of an answer: in half of the requests no longer than the lower line of a model, in"
    " 95 % no longer than the upper.",
    empty=EMPTY,
    unit="s",
    queries=[
        Query(quantile(0.5, TOKEN_BUCKETS), "median {{model}}"),
        Query(quantile(0.95, TOKEN_BUCKETS), "95 % {{model}}"),
    ],
)

SPEED = Section(
    "Speed",
    (
        Line(8, ((12, prefill), (12, decode))),
        Line(8, ((12, prompt_evaluation), (12, time_per_token))),
    ),
)
