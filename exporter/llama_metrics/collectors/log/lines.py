"""Lines of Ollama's log as events: the access log, the records of Ollama itself, and the lines of its runners.

Matched is the part that stays when versions change, never a source position or a function's name. One expression runs
over a whole block, for most lines say nothing that counts and shall cost nothing. It begins with the line feed before
the line: with it, the search skips from line to line. What does not match is not looked at again, and not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from llama_metrics.collectors.log import events, records, units
from llama_metrics.collectors.log.events import Event, Failed

INFERENCE = (
    *("/api/generate", "/api/chat", "/api/embed", "/api/embeddings", "/v1/chat/completions", "/v1/completions"),
    *("/v1/embeddings", "/v1/responses", "/v1/messages"),
)
ROUTES = frozenset(
    (*INFERENCE, "/api/pull", "/api/push", "/api/create", "/api/copy", "/api/delete", "/v1/models"),
)
_POLLED = frozenset({("GET", "/api/version"), ("GET", "/api/ps"), ("GET", "/api/tags"), ("POST", "/api/show")})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_COLOUR = r"(?:\x1b\[[0-9;]{0,20}m)?"
_QUOTED = r'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"'
_COST = r"\ +(?P<ms{}>[0-9]{{1,12}}(?:\.[0-9]{{1,6}})?)\ ms\ /\ +(?P<tokens{}>[0-9]{{1,12}})\ "
_LINE = re.compile(
    rf"""\n(?:
    \[GIN\]\ (?:
        [0-9/]{{10}}\ -\ [0-9:]{{8}}\ \|{_COLOUR}\ *(?P<code>[0-9]{{1,6}})\ *{_COLOUR}\|
        \ *(?P<took>[^\ |\n]+)\ *\|[^|\n]*\|{_COLOUR}\ *(?P<method>[^\ "\n]+)\ *{_COLOUR}\ *(?P<path>{_QUOTED})(?P<gin>)
      | (?P<bad_gin>)
      )
  | slot\ [^:\n]{{0,40}}:\ id\ +(?P<slot>[0-9]{{1,9}})\ \|\ task\ (?P<task>[0-9]{{1,15}})\ \|\ *(?:
        new\ prompt,\ (?:[^\n]*?\bn_ctx_slot\ =\ (?P<context>[0-9]{{1,12}})[^\n]*?tokens\ =\ (?P<whole>[0-9]{{1,12}})
                         (?P<prompt>)|(?P<bad_prompt>))
      | (?P<of_prompt>prompt\ )?eval\ time\ =(?:{_COST.format("", "")}(?P<timing>)|(?P<bad_timing>))
      | stop\ processing(?P<released>)
      | slot\ context\ shift(?P<shifted>)
      | (?=\n)(?P<header>)
      )
  | \ +eval\ time\ ={_COST.format("2", "2")}(?P<bare>)
  | prompt\ eval\ time\ ={_COST.format("3", "3")}(?P<bare_prompt>)
  | time=(?:
        (?P<time>[0-9][0-9T:.Z+-]{{18,40}})\ level=(?P<level>[A-Z]+)[0-9+-]{{0,4}}\ (?:source=[^\ \n]*\ )?
            msg=(?P<msg>{_QUOTED}|[^\ \n]*)(?P<rest>[^\n]*)(?P<record>)
      | (?P<bad_record>)
      )
  | srv\ [^:\n]{{0,40}}:\ (?:
        (?:cancel\ task,\ id_task\ =\ |(?P<refused>task\ id\ =\ ))(?P<id>[0-9]{{1,15}})(?P<abandoned>)
      | initializing,\ n_slots\ =\ (?P<slots>[0-9]{{1,6}}),\ n_ctx_slot\ =\ (?P<each>[0-9]{{1,12}})(?P<ready>)
      )
  | (?:llm_)?load_tensors:\ +offloaded\ (?P<layers>[0-9]{{1,6}})/(?P<of>[0-9]{{1,6}})\ layers\ to\ GPU(?P<offloaded>)
  | (?:ggml|graph_|CUDA)[^\n]*?(?:cudaMalloc\ failed:\ out\ of\ memory|insufficient\ memory
        |failed\ to\ allocate\ compute)(?P<memory>)
  | [0-9/]{{10}}\ [0-9:]{{8}}\ [^\ \n]+:[0-9]+:\ (?P<old_level>DEBUG|INFO|WARN|ERROR)\ (?P<old>[^\n]*)(?P<old_record>)
  )""",
    re.VERBOSE | re.ASCII,
)

Match = re.Match[str]


class Lines:
    """Reads the blocks of one log. What it remembers from line to line is which task a bare timing line belongs to."""

    def __init__(self) -> None:
        self._task: tuple[int, int] | None = None
        self._read: dict[str, Callable[[Match], Event | None]] = {
            "gin": _answered,
            "prompt": lambda m: events.Prompt(int(m["slot"]), int(m["task"]), int(m["context"]), int(m["whole"])),
            "timing": self._timing,
            "released": lambda m: events.Released(int(m["slot"]), int(m["task"])),
            "shifted": lambda _: events.ContextShifted(),
            "header": self._header,
            "bare_prompt": lambda m: self._bare(events.PromptEvaluated, m["ms3"], m["tokens3"]),
            "bare": lambda m: self._bare(events.Generated, m["ms2"], m["tokens2"]),
            "record": lambda m: records.parse(m["time"], m["level"], m["msg"], m["rest"]),
            "old_record": lambda m: records.parse_old(m["old_level"], m["old"]),
            "abandoned": lambda m: events.Abandoned(int(m["id"]), m["refused"] is not None),
            "ready": lambda m: events.SlotsReady(int(m["slots"]), int(m["each"])),
            "offloaded": lambda m: events.Offloaded(int(m["layers"]), int(m["of"])),
            "memory": lambda _: events.OutOfMemory(),
        }

    def parse(self, block: bytes) -> Iterator[Event]:
        """The events of whole lines, in their order; Failed stands for a line that should have been one."""
        text = "\n" + block.decode("utf-8", errors="replace")
        read = self._read
        for match in _LINE.finditer(text):
            kind = match.lastgroup
            reader = read.get(kind or "")
            event = reader(match) if reader else Failed()
            if event is not None:
                yield event

    def _timing(self, match: Match) -> Event:
        kind = events.PromptEvaluated if match["of_prompt"] else events.Generated
        return kind(int(match["slot"]), int(match["task"]), float(match["ms"]) / 1000, int(match["tokens"]))

    def _header(self, match: Match) -> None:
        """Older runners print the timing lines below their prefix, not behind it."""
        self._task = int(match["slot"]), int(match["task"])

    def _bare(self, kind: Callable[..., Event], milliseconds: str, tokens: str) -> Event | None:
        # Without a prefix before them, these words are anybody's.
        return kind(*self._task, float(milliseconds) / 1000, int(tokens)) if self._task else None


def _answered(match: Match) -> Event:
    took = units.seconds(match["took"])
    code = match["code"]
    if took is None:
        return Failed()
    method, path = match["method"], match["path"][1:-1].partition("?")[0]
    route = path if path in ROUTES else "/v1/models" if path.startswith("/v1/models/") else "other"
    return events.Answered(
        method=method if method in _METHODS else "other",
        route=route,
        code=code if len(code) == 3 and "100" <= code <= "599" else "other",
        seconds=took,
        polled=(method, path) in _POLLED,
    )
