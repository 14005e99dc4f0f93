"""The powermetrics collector, put together."""

from __future__ import annotations

from llama_metrics.collector import Collector, Context
from llama_metrics.collectors.powermetrics.command import command_line, interval, is_permitted, refusal
from llama_metrics.collectors.powermetrics.listener import Listener
from llama_metrics.collectors.powermetrics.metrics import METRICS
from llama_metrics.collectors.powermetrics.options import PowermetricsOptions
from llama_metrics.collectors.powermetrics.render import render
from llama_metrics.collectors.powermetrics.stream import Stream
from llama_metrics.errors import NotPermitted, Unsupported


def _open(options: PowermetricsOptions, context: Context) -> Listener:
    """A right that is missing is found here: nobody asked for it, so nobody wants a collector that always fails."""
    command, user = command_line(options, context.machine), context.machine.user
    if not is_permitted(command, context.machine):
        raise Unsupported(refusal(user))
    seconds = interval(command, options)
    stream = Stream(command, seconds, user, context.monotonic)
    try:
        stream.start()
    except NotPermitted as error:
        raise Unsupported(str(error)) from None
    return Listener(stream, seconds, context)


POWERMETRICS = Collector(
    name="powermetrics",
    help="power, activity and thermal pressure of a Mac, by Apple's powermetrics",
    scope="host",
    options=PowermetricsOptions,
    metrics=METRICS,
    open=_open,
    render=render,
    background=True,
)
