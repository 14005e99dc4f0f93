"""Prometheus, promtool, Alertmanager and amtool: from PATH, else Debian's packages unpacked below .cache/.

Nothing is installed on the system, no root is needed and no mirror is named: apt is asked with the machine's own
mirror and a private configuration. Upstream publishes archives on GitHub only, which not every machine may reach.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parent.parent / ".cache"
NEEDED = ("prometheus", "promtool", "alertmanager", "amtool")
# Older ones read left-closed ranges and refuse receivers that config/alertmanager.yml uses.
OLDEST = {"prometheus": (3, 5), "promtool": (3, 5), "alertmanager": (0, 31), "amtool": (0, 31)}
HOMEBREW = (Path("/opt/homebrew/bin"), Path("/usr/local/bin"), Path("/home/linuxbrew/.linuxbrew/bin"))


class NotFound(Exception):
    """No usable Prometheus or Alertmanager, and no way here to get one. The message says what to install."""


@dataclass(frozen=True)
class Binaries:
    """Where the four programs are.

    `alertmanager_arguments` are what this build needs to serve its own pages (Debian keeps them beside the binary).
    """

    prometheus: Path
    promtool: Path
    alertmanager: Path
    amtool: Path
    alertmanager_arguments: tuple[str, ...] = ()


def version(program: Path) -> tuple[int, ...]:
    """`prometheus, version 3.5.3+ds1 (...)` -> (3, 5, 3). Raises NotFound where the program says no version."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", said.stdout + said.stderr)
    if not found:
        raise NotFound(f"{program} --version printed no version: {(said.stdout + said.stderr)[:200]!r}")
    return tuple(int(part) for part in found.groups())


def locate(cache: Path = CACHE) -> Binaries:
    """The newest of the four programs to be had here. Raises NotFound with what to install."""
    folders = [Path(folder) for folder in os.get_exec_path()] + list(HOMEBREW)
    found = {name: path for name in NEEDED if (path := _recent_enough(name, folders))}
    if len(found) == len(NEEDED):
        return Binaries(found["prometheus"], found["promtool"], found["alertmanager"], found["amtool"])
    if shutil.which("apt-get") and shutil.which("dpkg"):
        return _debian(cache / "monitoring", suite="sid")
    missing = ", ".join(name for name in NEEDED if name not in found)
    raise NotFound(
        f"Not found on PATH in a recent version: {missing}. Put the programs of"
        " https://prometheus.io/download/ on PATH and try again."
    )


def locate_floor(cache: Path = CACHE) -> Path | None:
    """The oldest promtool that the rules must load on, where Debian 12's packages can be had; else None."""
    root = cache / "monitoring-floor"
    if not (root / "usr/bin/promtool").exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg")):
            return None
        _unpack(root, suite="bookworm", packages=("prometheus",))
    return root / "usr/bin/promtool"


def locate_mtail(cache: Path = CACHE) -> Path | None:
    """mtail, the yardstick of `make bench` for reading logs, where Debian's package can be had; else None."""
    root = cache / "mtail"
    if not (root / "usr/bin/mtail").exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg")):
            return None
        _unpack(root, suite="bookworm", packages=("mtail",))
    return root / "usr/bin/mtail"


def _recent_enough(name: str, folders: list[Path]) -> Path | None:
    for folder in folders:
        path = folder / name
        if os.access(path, os.X_OK) and path.is_file() and version(path) >= OLDEST[name]:
            return path
    return None


def _debian(root: Path, suite: str) -> Binaries:
    if not (root / "usr/bin/prometheus").exists():
        _unpack(root, suite, ("prometheus", "promtool", "prometheus-alertmanager"))
    programs, pages = root / "usr/bin", root / "usr/share/prometheus/alertmanager/ui"
    return Binaries(
        prometheus=programs / "prometheus",
        promtool=programs / "promtool",
        alertmanager=_movable_alertmanager(programs),
        amtool=programs / "amtool",
        alertmanager_arguments=(f"--web.ui-path={pages}/",),
    )


def _movable_alertmanager(programs: Path) -> Path:
    """Debian's Alertmanager, able to start from where it was unpacked; Debian calls it prometheus-alertmanager.

    It opens its templates in a folder below /usr/share that is compiled in. So a copy opens descriptor 9 instead, a
    name made as long, and a script starts that copy with the unpacked folder as its descriptor 9.
    """
    script = programs / "alertmanager"
    if not script.exists():
        place = b"/usr/share/prometheus/alertmanager"
        # With a slash behind it, it is the folder of the pages, for which there is a flag.
        program = re.sub(
            place + rb"(?!/)",
            b"/proc/self/fd/9".ljust(len(place), b"/"),
            (programs / "prometheus-alertmanager").read_bytes(),
        )
        copy, partial = programs / "alertmanager-movable", programs / "alertmanager.partial"
        copy.write_bytes(program)
        partial.write_text(
            f'#!/bin/sh\nexec 9<"${{0%/*}}/../share/prometheus/alertmanager"\nexec "${{0%/*}}/{copy.name}" "$@"\n'
        )
        for file in (copy, partial):
            file.chmod(0o755)
        partial.rename(script)
    return script


def _unpack(root: Path, suite: str, packages: tuple[str, ...]) -> None:
    """Downloads the packages of one suite from the machine's own mirror and unpacks them below `root`."""
    work = root.with_name(root.name + ".partial")
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "archives/partial", "root"):
        (work / folder).mkdir(parents=True)
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {_mirror()} {suite} main\n"
    (work / "sources.list").write_text(source)
    options = [
        f"-oDir::Etc::SourceList={work}/sources.list",
        "-oDir::Etc::SourceParts=/dev/null",
        f"-oDir::State::Lists={work}/lists",
        f"-oDir::Cache={work}",
        "-oAPT::Sandbox::User=",
    ]
    print(f"Fetching {', '.join(packages)} of Debian {suite} into {root} (once)")
    _run(["apt-get", *options, "update", "-qq"], work)
    _run(["apt-get", *options, "download", "-qq", *packages], work)
    for package in work.glob("*.deb"):
        _run(["dpkg", "-x", str(package), "root"], work)
    shutil.rmtree(root, ignore_errors=True)
    # Renamed last, so that a download that was broken off is never taken for a whole one.
    (work / "root").rename(root)
    shutil.rmtree(work)


def _mirror() -> str:
    """The first Debian archive in the machine's own apt sources, of either format."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file():
            continue
        for line in file.read_text(errors="replace").splitlines():
            found = re.search(r"https?://\S+/debian/?(?=\s|$)", line.partition("#")[0])
            if found:
                return found.group()
    raise NotFound(
        "No Debian archive in /etc/apt/sources.list or sources.list.d: put promtool, prometheus,"
        " alertmanager and amtool on PATH instead."
    )


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotFound(f"{' '.join(command[:1] + command[-3:])} failed: {(done.stderr or done.stdout).strip()[-500:]}")
