"""Puts channels into Alertmanager's configuration: each below the routes of the severities that it hears of.

Below a route stand its channels, each with `continue`, and last the receiver that the route had: nothing takes an alert
away from the inbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llama_metrics.notify.quiet import QuietHours
from llama_metrics.schema import Problem, Problems

_QUIET = "quiet-hours"
_QUIET_SEVERITY = "warning"
# What is said about the watching itself is never muted.
_NEVER_QUIET = 'category="meta"'

Route = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Channel:
    """A receiver, the severities that it hears of, and what else must be true of an alert."""

    receiver: dict[str, Any]
    severities: tuple[str, ...]
    matchers: tuple[str, ...]

    @property
    def name(self) -> str:
        """The receiver's."""
        return str(self.receiver["name"])

    def route(self) -> Route:
        """Its place below the route of a severity."""
        matchers = {"matchers": list(self.matchers)} if self.matchers else {}
        return {"receiver": self.name, **matchers, "continue": True}


def compose(base: dict[str, Any], channels: Sequence[Channel], quiet: QuietHours | None) -> dict[str, Any]:
    """The whole configuration. Raises Problems where `base` has no route for a severity, or the name of a channel."""
    routes: list[Route] = base["route"].get("routes", [])
    receivers: list[dict[str, Any]] = base["receivers"]
    problems = [
        Problem(f"route of severity {severity}", f'is missing; there is none with matchers [severity="{severity}"]')
        for severity in sorted(_needed(channels, quiet) - {_severity(route) for route in routes})
    ]
    taken = {receiver["name"] for receiver in receivers}
    problems += [
        Problem(f"receiver {channel.name}", "stands there already; rename it, or remove the secret file")
        for channel in channels
        if channel.name in taken
    ]
    if problems:
        raise Problems(problems)
    root = {**base["route"], "routes": [one for route in routes for one in _branches(route, channels, quiet)]}
    whole = {**base, "route": root, "receivers": [*receivers, *(channel.receiver for channel in channels)]}
    if quiet:
        whole["time_intervals"] = [*base.get("time_intervals", []), quiet.interval(_QUIET)]
    return whole


def _needed(channels: Sequence[Channel], quiet: QuietHours | None) -> set[str]:
    return {severity for channel in channels for severity in channel.severities} | (
        {_QUIET_SEVERITY} if quiet else set()
    )


def _severity(route: Route) -> str | None:
    """Of which severity this is the route."""
    match route.get("matchers"):
        case [str(matcher)] if matcher.startswith('severity="'):
            return matcher.removeprefix('severity="').removesuffix('"')
    return None


def _branches(route: Route, channels: Sequence[Channel], quiet: QuietHours | None) -> Iterator[Route]:
    severity = _severity(route)
    below = [channel.route() for channel in channels if severity in channel.severities]
    if quiet and severity == _QUIET_SEVERITY:
        yield _with({**route, "matchers": [*route["matchers"], _NEVER_QUIET]}, below)
        # A route does not hand it down to those below it.
        yield _with(_muted(route), [_muted(one) for one in below])
    else:
        yield _with(route, below)


def _muted(route: Route) -> Route:
    return {**route, "mute_time_intervals": [_QUIET]}


def _with(route: Route, below: Sequence[Route]) -> Route:
    if not below:
        return route
    last = {key: route[key] for key in ("receiver", "mute_time_intervals") if key in route}
    return {**route, "routes": [*below, *route.get("routes", []), last]}
