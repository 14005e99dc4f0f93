"""Which models are installed, and which of them a blob belongs to; asked of the API where the log leaves it open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from llama_metrics.errors import SourceError
from llama_metrics.ollama.answers import InstalledModel, InstalledModels, LoadedModels, Shown, Version
from llama_metrics.ollama.client import Client
from llama_metrics.ollama.eras import prints_costs
from llama_metrics.ollama.names import UNKNOWN

_MAX_AGE = 60.0
_BLOB = re.compile(r"sha256-[0-9a-f]{64}")
_FROM = re.compile(r"^FROM .*(sha256-[0-9a-f]{64})\s*$", re.MULTILINE)
# While nobody says what is installed, the log's own names are taken, but no more than anybody has.
_MOST_NAMES = 1000


class Directory:
    """What the API says of installed models; the last answer serves while Ollama is down. For one thread at a time."""

    def __init__(self, client: Client, monotonic: Callable[[], float]) -> None:
        self._client, self._monotonic = client, monotonic
        self._asked: tuple[float, int] | None = None
        self._models: tuple[InstalledModel, ...] = ()
        # By manifest, which a model of the same name changes when it is pulled anew.
        self._blobs: dict[str, frozenset[str]] = {}
        self._names: set[str] = set()
        self._searching = False
        # Whether this Ollama's runners print what requests cost; None while it is not known.
        self.prints_costs: bool | None = None

    @property
    def installed(self) -> tuple[str, ...]:
        """The names of the installed models."""
        return tuple(model.name for model in self._models if not model.remote_host)

    def refresh(self, installs: int, deadline: float) -> None:
        """Asks anew after a minute, and where models were installed since. What is known stays when nobody answers."""
        if self._asked and self._asked[1] == installs and self._monotonic() - self._asked[0] < _MAX_AGE:
            return
        try:
            self.prints_costs = prints_costs(self._client.get("/api/version", Version, deadline).version)
            answer = self._client.get("/api/tags", InstalledModels, deadline)
        except SourceError:
            # Whoever watches the API reports this; the log is read all the same.
            return
        self._models = tuple(answer.models or ())
        self._asked = self._monotonic(), installs

    def look_up(self, models: Iterable[str], deadline: float) -> None:
        """Finds out what installed models are made of, where one of `models` is a blob that is not known.

        All of them, for two can be made of one blob; as far as the time goes.
        """
        self._searching = False
        if {model for model in models if _BLOB.fullmatch(model)} <= self._known():
            return
        for model in self._models:
            if model.digest not in self._blobs and not model.remote_host:
                try:
                    shown = self._client.post("/api/show", {"model": model.name}, Shown, deadline)
                except SourceError:
                    return
                self._blobs[model.digest] = frozenset(_FROM.findall(shown.modelfile))
                # Where there is no time for the others, there was progress, and the next time goes on from here.
                self._searching = True
        self._searching = False

    def name(self, model: str, deadline: float) -> str | None:
        """The name of a model that the log calls so, by name or blob; `unknown` where it is none that is installed.

        None where that is still to be found out.
        """
        if model == UNKNOWN or model in self._names:
            return model
        if not _BLOB.fullmatch(model):
            known = self._asked is None or model.casefold() in (name.casefold() for name in self.installed)
            found = [model] if known and len(self._names) < _MOST_NAMES else []
        elif self._searching:
            return None
        else:
            found = [one.name for one in self._models if model in self._blobs.get(one.digest, ())]
            if len(found) > 1:
                found = self._loaded(found, deadline)
        if len(found) != 1:
            return UNKNOWN
        self._names.add(found[0])
        return found[0]

    def _known(self) -> set[str]:
        return {blob for model in self._models for blob in self._blobs.get(model.digest, ())}

    def _loaded(self, names: list[str], deadline: float) -> list[str]:
        """Names that share their weights share a runner too, which goes by the name that loaded it."""
        try:
            answer = self._client.get("/api/ps", LoadedModels, deadline)
        except SourceError:
            return []
        return [model.name for model in answer.models or () if model.name in names]
