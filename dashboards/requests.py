"""Ollama requests and tokens: how much is asked, how much fails, how long it takes. For one host and for a fleet.

Here are the board and its requests; its other sections are in `tokens` and `loads`.
"""

from __future__ import annotations

from collections.abc import Callable

from dashboards import loads, tokens
from dashboards.board import Board, Line, Section
from dashboards.panels import Number, bars, heatmap, lines, numbers
from dashboards.queries import Query, each, events, in_range, quantile, rate, record, threshold, whole
from dashboards.shared import INSTANCE, PLAIN, RED_IF_ANY
from dashboards.tables import Value, rows

REQUESTS = "ollama_http_requests_total"
DURATION = "ollama_http_request_duration_seconds"
REFUSED = "ollama_queue_rejections_total"
CANCELLED = "ollama_requests_cancelled_total"
# As in the rules: the routes that run a model, and those of them that generate. An embedding has no first token.
INFERENCE = 'route=~"/api/(generate|chat|embed.*)|/v1/(.*completions|embeddings|responses|messages)"'
GENERATING = 'route=~"/api/(generate|chat)|/v1/(.*completions|responses|messages)"'
NOT_OK, BROKEN, OF_THE_CLIENT = 'code!="200"', ('code=~"5.."', 'code!="503"'), 'code="500"'

# Of a counter and matchers: how fast it grows, or by how much it has grown.
Counted = Callable[..., str]

EMPTY = "no requests, or no log is read"
EMPTY_TOKENS = "no requests, or Ollama before 0.30"


def _asked(counted: Counted, *matchers: str) -> str:
    """The inference requests of each server."""
    return f"sum without (method, route, code) ({counted(REQUESTS, INFERENCE, *matchers)})"


def _failed(counted: Counted) -> str:
    """The requests of each server that failed, as the rules count them: a client that left is a 500 too."""
    errors = _asked(counted, *BROKEN)
    left = f"sum without (code) ({counted(CANCELLED, OF_THE_CLIENT)})"
    return f"clamp_min({errors} - ({left} or 0 * {errors}), 0)"


def _cancelled(counted: Counted) -> str:
    return f"sum without (code) ({counted(CANCELLED)})"


def _share_in_range(part: str) -> str:
    """A part of all inference requests in the time shown."""
    return f"sum({part}) / (sum({_asked(in_range)}) > 0)"


def _waited(counted: Counted) -> tuple[str, str]:
    """Of the requests that generate: what they took without the generating, and how many they were."""
    took = f"sum without (route) ({counted(f'{DURATION}_sum', GENERATING)})"
    generating = f"sum without (model) ({counted('ollama_eval_duration_seconds_total', all_models=True)})"
    count = f"sum without (route) ({counted(f'{DURATION}_count', GENERATING)})"
    # A server whose log does not say how long it generated is not among them.
    return f"clamp_min({took} - {generating}, 0)", f"{count} and {generating}"


FAILED_LIMIT = threshold("failed_requests_ratio", 0.1)
FIRST_TOKEN_LIMIT = threshold("time_to_first_token_seconds", 20)
ASKED_10M = record("instance:ollama_inference_requests:increase10m")
FAILED_10M = record("instance:ollama_inference_requests_failed:increase10m")
FAILED_SHARE = f"{FAILED_10M} / ({ASKED_10M} > 0)"
# As in OllamaErrorRatioHigh, for which five failures are none.
FAILING = f"{FAILED_SHARE} > on () group_left () {FAILED_LIMIT} and {FAILED_10M} > 5"
FIRST_TOKEN = record("instance:ollama_time_to_first_token_seconds:mean5m")
WAITED, WAITING = _waited(in_range)
SLOW = f"{FIRST_TOKEN} > on () group_left () {FIRST_TOKEN_LIMIT}"
ALL_BUCKETS = f"sum by (le) ({in_range(f'{DURATION}_bucket', INFERENCE)})"
OF_ROUTE = f"sum by (le, route) ({rate(f'{DURATION}_bucket', INFERENCE)})"

asked = numbers(
    "Requests",
    "Requests for a model in the time shown: generations, chats and embeddings, also those that failed.",
    empty=EMPTY,
    unit="short",
    values=[Number(whole(f"sum({_asked(in_range)})"), "requests", PLAIN)],
)
unsuccessful = numbers(
    "Without success",
    "Of the requests in the time shown. Failed: answered 5xx, without the other two. Refused: answered 503, because the"
    " queue was full. Client left: it gave up waiting; a lower bound.",
    empty=EMPTY,
    unit="percentunit",
    values=[
        Number(_share_in_range(_failed(in_range)), "failed", PLAIN),
        Number(_share_in_range(in_range(REFUSED)), "refused", PLAIN),
        Number(_share_in_range(_cancelled(in_range)), "client left", PLAIN),
    ],
)
beyond = numbers(
    "Servers beyond a limit",
    "Failing: of the requests of the last 10 minutes more failed than OllamaErrorRatioHigh allows. Slow: the mean time"
    " to the first token is above the limit of OllamaTimeToFirstTokenHigh.",
    empty="no log is read, or no rules in Prometheus",
    unit="short",
    values=[
        Number(f"count({FAILING}) or 0 * count({ASKED_10M})", "failing", RED_IF_ANY),
        Number(f"count({SLOW}) or 0 * count({ASKED_10M})", "slow", RED_IF_ANY),
    ],
)
latency_now = numbers(
    "Latency",
    "Half of the requests in the time shown took no longer than the first number, 95 % no longer than the second:"
    " queue, load and the whole answer included.",
    empty=EMPTY,
    unit="s",
    values=[
        Number(quantile(0.5, ALL_BUCKETS), "median", PLAIN),
        Number(quantile(0.95, ALL_BUCKETS), "95 %", PLAIN),
    ],
)
first_token_now = numbers(
    "Time to first token, mean",
    "From the request to the first token, queue and load included: the mean in the time shown. Ollama's log allows no"
    " more than a mean.",
    empty=EMPTY_TOKENS,
    unit="s",
    values=[Number(f"sum({WAITED}) / (sum({WAITING}) > 0)", "mean", PLAIN)],
)

by_route = lines(
    "Requests per second",
    "Requests that ended, by route, whatever the answer. What monitors poll is not counted: GET /api/version, /api/ps,"
    " /api/tags and POST /api/show.",
    empty="no log is read",
    unit="reqps",
    queries=[Query(f"sum by (route) ({rate(REQUESTS)})", "{{route}}")],
)
failing = lines(
    "Failed requests",
    "The part of each server's inference requests of the last 10 minutes that was answered with a 5xx. Neither the 503"
    " of a full queue nor clients that left are among them. A gap: no requests.",
    empty="no requests, or no rules in Prometheus",
    unit="percentunit",
    queries=[each(FAILED_SHARE)],
    limits=[Query(FAILED_LIMIT, "alert above")],
)
answers = bars(
    "Answers other than 200, by code",
    "Inference requests. 400: a bad request. 404: the model is not installed. 499: the client left while the model was"
    " loading. 500: Ollama or its runner failed, or the client left before the first token. 503: the queue was full.",
    empty=EMPTY,
    queries=[Query(f"sum by (code) ({events(REQUESTS, INFERENCE, NOT_OK)})", "{{code}}")],
)
gone = bars(
    "Refused, and clients that left",
    "Refused: the queue was full (OLLAMA_MAX_QUEUE). Clients that left while the model was loading or while they waited"
    " for a slot, by the code in the log. Those that left during the answer are not seen.",
    empty="no log is read",
    queries=[
        Query(f"sum({events(REFUSED)})", "refused (503)"),
        Query(f"sum by (code) ({events(CANCELLED)})", "client left ({{code}})"),
    ],
    colours={"refused (503)": "red"},
)
latency = lines(
    "Latency by route",
    "Half of a route's requests took no longer than its lower line, 95 % no longer than the upper one: queue, load and"
    " the whole answer included. Estimated from buckets; above 15 minutes it shows 15 minutes.",
    empty=EMPTY,
    unit="s",
    queries=[
        Query(quantile(0.5, OF_ROUTE), "median {{route}}"),
        Query(quantile(0.95, OF_ROUTE), "95 % {{route}}"),
    ],
)
latency_map = heatmap(
    "Latency, all requests",
    "How many requests per second took how long: the stronger the colour, the more. Two bands are two kinds of"
    " requests, such as short and long answers, or with and without a load.",
    empty=EMPTY,
    unit="s",
    expr=f"sum by (le) ({rate(f'{DURATION}_bucket', INFERENCE)})",
)
first_token = lines(
    "Time to first token, by server",
    "From the request to the first token, queue and load included: a mean over the requests of 5 minutes."
    " Ollama's log allows no more than a mean.",
    empty="no requests, Ollama before 0.30, or no rules in Prometheus",
    unit="s",
    queries=[each(FIRST_TOKEN)],
    limits=[Query(FIRST_TOKEN_LIMIT, "alert above")],
)
by_server = rows(
    "Requests by server",
    "Sums, shares and means of the time shown.",
    empty="no log is read",
    sort="Instance",
    columns=[
        INSTANCE,
        Value(whole(_asked(in_range)), "Requests", "short"),
        Value(f"{_failed(in_range)} / ({_asked(in_range)} > 0)", "Failed", "percentunit", 80),
        Value(whole(in_range(REFUSED)), "Refused", "short", 80),
        Value(whole(_cancelled(in_range)), "Client left", "short", 90),
        Value(
            quantile(0.95, f"sum without (route) ({in_range(f'{DURATION}_bucket', INFERENCE)})"), "Latency 95 %", "s"
        ),
        Value(f"{WAITED} / ({WAITING} > 0)", "First token", "s", 90),
    ],
)

BOARD = Board(
    uid="ollama-requests",
    title="Ollama requests and tokens",
    description="How much is asked of Ollama, how much of it fails, how long it takes, how many tokens that is, and"
    " what its log says of loads and memory.",
    sections=(
        Section("", (Line(4, ((4, asked), (6, unsuccessful), (4, beyond), (6, latency_now), (4, first_token_now))),)),
        Section(
            "Requests, of all models",
            (
                Line(8, ((12, by_route), (12, failing))),
                Line(8, ((12, answers), (12, gone))),
                Line(8, ((12, latency), (12, latency_map))),
                Line(8, ((10, first_token), (14, by_server))),
            ),
        ),
        tokens.TOKENS,
        tokens.SPEED,
        loads.LOADS,
        loads.LOG,
        loads.SERVER,
    ),
)
