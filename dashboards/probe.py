"""What the probe found: for the health dashboard's top, and a section of it."""

from __future__ import annotations

from dashboards.board import Line, Section
from dashboards.panels import States, bars, heatmap, lines, timeline
from dashboards.queries import Query, each, events, in_range, quantile, rate, series, whole
from dashboards.shared import INSTANCE
from dashboards.tables import Label, Value, rows

SUCCESS = series("ollama_probe_success")
DURATION = series("ollama_probe_duration_seconds")
# Of the last probe: one a minute leaves too little in the ranges of a graph to take a mean or a quantile of.
FIRST_TOKEN = f"{DURATION} - {series('ollama_probe_generation_duration_seconds')}"
LAST = series("ollama_probe_timestamp_seconds")
LAST_SUCCESS = series("ollama_probe_last_success_timestamp_seconds")
ATTEMPTS, FAILURES, SKIPS = (f"ollama_probe_{what}_total" for what in ("attempts", "failures", "skips"))
BUCKETS, SUM, COUNT = (f"ollama_probe_time_to_first_token_seconds_{part}" for part in ("bucket", "sum", "count"))
FAILED = f"sum without (reason) ({in_range(FAILURES)})"

RESULTS: States = {0: ("failed", "red"), 1: ("works", "green")}
# What switches it on, for whoever finds nothing here.
OFF = "off: collectors.probe.enabled"
EMPTY = "off (collectors.probe.enabled), or no model of it in memory"

results = timeline(
    "Probe by model",
    "Whether the last probe, a request for one token, got it. A gap: the model is not in memory, so it is left alone,"
    " or there was no probe yet. Red while Ollama is up: it answers, and does not work.",
    empty=EMPTY,
    queries=[each(SUCCESS, "{{model}}")],
    states=RESULTS,
)

first_token = lines(
    "Probe's time to first token",
    "From the probe's request to its first token, queue and load included: what anybody would wait at that moment. Of"
    " each probe that succeeded: a single high point is one that waited behind others.",
    empty=EMPTY,
    unit="s",
    queries=[each(FIRST_TOKEN, "{{model}}")],
)
first_token_map = heatmap(
    "Probe's time to first token, all models",
    "How many probes per second took how long: the stronger the colour, the more. Two bands: most find a free slot, and"
    " some wait behind users.",
    empty=EMPTY,
    unit="s",
    expr=f"sum by (le) ({rate(BUCKETS)})",
)
duration = lines(
    "Probe's duration",
    "From the request to the end of the answer, or of the wait: a probe that fails by the clock takes as long as its"
    " timeout, which is a minute unless collectors.probe.timeout says otherwise.",
    empty=EMPTY,
    unit="s",
    queries=[each(DURATION, "{{model}}")],
)
failures = bars(
    "Probes failed, by reason",
    "Timed out: no whole answer in time. Unreachable: nobody listens, or the connection broke. Refused: Ollama answered"
    " with an error. Bad answer: one that Ollama would not give.",
    empty=OFF,
    queries=[Query(f"sum by (reason) ({events(FAILURES)})", "{{reason}}")],
)
skips = bars(
    "Probes left out, by reason",
    "Not loaded: the model is not in memory, and nobody asked to load it for a probe. No context: Ollama does not say"
    " with which it runs. No generation: it cannot generate. Reloaded: the probe before made Ollama load it anew, so it"
    " is left alone for a while.",
    empty=OFF,
    queries=[Query(f"sum by (reason) ({events(SKIPS)})", "{{reason}}")],
)
models = rows(
    "Models that are probed",
    "Result, times and tokens are of the last probe, the other numbers of the time shown. A model without a result is"
    " left alone now.",
    empty=OFF,
    sort="Instance",
    columns=[
        INSTANCE,
        Label("model", "Model"),
        Value(SUCCESS, "Result", width=70, states=RESULTS),
        Value(f"{LAST} * 1000", "Last probe", "dateTimeFromNow", 120),
        Value(f"{LAST_SUCCESS} * 1000", "Last success", "dateTimeFromNow", 120),
        Value(DURATION, "Took", "s", 80),
        Value(series("ollama_probe_generated_tokens"), "Tokens", "short", 70),
        Value(whole(in_range(ATTEMPTS)), "Probes", "short", 70),
        Value(f"1 - {FAILED} / ({in_range(ATTEMPTS)} > 0)", "of them succeeded", "percentunit", 130),
        Value(f"{in_range(SUM)} / ({in_range(COUNT)} > 0)", "First token, mean", "s", 130),
        Value(quantile(0.95, in_range(BUCKETS)), "First token, 95 %", "s", 130),
        Value(whole(f"sum without (reason) ({in_range(SKIPS)})"), "Left out", "short", 80),
    ],
)
SECTION = Section(
    "The probe",
    (
        Line(8, ((12, first_token), (12, first_token_map))),
        Line(8, ((8, duration), (8, failures), (8, skips))),
        Line(7, ((24, models),)),
    ),
    folded=True,
)
