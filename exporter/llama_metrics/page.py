"""The page for people: what is watched, and how the last scrape went. No script, nothing from elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape

from llama_metrics import __version__
from llama_metrics.errors import SourceError
from llama_metrics.scrape import Result

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884 }
td:nth-child(n+3) { white-space: nowrap }
.good { color: #18794e } .bad { color: #c62a2f } .quiet { opacity: .7 }
@media (prefers-color-scheme: dark) { .good { color: #4cc38a } .bad { color: #ff8b8b } }
"""


def render(watched: str, names: Iterable[str], results: Iterable[Result | None]) -> str:
    """The page as HTML; every value in it is escaped."""
    rows = "\n".join(_row(name, result) for name, result in zip(names, results, strict=True))
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>llama-metrics</title>
<style>{_STYLE}</style>
<h1>llama-metrics</h1>
<p>Watches Ollama at <b>{escape(watched)}</b>.</p>
<p><a href="/metrics">Metrics</a> for Prometheus; a collector's name below leads to its own.
Whether this process serves: <a href="/-/healthy">healthy</a>, <a href="/-/ready">ready</a>.</p>
<table>
<tr><th>Collector<th>Last scrape<th>Took<th>When
{rows}
</table>
<p class="quiet">Each row tells the latest scrape; looking at this page does not ask Ollama.
llama-metrics {escape(__version__)}</p>
"""


def _row(name: str, result: Result | None) -> str:
    link = f'<tr><td><a href="/metrics?collect[]={escape(name)}">{escape(name)}</a>'
    if result is None:
        return f'{link}<td class="quiet">not scraped yet<td><td>'
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(result.at)) + " UTC"
    return f"{link}<td>{_state(result.error)}<td>{result.seconds * 1000:.0f} ms<td>{when}"


def _state(error: BaseException | None) -> str:
    if error is None:
        return '<span class="good">good</span>'
    said = str(error) if isinstance(error, SourceError) else f"a bug, {error!r}; its traceback is in the log"
    return f'<span class="bad">{escape(said)}</span>'
