"""The layers: who may import whom. Data flows one way, and importing a module does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import llama_metrics

PACKAGE = Path(llama_metrics.__file__).parent

# From the top down: a module imports only from lines below its own. Modules on one line do not know each other.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("app", "catalogue", "doctor.report"),
    ("doctor.api", "doctor.log"),
    ("doctor.check", "doctor"),
    ("config", "server", "web"),
    ("page", "schema"),
    ("scrape", "self_metrics"),
    ("collectors",),
    ("collectors.version", "collectors.ps", "collectors.tags", "collectors.log.collector"),
    ("collectors.log.render", "collectors.log.sources.find"),
    ("collectors.log.follower", "collectors.log.sources.docker", "collectors.log.sources.file"),
    ("collectors.log.tally", "collectors.log.sources.journald"),
    ("collectors.log.lines", "collectors.log.loads", "collectors.log.sources.stdin"),
    ("collectors.log.facts", "collectors.log.tasks"),
    ("collectors.log.records", "collectors.log.runners", "collectors.log.sources.held"),
    ("collectors.log.sources.docker_frames", "collectors.log.sources.docker_given", "collectors.log.sources.opened"),
    ("collectors.log.sources.splitter", "collectors.log.sources.journal_records", "collectors.log.sources.past"),
    ("collectors.log.events", "collectors.log.ledger", "collectors.log.metrics", "collectors.log.options"),
    ("collectors.log.sources.docker_api", "collectors.log.sources.newest", "collectors.log.units"),
    ("collectors.log.sources.trouble", "collectors.log.sources.source"),
    ("collectors.powermetrics.metrics", "collectors.powermetrics.options", "collectors.macos.metrics"),
    ("collectors.process.metrics", "collectors.host.metrics", "collectors.nvidia.metrics", "collectors.amd.metrics"),
    ("collectors.log", "collectors.log.sources", "collectors.powermetrics", "collectors.macos"),
    ("collectors.process", "collectors.host", "collectors.nvidia", "collectors.amd"),
    ("collector", "exposition", "flight", "log", "ollama.polled", "ollama.directory", "background"),
    ("ollama.client", "system.machine", "system.child", "system.backoff"),
    (
        "bounded",
        "ollama.answers",
        "ollama.eras",
        "ollama.host",
        "ollama.names",
        "ollama.plausible",
        "metrics",
        "duration",
    ),
    ("errors", "ollama", "ollama.eras", "ollama.names", "system", ""),
)
DEPTH = {name: depth for depth, names in enumerate(LAYERS) for name in names}
# What belongs to one module alone.
OWNERS = {"prometheus_client": {"exposition"}, "requests": {"ollama.client", "config"}, "cheroot": {"server"}}


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


def test_every_module_has_its_layer() -> None:
    """A new module is put on a line above; simulate stands beside all of this."""
    names = {name for name in modules() if not name.startswith("simulate")}

    assert names == set(DEPTH)


def test_nothing_imports_upward_or_sideways() -> None:
    """Each import goes to a lower line; nobody but the command line knows the simulator."""
    wrong = []
    for name, file in modules().items():
        for imported in own(imports(file)):
            if name.startswith("simulate"):
                continue
            if imported.startswith("simulate"):
                wrong += [f"{name} imports {imported}"] if name != "cli" else []
            elif DEPTH[imported] <= DEPTH[name]:
                wrong.append(f"{name} imports {imported}")

    assert wrong == []


def test_some_libraries_have_one_door() -> None:
    """prometheus_client only encodes, requests only asks Ollama, cheroot only serves."""
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
