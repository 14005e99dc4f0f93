"""The layers: who may import whom. Data flows one way, and importing a module does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import llama_metrics

PACKAGE = Path(llama_metrics.__file__).parent

# From the top down: a room imports only from lines below its own. Rooms on one line do not know each other.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("app", "catalogue", "doctor", "notify", "rulecheck"),
    ("config", "server", "web"),
    ("page", "schema"),
    ("scrape", "self_metrics"),
    ("collectors",),
    (
        *("collectors.version", "collectors.ps", "collectors.tags", "collectors.log", "collectors.process"),
        *("collectors.host", "collectors.macos", "collectors.powermetrics", "collectors.nvidia", "collectors.amd"),
        *("collectors.runner", "collectors.probe"),
    ),
    ("ollama",),
    ("collector", "exposition", "flight", "log", "background"),
    ("system", "bounded", "metrics", "duration"),
    ("errors", ""),
)
# Rooms with files of their own, in the same order; "" is the room's own __init__.
ROOMS = {
    "doctor": (
        ("report",),
        ("api", "log", "processes", "runners", "probe", "macos", "powermetrics", "gpus"),
        ("check", ""),
    ),
    "notify": (
        ("command",),
        ("channels", "output"),
        ("routes", "secret"),
        ("part", "quiet", "reload"),
        ("",),
    ),
    "rulecheck": (
        ("report",),
        ("judge",),
        ("installation", "pack"),
        ("causes", "expression", "prometheus"),
        ("need", "tokens", "verdict"),
        ("",),
    ),
    "collectors.log": (
        ("collector",),
        ("render", "sources.find"),
        ("follower", "sources.docker", "sources.file"),
        ("tally", "sources.journald"),
        ("lines", "loads", "sources.stdin"),
        ("facts", "tasks"),
        ("records", "runners", "sources.held"),
        ("sources.docker_frames", "sources.docker_given", "sources.opened"),
        ("sources.splitter", "sources.journal_records", "sources.past"),
        ("events", "ledger", "metrics", "options", "sources.docker_api", "sources.newest", "units"),
        ("sources.trouble", "sources.source"),
        ("sources", ""),
    ),
    "collectors.process": (
        ("collector",),
        ("render", "source"),
        ("reading", "sockets"),
        ("sums", "metrics"),
        ("",),
    ),
    "collectors.host": (("collector",), ("source",), ("models", "metrics"), ("",)),
    "collectors.macos": (("collector",), ("render",), ("tools",), ("texts",), ("metrics",), ("",)),
    "collectors.powermetrics": (
        ("collector",),
        ("listener", "render"),
        ("account", "plist", "stream"),
        ("command", "document", "sample"),
        ("frames", "metrics", "options"),
        ("",),
    ),
    "collectors.nvidia": (
        ("collector",),
        ("render",),
        ("parse", "runners", "present"),
        ("nvml", "reasons"),
        ("metrics",),
        ("",),
    ),
    "collectors.runner": (
        ("collector",),
        ("render", "source"),
        ("port",),
        ("answers",),
        ("metrics", "options", "reading"),
        ("",),
    ),
    "collectors.probe": (
        ("collector",),
        ("render", "source"),
        ("prober",),
        ("account",),
        ("memory", "reading"),
        ("metrics", "options"),
        ("",),
    ),
    "collectors.amd": (("collector",), ("parse",), ("sysfs", "metrics"), ("",)),
    "ollama": (
        ("directory", "generation", "polled", "tree"),
        ("client", "processes"),
        ("connection", "stream"),
        ("answers", "eras", "host", "names", "plausible"),
        ("",),
    ),
    "system": (("cards", "child", "machine", "memory", "processes", "tools"), ("backoff",), ("",)),
}
DEPTH = {name: depth for depth, names in enumerate(LAYERS) for name in names}
INNER = {
    f"{room}.{name}".rstrip("."): depth
    for room, lines in ROOMS.items()
    for depth, names in enumerate(lines)
    for name in names
}
# What belongs to one module alone.
OWNERS = {
    "prometheus_client": {"exposition"},
    "requests": {"ollama.client", "config"},
    "cheroot": {"server"},
    "pynvml": {"collectors.nvidia.nvml"},
    "plistlib": {"collectors.powermetrics.document", "collectors.macos.texts"},
}


def modules() -> dict[str, Path]:
    """Every module of the package, by its name in it."""
    files = {file.relative_to(PACKAGE).with_suffix(""): file for file in PACKAGE.rglob("*.py")}
    return {".".join(part for part in path.parts if part != "__init__"): file for path, file in files.items()}


def imports(file: Path) -> set[str]:
    """The full names of what a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: imports are written in full"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if _is_module(name) else str(node.module) for name in names}
    return found


def _is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def own(names: set[str]) -> set[str]:
    """Those of this package, by their name in it."""
    return {name.removeprefix("llama_metrics").removeprefix(".") for name in names if name.startswith("llama_metrics")}


def room(name: str) -> str:
    """The room that a module is in."""
    return next(one for one in (name, *(name.rsplit(".", cut)[0] for cut in range(1, 4))) if one in DEPTH)


def is_below(name: str, above: str) -> bool:
    """Whether a module is on a lower line: of the room that both are in, or of all."""
    if room(name) == room(above):
        return INNER[name] > INNER[above]
    return DEPTH[room(name)] > DEPTH[room(above)]


def test_every_module_has_its_layer() -> None:
    """A new module is put on a line above; simulate stands beside all of this."""
    names = {name for name in modules() if not name.startswith("simulate")}

    assert names == (set(DEPTH) - set(ROOMS)) | set(INNER)


def test_nothing_imports_upward_or_sideways() -> None:
    """Each import goes to a lower line, of its own room or of all; nobody but the command line knows the simulator."""
    wrong = []
    for name, file in modules().items():
        for imported in own(imports(file)):
            if name.startswith("simulate"):
                continue
            if imported.startswith("simulate"):
                wrong += [f"{name} imports {imported}"] if name != "cli" else []
            elif not is_below(imported, name):
                wrong.append(f"{name} imports {imported}")

    assert wrong == []


def test_some_libraries_have_one_door() -> None:
    """prometheus_client only encodes, requests only asks, in one client, cheroot only serves."""
    for library, owners in OWNERS.items():
        users = {name for name, file in modules().items() for one in imports(file) if one.split(".")[0] == library}

        assert users - {name for name in users if name.startswith("simulate")} <= owners, library


def test_importing_does_nothing() -> None:
    """Importing every module starts no thread, reads no environment of ours and opens no socket."""
    names = [f"llama_metrics.{name}".rstrip(".") for name in modules() if name != "__main__"]
    code = f"""
import importlib, threading, logging, socket
class Refused(Exception): pass
def refuse(*_, **__): raise Refused
socket.socket.connect = socket.socket.bind = refuse
for name in {names!r}: importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
assert not logging.getLogger().handlers
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
