"""The log of a scenario as text, without a clock."""

from __future__ import annotations

from datetime import datetime

from llama_metrics.simulate.scenario import Scenario
from llama_metrics.simulate.traffic import Traffic
from llama_metrics.simulate.wording import Wording


class Journal:
    """The log of one run, in order. `began` is the moment from which the scenario's seconds count."""

    def __init__(self, scenario: Scenario, began: datetime) -> None:
        self._traffic = Traffic(scenario)
        self._wording, self._began = Wording(scenario.version), began

    def until(self, seconds: float) -> str:
        """What is due by then and was not given before."""
        return "".join(self._wording.text(event, self._began) for event in self._traffic.until(seconds))
