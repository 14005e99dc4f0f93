"""Which file a path or a glob names now."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable
from pathlib import Path

from llama_metrics.errors import Unreachable

# Looking through a folder costs more than looking at a file.
_SECONDS = 1.0
# A log that was just packed is the newest, and is no log to read.
_PACKED = {".gz", ".bz2", ".xz", ".zst", ".zip"}


class Newest:
    """A path, which names itself, or a glob, which names its newest match; looked for about once a second."""

    def __init__(self, pattern: str, monotonic: Callable[[], float]) -> None:
        self._pattern, self._monotonic = pattern, monotonic
        # A file may be called like a glob.
        self.is_glob = glob.escape(pattern) != pattern and not os.path.lexists(pattern)
        self._path: Path | None = None if self.is_glob else Path(pattern)
        self._looked = monotonic() - _SECONDS

    def path(self) -> Path:
        """The path. Raises Unreachable where nothing matches the glob, or OSError where its folder cannot be read."""
        now = self._monotonic()
        if self.is_glob and now - self._looked >= _SECONDS:
            self._looked = now
            self._path = next(iter(self.matches()), None)
        if self._path is None:
            self._expect_folder()
            raise Unreachable(f"{self._pattern}: no file matches yet; the newest that does is read as soon as there is")
        return self._path

    def matches(self) -> list[Path]:
        """The regular files that match, the one that was written last first; of a plain path, none."""
        # Path.glob takes no absolute pattern.
        found = map(Path, glob.glob(self._pattern) if self.is_glob else [])  # noqa: PTH207
        return [path for _, path in sorted(filter(None, map(_dated, found)), reverse=True)]

    def _expect_folder(self) -> None:
        """To `glob`, a folder that may not be read is an empty one."""
        folder = Path(self._pattern)
        while glob.escape(str(folder)) != str(folder):
            folder = folder.parent
        os.scandir(folder).close()


def _dated(path: Path) -> tuple[int, Path] | None:
    """When the file was last written; None for what is no log, or is gone already."""
    try:
        status = path.stat()
    except OSError:
        return None
    is_log = stat.S_ISREG(status.st_mode) and path.suffix not in _PACKED
    return (status.st_mtime_ns, path) if is_log else None
