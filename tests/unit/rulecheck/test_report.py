"""What a person reads."""

from __future__ import annotations

from llama_metrics.rulecheck.expression import parse
from llama_metrics.rulecheck.installation import Exporter, Installation
from llama_metrics.rulecheck.judge import judge
from llama_metrics.rulecheck.pack import Pack, Rule
from llama_metrics.rulecheck.report import as_text

LINUX = Exporter({"version": True, "ps": True, "process": True}, "linux", "0.33.0")
LINUX_WITH_LOG = Exporter({**LINUX.health, "log": True}, "linux", "0.33.0")
MAC = Exporter({**LINUX.health, "macos": True}, "darwin", "0.33.0")


def say(
    rules: dict[str, str],
    exporters: dict[str, Exporter],
    present: dict[str, str],
    loaded: dict[str, str] | None = None,
    records: dict[str, str] | None = None,
    unread: dict[str, str] | None = None,
) -> str:
    """The report on these alerts of file x.yml, and series by the names of the hosts that have them."""
    hosts = {name: frozenset({("instance", name)}) for name in exporters}
    pack = Pack(
        [Rule("x.yml", name, True, parse(text)) for name, text in rules.items()],
        {name: parse(text) for name, text in (records or {}).items()},
        unread or {},
    )
    installation = Installation(
        "3.5.3",
        dict.fromkeys(rules, "") if loaded is None else loaded,
        {hosts[name]: exporter for name, exporter in exporters.items()},
        {name: frozenset(hosts[host] for host in where.split()) for name, where in present.items()},
        frozenset({"up"}),
    )
    return as_text(pack, installation, judge(pack, installation))


def test_all_is_well() -> None:
    """One sentence."""
    assert say({"A": "ollama_up == 0", "B": "up == 0"}, {"one": LINUX}, {"ollama_up": "one"}) == (
        "Prometheus 3.5.3 scrapes 1 exporter of llama-metrics. 2 of 2 alerts find all that they read.\n"
    )


def test_one_host() -> None:
    """What can be mended comes first, with how; then what waits, and what is not for this machine."""
    rules = {
        "Mac": "macos_memory_pressure_level == 4",
        "Model": "ollama_loaded_model_size_bytes > 1",
        "Log": "ollama_requests_total > 1",
        "Logged": "ollama_gpus > 1 and ollama_loaded_model_size_bytes",
        "Either": "ollama_gpus > 1 or ollama_probe_success == 0",
        "Up": "up == 0",
    }
    assert (
        say(rules, {"one": LINUX}, {})
        == """\
Prometheus 3.5.3 scrapes 1 exporter of llama-metrics. 1 of 6 alerts find all that they read.

cannot work: Ollama's log is not read
  -> run `llama-metrics doctor` there: it names each place where a log may be, and what is in the
     way
  Log, Logged

cannot work: one of these would do
  -> Ollama's log is not read: run `llama-metrics doctor` there: it names each place where a log may
     be, and what is in the way
  -> the probe is off: set collectors.probe.enabled: true, and name in collectors.probe.models whom
     it asks for one token a minute
  Either

nothing yet: no model is in memory now
  Model

not for this host: the exporter does not run on macOS itself
  Mac
"""
    )


def test_a_fleet_that_lacks_the_same_everywhere() -> None:
    """No host is named. Causes with one remedy are one line."""
    rules = {
        "Model": "ollama_loaded_model_size_bytes > 1",
        "Budget": "up > (ollama:threshold:day or ollama:threshold:month)",
    }
    assert (
        say(rules, {"a": LINUX, "b": LINUX}, {}).partition("\n\n")[2]
        == """\
cannot work: ollama:threshold:day is not set, ollama:threshold:month is not set
  -> record it in rules/overrides.yml, if you want these alerts; rules/overrides.example.yml shows
     how
  Budget

nothing yet on any host: no model is in memory now
  Model
"""
    )


def test_a_fleet() -> None:
    """On how many hosts, and the names of the first."""
    exporters = {"a": LINUX_WITH_LOG, "b": LINUX, "c": LINUX, "d": LINUX, "e": LINUX, "mac": MAC}
    rules = {"Log": "ollama_requests_total > 1", "Mac": "macos_memory_pressure_level == 4", "Down": "ollama_up == 0"}
    present = {
        "ollama_requests_total": "a b",
        "ollama_up": "a b c d e mac",
        "macos_memory_pressure_level": "mac",
    }
    assert (
        say(rules, exporters, present)
        == """\
Prometheus 3.5.3 scrapes 6 exporters of llama-metrics. 1 of 3 alerts find all that they read, on
every host.

cannot work on 4 of 6 hosts (c, d, e and 1 more): Ollama's log is not read
  -> run `llama-metrics doctor` there: it names each place where a log may be, and what is in the
     way
  Log

not for 5 of 6 hosts (a, b, c and 2 more): the exporter does not run on macOS itself
  Mac
"""
    )


def test_a_record_that_never_begins() -> None:
    """It reads its own past, and nothing else."""
    text = say({"A": "ollama_up > r"}, {"a": LINUX}, {"ollama_up": "a"}, {"A": "", "r": ""}, {"r": "r + 1"})

    assert text.partition("\n\n")[2] == (
        "not for this host: it reads a record that is made of nothing but itself\n  A\n"
    )


def test_rules_that_prometheus_does_not_evaluate() -> None:
    """A file that is not loaded, one of another version, one that fails, and what cannot be read here."""
    rules, present = {"A": "r > 0", "B": "ollama_up == 0"}, {"ollama_up": "one"}

    def parts(loaded: dict[str, str], **others: dict[str, str]) -> str:
        text = say(rules, {"one": LINUX}, present, loaded, {"r": "ollama_up"}, **others)
        return text.partition("\n\n")[2]

    assert parts({"A": "", "B": "", "r": ""}) == ""
    assert parts({"other": ""}) == (
        "x.yml is not loaded\n  -> add it to rule_files of Prometheus, if you want it\n  A, B\n"
    )
    assert parts({"A": ""}) == (
        "x.yml is not loaded as it stands here\n"
        "  -> Prometheus has another version of the file: replace it, and reload Prometheus\n"
        "  r, B\n"
    )
    assert parts({"A": "", "B": "", "r": "many-to-many"}) == "r cannot be evaluated: many-to-many\n"
    assert parts({"A": "", "B": "", "r": ""}, unread={"C": "'$' is no PromQL"}) == (
        "C cannot be judged: '$' is no PromQL\n"
    )
