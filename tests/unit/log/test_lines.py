"""Lines as events: every form that any version writes, what nobody counts, and what only looks like a line."""

from __future__ import annotations

import pytest

from llama_metrics.collectors.log import events, units
from llama_metrics.collectors.log.events import Event, Failed
from llama_metrics.collectors.log.lines import Lines

BLOB = "sha256-" + "0a" * 32
SLOT = "slot print_timing: id  3 | task 42 | "


def parse(*lines: str) -> list[Event]:
    """The events of these lines."""
    return list(Lines().parse("".join(f"{line}\n" for line in lines).encode()))


def gin(code: object = 200, took: str = "1.5s", method: str = "POST", path: str = "/api/chat") -> str:
    """A line of the access log."""
    return f'[GIN] 2026/11/21 - 06:39:35 | {code} | {took:>13} |       127.0.0.1 | {method:<7}  "{path}"'


def record(rest: str, level: str = "INFO") -> str:
    """A record of Ollama's own."""
    return f"time=2026-11-21T06:39:45.087Z level={level} source=x.go:1 {rest}"


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (gin(), events.Answered("POST", "/api/chat", "200", 1.5, polled=False)),
        (gin(path="/api/generate?stream=1"), events.Answered("POST", "/api/generate", "200", 1.5, polled=False)),
        (gin(method="BREW"), events.Answered("other", "/api/chat", "200", 1.5, polled=False)),
        (gin(path="/v1/models/x"), events.Answered("POST", "/v1/models", "200", 1.5, polled=False)),
        (gin(path="/api/blobs/sha256:0"), events.Answered("POST", "other", "200", 1.5, polled=False)),
        (gin(code=999), events.Answered("POST", "/api/chat", "other", 1.5, polled=False)),
        (gin(code=42), events.Answered("POST", "/api/chat", "other", 1.5, polled=False)),
        (gin(method="GET", path="/api/ps?x=1"), events.Answered("GET", "other", "200", 1.5, polled=True)),
        (gin(method="HEAD", path="/api/ps"), events.Answered("HEAD", "other", "200", 1.5, polled=False)),
        (gin(method="POST", path="/api/show"), events.Answered("POST", "other", "200", 1.5, polled=True)),
        (gin() + " Error #01: some trouble", events.Answered("POST", "/api/chat", "200", 1.5, polled=False)),
        (gin(path='/x\\"| 200 |'), events.Answered("POST", "other", "200", 1.5, polled=False)),
    ],
)  # fmt: skip
def test_the_access_log(line: str, event: Event) -> None:
    """Method, route and code come from closed lists; the query is cut off; what is polled is marked."""
    assert parse(line) == [event]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0), ("123ns", 123e-9), ("11.458µs", 11.458e-6), ("7.5μs", 7.5e-6), ("7us", 7e-6),
        ("14.036458ms", 0.014036458), ("35.684791792s", 35.684791792), ("1m2s", 62), ("29m59s", 1799),
        ("5h31m9s", 19869), ("5m0s", 300), ("-1s", -1), ("0", 0),
    ],
)  # fmt: skip
def test_durations_as_go_writes_them(text: str, seconds: float) -> None:
    """Every unit, and several of them."""
    assert units.seconds(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "s", "1", "1.s", "1_0s", "1e3s", "inf", "nan", "1s2", "1 s", "٣s", "9" * 16 + "s"]
)
def test_what_is_no_duration(text: str) -> None:
    """Nothing that float() alone would take passes for a duration."""
    assert units.seconds(text) is None


@pytest.mark.parametrize(
    ("text", "size"), [("24.0 GiB", 25769803776), ("0 B", 0), ("640 KiB", 655360), ("1 TB", None), ("x GiB", None)]
)
def test_sizes_as_ollama_writes_them(text: str, size: int | None) -> None:
    """Binary units only."""
    assert units.size(text) == size


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("slot   operator(): id  3 | task 42 | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 601",
         events.Prompt(3, 42, 4096, 601)),
        ("slot update_slots: id  0 | task 1 | new prompt, n_ctx_slot = 512, n_keep = 0, n_prompt_tokens = 24",
         events.Prompt(0, 1, 512, 24)),
        (SLOT + "prompt eval time =       9.02 ms /   600 tokens (    0.02 ms per token, 66518.85 tokens per second)",
         events.PromptEvaluated(3, 42, 0.00902, 600)),
        (SLOT + "       eval time =   61000.50 ms /     1 tokens (", events.Generated(3, 42, 61.0005, 1)),
        ("slot      release: id  3 | task 42 | stop processing: n_tokens = 620, truncated = 0", events.Released(3, 42)),
        ("slot   operator(): id  0 | task 2 | slot context shift, n_keep = 5, n_left = 506", events.ContextShifted()),
        ("srv          stop: cancel task, id_task = 116", events.Abandoned(116, refused=False)),
        ("srv    send_error: task id = 85, error: request (901 tokens) exceeds", events.Abandoned(85, refused=True)),
        ("srv    load_model: initializing, n_slots = 4, n_ctx_slot = 2048, kv_unified = 'false'",
         events.SlotsReady(4, 2048)),
        ("load_tensors: offloaded 20/49 layers to GPU", events.Offloaded(20, 49)),
        ("llm_load_tensors: offloaded 33/33 layers to GPU", events.Offloaded(33, 33)),
        ("ggml_aligned_malloc: insufficient memory (attempted to allocate 125000.00 MB)", events.OutOfMemory()),
        ("graph_reserve: failed to allocate compute buffers", events.OutOfMemory()),
    ],
)  # fmt: skip
def test_the_lines_of_runners(line: str, event: Event) -> None:
    """The stable part is enough, whichever function prints it."""
    assert parse(line) == [event]


def test_older_runners_print_their_timings_below_the_prefix() -> None:
    """Bare timing lines belong to the task of the prefix before them, also over the end of a block."""
    lines = Lines()
    first = list(
        lines.parse(b"slot print_timing: id  0 | task 7 | \nprompt eval time =      10.00 ms /     5 tokens (\n")
    )
    second = list(lines.parse(b"       eval time =      90.00 ms /    10 tokens (\n"))

    assert first + second == [events.PromptEvaluated(0, 7, 0.01, 5), events.Generated(0, 7, 0.09, 10)]


def test_bare_timings_without_a_prefix_are_nobodys() -> None:
    """Without a task before them, such words count nothing."""
    assert (
        parse("prompt eval time =      10.00 ms /     5 tokens (", "       eval time =      1.00 ms /  1 tokens (")
        == []
    )


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        ('msg="truncating input prompt" limit=131 prompt=901 keep=5 new=131', events.Truncated),
        ('msg="aborting completion request due to client closing the connection"', events.ClientLeft),
        ('msg="aborting chat request due to client closing the connection"', events.ClientLeft),
        ('msg="llama-server process no longer running" sys=9 string="signal: killed"', events.RunnerGone),
        ('msg="llama runner process no longer running" sys=9 string="signal: killed"', events.RunnerGone),
        ('msg="llama-server model predicted to exceed available memory, evicting" predicted=x', events.Evicting),
        ('msg="model requires more gpu memory than is currently available, evicting a model to make space"',
         events.Evicting),
        ('msg="model request too large for system" requested="122.1 GiB"', events.TooLarge),
        ('msg="failed to load model metadata" model=x error="invalid file magic"', events.LoadFailed),
        ('msg="llama runner started in 3.52 seconds"', events.RunnerStarted),
        ('msg="llama-server started in 0.25 seconds"', events.RunnerStarted),
        ('msg="loaded runners" count=2', events.RunnersLoaded),
        ('msg="Listening on [::]:11434 (version 0.31.1)"', events.Listening),
        ('msg="waiting for llama-server to start responding"', events.Message),
        ('msg="starting runner" cmd="/usr/local/bin/ollama runner --ollama-engine --port 38431"', events.Message),
        ('msg="client connection closed before llama-server finished loading, aborting load"', events.Message),
        ("msg=load request=x", events.Message),
        ('msg=""', events.Message),
    ],
)  # fmt: skip
def test_records(rest: str, kind: type[Event]) -> None:
    """Each record that means something has its event; the others are messages of their level."""
    assert [type(event) for event in parse(record(rest))] == [kind]


@pytest.mark.parametrize(
    ("level", "counted"),
    [
        ("INFO", "info"),
        ("WARN", "warn"),
        ("ERROR", "error"),
        ("DEBUG", "debug"),
        ("TRACE", "debug"),
        ("DEBUG-4", "debug"),
    ],
)
def test_levels(level: str, counted: str) -> None:
    """Every level that slog writes is one of the four."""
    (event,) = parse(record("msg=x", level))

    assert isinstance(event, events.Message)
    assert event.level == counted


def test_a_load_says_which_model_and_whether_it_prints_costs() -> None:
    """The blob, or the name of an MLX model; llama-server prints costs, but not for embeddings."""
    command = f'cmd="/usr/local/lib/ollama/llama-server --model /m/blobs/{BLOB} --port 1 -c 4096 -np 1'

    def start(rest: str) -> events.RunnerStarting:
        (event,) = parse(record(rest))
        assert isinstance(event, events.RunnerStarting)
        return event

    new = start(f'msg="starting llama-server" {command}"')
    embedding = start(f'msg="starting llama-server" {command} --embedding -b 512"')
    old = start(f'msg="starting runner" cmd="/usr/bin/ollama runner --model C:\\\\m\\\\blobs\\\\{BLOB} --port 1"')
    mlx = start('msg="starting mlx runner subprocess" model=qwen3:8b port=1')
    assert (new.model, new.timed, new.upstream) == (BLOB, True, True)
    assert (embedding.model, embedding.timed, embedding.upstream) == (BLOB, False, True)
    assert (old.model, old.timed, old.upstream) == (BLOB, False, False)
    assert (mlx.model, mlx.timed, mlx.upstream) == ("qwen3:8b", False, False)


def test_a_failed_load_is_cancelled_or_short_of_memory() -> None:
    """The error's words tell a client that left from a failure, and want of memory from others."""
    errors = ["context canceled", "cudaMalloc failed: out of memory", "exit status 1"]
    found = [parse(record(f'msg="Load failed" model=x error="{error}"'))[0] for error in errors]

    assert [(one.cancelled, one.memory) for one in found if isinstance(one, events.LoadFailed)] == [
        (True, False), (False, True), (False, False),
    ]  # fmt: skip


def test_settings_that_are_automatic_or_no_words_are_not_told() -> None:
    """0 is automatic, a keep_alive below 0 is none, and a label holds nothing but the words of Ollama's settings."""
    env = 'map[OLLAMA_DEBUG:x\\"y OLLAMA_KEEP_ALIVE:-1s OLLAMA_MAX_QUEUE:0 OLLAMA_NUM_PARALLEL:4 OLLAMA_KV_CACHE_TYPE:]'
    (config,) = parse(record(f'msg="server config" env="{env}"'))

    assert isinstance(config, events.Configured)
    assert (config.num_parallel, config.max_queue, config.max_loaded_models) == (4, None, None)
    assert (config.keep_alive, config.debug, config.kv_cache_type) == (None, "other", "")


@pytest.mark.parametrize(
    "line",
    [
        '[GIN] 2026/11/21 - 06:39:35 | 2x0 | 1s | 127.0.0.1 | POST "/api/chat"',
        gin(took="soon"),
        "slot   operator(): id  3 | task 42 | new prompt, with other words",
        SLOT + "prompt eval time = quick",
        SLOT + "eval time =    1.00 ms / 12345678901234567890 tokens (",
        "time=yesterday level=INFO msg=x",
        record('msg="loaded runners" count=many'),
        record("msg=x", level="LOUD"),
    ],
)
def test_a_line_that_begins_well_and_goes_on_otherwise_has_failed(line: str) -> None:
    """Drift of the log's wording is counted, never guessed at."""
    assert parse(line) == [Failed()]


@pytest.mark.parametrize(
    "line",
    [
        "[GIN-debug] POST /api/chat --> handler (5 handlers)", "srv  update_slots: all slots are idle", "",
        "\ttop_k = 40, top_p = 0.900", "<|im_start|>user", "print_info: n_ctx_train           = 4096",
        "slot launch_slot_: id  0 | task -1 | sampler chain: logits", "x" + gin(), " " + record("msg=x"),
        "You are a helpful assistant", "slot get_availabl: id  0 | task -1 | selected slot by LRU, t_last = -1",
    ],
)  # fmt: skip
def test_what_says_nothing_that_counts_is_ignored(line: str) -> None:
    """Neither an event nor a failure: also what stands anywhere but at the beginning of its line."""
    assert parse(line) == []
