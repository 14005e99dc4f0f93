"""`make timed`: faults on simulated hosts, and the notifications of them timed against what is promised.

Real exporters, Prometheus and Alertmanager with the shipped configuration, on loopback; each of the three is restarted
while alerts fire. It takes half an hour; with the argument `quick`, and every wait divided by 60, a minute. The status
is 1 if a notification is lost, late, early or doubled, or one came that must not.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tools.binaries import CACHE, Binaries, NotFound, locate
from tools.notices import Inbox
from tools.stack import Alertmanager, Prometheus
from tools.timed_faults import FLAPPING, HUNG, QUICK, SHIPPED, Timetable
from tools.timed_journal import Journal, Key
from tools.timed_promises import HEAD, MUTED, Promise, judge, keys, promises, wrong
from tools.timed_stack import Running, rules, running

_TABLES = {"shipped": SHIPPED, "quick": QUICK}


def main(arguments: list[str]) -> int:
    """Runs it; gives the exit status."""
    times = _TABLES.get(arguments[0] if arguments else "shipped")
    if times is None or len(arguments) > 1:
        print(f"No such timetable: {' '.join(arguments)}; name one of {', '.join(_TABLES)}.", file=sys.stderr)
        return 2
    # This machine's proxy, if it has one, is not for loopback.
    os.environ |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    CACHE.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="timed-", dir=CACHE) as folder:
            return _run(locate(), Path(folder), times)
    except (NotFound, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(binaries: Binaries, folder: Path, times: Timetable) -> int:
    journal = Journal()
    with Inbox(journal.deliver) as inbox, running(binaries, folder, times, inbox.url) as stack:
        promised = promises(times, rules(times))
        end = stack.began + max(promise.since + promise.within for promise in promised)
        print(
            f"All hosts are watched. The last notification is due after {(end - stack.began) / 60:.0f} minutes.",
            flush=True,
        )
        _restart(stack, journal, promised, times)
        was_muted = _see_muted(stack, until=stack.began + times.cure_of(FLAPPING) + 4 * times.scrape)
        for promise in sorted(promised, key=lambda one: one.since + one.within):
            journal.wait([promise.key], promise.status, stack.began + promise.since + promise.within)
        return _tell(journal, promised, stack, times, was_muted=was_muted)


def _restart(stack: Running, journal: Journal, promised: list[Promise], times: Timetable) -> None:
    """Each of the three, in the middle of what fires; what pends then, pends on."""
    due = {
        promise.key: stack.began + promise.since + promise.within for promise in promised if promise.status == "firing"
    }
    early = [key for key in keys() if key[1] != HUNG]
    journal.wait(early, "firing", max(due[key] for key in early))
    _say(stack, "restarting Prometheus")
    stopped = time.time()
    stack.prometheus.restart()
    _until(lambda: _firing(stack.prometheus, early, stopped), 6 * times.scrape)
    _say(stack, "restarting Alertmanager")
    stack.alertmanager.restart()
    _until(lambda: _held(stack.alertmanager, early), 3 * times.scrape)
    _say(stack, "restarting exporters")
    for host, exporter in stack.exporters.items():
        if host != HUNG:
            exporter.restart()
    if times.restarts_prober:
        hung = [key for key in keys() if key[1] == HUNG]
        journal.wait(hung, "firing", max(due[key] for key in hung))
        _say(stack, "restarting the exporter that probes")
        stack.exporters[HUNG].restart()


def _firing(prometheus: Prometheus, keys: list[Key], since: float) -> bool:
    """Whether all of them fire, by what it has worked out itself since then."""
    found = prometheus.query(f'timestamp(ALERTS{{alertstate="firing"}}) > {since}')
    return {(one["metric"]["alertname"], one["metric"].get("instance")) for one in found} >= set(keys)


def _held(alertmanager: Alertmanager, keys: list[Key]) -> bool:
    """Whether it was told all of them."""
    held = [one["labels"] for one in alertmanager.alerts()]
    return {(labels["alertname"], labels.get("instance")) for labels in held} >= set(keys)


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    """Waits for it, but not longer: what is lost then, the journal tells."""
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        # Neither of the two tells when it is through with its start; asking again is the only way to know.
        time.sleep(0.2)


def _see_muted(stack: Running, until: float) -> bool:
    """Whether Alertmanager holds the alert that must not arrive, and mutes it."""
    while time.monotonic() < until:
        for alert in stack.alertmanager.alerts():
            labels, state = alert["labels"], alert["status"]["state"]
            if (labels["alertname"], labels.get("instance")) == MUTED and state == "suppressed":
                _say(stack, f"{MUTED[0]} is muted")
                return True
        # Alertmanager tells nobody what it mutes; asking again is the only way to know.
        time.sleep(0.2)
    return False


def _tell(journal: Journal, promised: list[Promise], stack: Running, times: Timetable, *, was_muted: bool) -> int:
    arrivals = journal.arrivals()
    verdicts = judge(promised, arrivals, stack.began, times)
    besides = sorted({one.key for one in arrivals} - {promise.key for promise in promised})
    complaints = wrong(verdicts, arrivals, was_muted=was_muted)
    print(HEAD, *[verdict.row for verdict in verdicts], sep="\n")
    print(f"Besides: {', '.join(f'{name} on {host}' for name, host in besides) or 'none'}.")
    print(*(complaints or ["Nothing is lost, late, early or doubled."]), sep="\n", flush=True)
    return 1 if complaints else 0


def _say(stack: Running, what: str) -> None:
    print(f"{time.monotonic() - stack.began:8.1f}  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
