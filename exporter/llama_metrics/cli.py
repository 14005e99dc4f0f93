"""The command line: argv -> one command -> an exit status.

0: done. 1: a configuration, an address or a file is not usable, and standard error says which. 2: not a command line.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from llama_metrics import __version__, app, config
from llama_metrics.collectors import ALL
from llama_metrics.log import make_logger
from llama_metrics.schema import Problems
from llama_metrics.scrape import CannotOpen
from llama_metrics.server import CannotListen
from llama_metrics.system.memory import spare_memory

_DESCRIPTION = "Prometheus exporter for Ollama and the machine under it. Without a command it serves."


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that `argv` names; gives the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    commands: dict[str, Callable[[list[str]], int]] = {
        "serve": _serve,
        "check": _check,
        "doctor": _doctor,
        "metrics": _metrics,
        "alertmanager": _alertmanager,
        "simulate": _simulate,
    }
    name = arguments.pop(0) if arguments and arguments[0] in commands else "serve"
    try:
        return commands[name](arguments)
    except Problems as problems:
        for problem in problems.problems:
            print(f"llama-metrics: {problem.path}: {problem.message}", file=sys.stderr)
    except (CannotListen, CannotOpen) as error:
        print(f"llama-metrics: {error}", file=sys.stderr)
    return 1


def _serve(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "llama-metrics",
        description=_DESCRIPTION,
        epilog="Commands: serve (the default); check FILE, the configuration without starting; doctor, what"
        " there is to watch and what is in the way; metrics, the catalogue;"
        " alertmanager, the configuration of Alertmanager with your channels;"
        " simulate SCENARIO, an Ollama that is not there. Each of them takes --help."
        f" Environment: {config.OLLAMA_VARIABLE}, {config.FILE_VARIABLE}, {config.LISTEN_VARIABLE}.",
    )
    parser.add_argument("--version", action="version", version=f"llama-metrics {__version__}")
    parser.add_argument("--config.file", dest="file", type=Path, help="the configuration (YAML)")
    flags: dict[str, tuple[str, ...]] = {}

    def add(name: str, key: tuple[str, ...], **options: object) -> None:
        flags[name] = key
        parser.add_argument(name, dest=name, default=None, **options)  # type: ignore[arg-type]

    add("--web.listen-address", ("web", "listen_address"), metavar="HOST:PORT", help="default 127.0.0.1:11490")
    add("--web.max-requests", ("web", "max_requests"), metavar="N", type=int, help="scrapes at once, default 40")
    add("--log.level", ("log", "level"), choices=["debug", "info", "warning", "error"], help="default info")
    add("--log.format", ("log", "format"), choices=["logfmt", "json"], help="default logfmt")
    for collector in ALL:
        name, key = f"--collector.{collector.name}", ("collectors", collector.name, "enabled")
        add(name, key, action=argparse.BooleanOptionalAction, help=collector.help)
    given = vars(parser.parse_args(arguments))
    settings = [config.Setting(key, given[name], name) for name, key in flags.items() if given[name] is not None]
    variable = os.environ.get(config.FILE_VARIABLE)
    file = given["file"] or (Path(variable) if variable else None)
    loaded = config.load(ALL, os.environ, file, settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    spare_memory()
    app.run(loaded, make_logger(loaded.log.level, loaded.log.format), stop)
    return 0


def _check(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "llama-metrics check",
        description="Says whether a configuration is valid; or which alerts cannot work on an installation, because"
        " the series that they read are absent, and what would provide them.",
        epilog="What it finds out about alerts is no error: it exits with 1 only where the rules cannot be read, or"
        " Prometheus cannot be asked.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", nargs="?", help="a configuration (YAML)")
    parser.add_argument("--rules", type=Path, metavar="DIR", help="the folder with the rules files (*.yml)")
    parser.add_argument("--prometheus", metavar="URL", help="the Prometheus that evaluates them")
    given = parser.parse_args(arguments)
    if (given.file is None) == (given.rules is None) or (given.rules is None) != (given.prometheus is None):
        parser.error("give either FILE, or both of --rules and --prometheus")
    if given.file is None:
        return _check_rules(given.rules, given.prometheus)
    file = given.file
    loaded = config.load(ALL, os.environ, file)
    certain = ", ".join(collector.name for collector, own in loaded.collectors if own.enabled)
    possible = ", ".join(collector.name for collector, own in loaded.collectors if own.enabled is None)
    print(f"{file} is valid: it watches {loaded.target.url} with {certain or 'no collector at all'}")
    if possible:
        print(f"and, if this machine has what they read, with {possible}")
    for collector, own in loaded.collectors:
        for note in own.notes():
            print(f"{collector.name}: {note}")
    return 0


def _check_rules(folder: Path, url: str) -> int:
    # Serving needs nothing of it.
    from llama_metrics.errors import SourceError
    from llama_metrics.rulecheck import report

    try:
        print(report.examine(folder, url), end="")
    except SourceError as error:
        print(f"llama-metrics: {error}", file=sys.stderr)
        return 1
    return 0


def _doctor(arguments: list[str]) -> int:
    # Serving needs nothing of it.
    from llama_metrics.doctor import report
    from llama_metrics.system.machine import this_machine

    parser = argparse.ArgumentParser("llama-metrics doctor", description="Says what can be watched, and what not.")
    parser.add_argument("--config.file", dest="file", type=Path, help="the configuration (YAML)")
    file = parser.parse_args(arguments).file
    variable = os.environ.get(config.FILE_VARIABLE)
    loaded = config.load(ALL, os.environ, file or (Path(variable) if variable else None))
    checks = report.examine(loaded, this_machine(os.environ))
    print(report.as_text(checks), end="")
    return 0 if report.is_well(checks) else 1


def _metrics(arguments: list[str]) -> int:
    from llama_metrics import catalogue

    parser = argparse.ArgumentParser("llama-metrics metrics", description="Prints every metric there can be.")
    parser.add_argument("--markdown", action="store_true", help="as docs/METRICS.md")
    markdown = parser.parse_args(arguments).markdown
    print(catalogue.as_markdown() if markdown else catalogue.as_text(catalogue.catalogue()), end="")
    return 0


def _alertmanager(arguments: list[str]) -> int:
    # Serving needs nothing of it.
    from llama_metrics.notify import command
    from llama_metrics.notify.reload import reload

    about = "Writes Alertmanager's configuration with a channel for each secret file."
    parser = argparse.ArgumentParser("llama-metrics alertmanager", description=about)

    def add(name: str, metavar: str, default: str | None, help: str) -> None:  # noqa: A002
        parser.add_argument(name, metavar=metavar, default=default, required=default is None, help=help)

    beside = "the folder beside it, of its name, holds the parts and templates"
    add("--config", "FILE", "config/alertmanager.yml", f"default %(default)s; {beside}")
    add("--secrets", "DIR", "config/secrets", "a file for each channel, default %(default)s")
    add("--output", "DIR", None, "the folder to write; Alertmanager must find it under the same path")
    add("--quiet-hours", "HOURS", "", "of warnings, like '22:00-07:00 Europe/Berlin'")
    add("--grafana", "URL", "", "where people reach Grafana, default http://127.0.0.1:3000")
    add("--reload", "URL", "", "an Alertmanager that reads the folder, asked to read it again if it runs")
    given = parser.parse_args(arguments)
    paths = Path(given.config), Path(given.secrets), Path(given.output)
    for line in command.write(command.Request(*paths, given.quiet_hours, given.grafana)):
        print(line)
    if given.reload:
        print(f"{given.reload} has read it again" if reload(given.reload) else f"nothing runs at {given.reload} yet")
    return 0


def _simulate(arguments: list[str]) -> int:
    # Serving needs nothing of it.
    from llama_metrics.simulate import power_run, run

    parser = argparse.ArgumentParser("llama-metrics simulate", description="An Ollama that is not there.")
    parser.add_argument("scenario", metavar="SCENARIO", help="a name or a YAML file")
    parser.add_argument("--listen", metavar="HOST:PORT", help="default 127.0.0.1:11434")
    parser.add_argument("--log", metavar="FILE", type=Path, help="append what Ollama would log; over 64 MiB: FILE.1")
    processes = "start processes that look like Ollama's, with a port for each model in memory"
    parser.add_argument(
        "--runners", action="store_true", help=f"{processes}; with LLAMA_ARG_ENDPOINT_METRICS=1, /metrics too"
    )
    instead = "print what powermetrics would on a Mac that runs the scenario, and serve nothing"
    parser.add_argument("--powermetrics", action="store_true", help=instead)
    given = parser.parse_args(arguments)
    if not given.powermetrics:
        return run.main(given.scenario, given.listen or "127.0.0.1:11434", given.log, has_runners=given.runners)
    if given.listen or given.log or given.runners:
        parser.error("--powermetrics serves nothing: leave out --listen, --log and --runners")
    return power_run.main(given.scenario)
