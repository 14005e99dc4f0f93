"""The folder that Alertmanager reads: alertmanager.yml, its templates, and a file for each secret."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from llama_metrics.notify.part import SecretFile
from llama_metrics.schema import Problem, Problems

SECRETS = "secrets"
# In a folder with this file, what lies in the places below is ours to replace and to remove.
_MARK = ".llama-metrics"
_ONLY_OWNER = 0o600
_EVERYBODY = 0o644


def write(folder: Path, name: str, document: str, templates: Mapping[str, str], secrets: Sequence[SecretFile]) -> None:
    """Writes all of it, each file whole or not at all; the secrets before alertmanager.yml, which names them.

    Secrets and templates that are no more are removed. Raises Problems where the folder is somebody else's, or where it
    cannot be written.
    """
    kept = {*(secret.path for secret in secrets), *(folder / template for template in templates)}
    used = {folder / SECRETS, *(file.parent for file in kept)}
    try:
        _claim(folder, [folder / name, *sorted(used)])
        (folder / SECRETS).mkdir(mode=0o700, exist_ok=True)
        for secret in secrets:
            _replace(secret.path, secret.text, _ONLY_OWNER)
        for template, text in templates.items():
            (folder / template).parent.mkdir(exist_ok=True)
            _replace(folder / template, text, _EVERYBODY)
        _replace(folder / name, document, _EVERYBODY)
        for place in used:
            _remove_but(place, kept)
    except OSError as error:
        where = error.filename or str(folder)
        raise Problems([Problem(str(where), f"cannot be written: {(error.strerror or str(error)).lower()}")]) from None


def _claim(folder: Path, places: Sequence[Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / _MARK).exists():
        return
    for place in places:
        if place.exists():
            message = f"holds {place.name}, which this command did not write; name another folder"
            raise Problems([Problem(str(folder), message)])
    (folder / _MARK).touch()


def _replace(file: Path, text: str, mode: int) -> None:
    new = file.with_name(f".{file.name}.new")
    # Left over from a run that was killed, it may have another mode.
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as opened:
        opened.write(text)
    new.replace(file)


def _remove_but(folder: Path, kept: set[Path]) -> None:
    for file in sorted(set(folder.iterdir()) - kept):
        file.unlink()
