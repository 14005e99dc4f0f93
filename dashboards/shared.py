"""What several dashboards show alike: colours, states, hosts, and whether the rules are there."""

from __future__ import annotations

from dashboards.panels import States, Steps
from dashboards.queries import record, series
from dashboards.tables import Label

# The first colour is that of the text for no data: not known is neither good nor bad.
PLAIN: Steps = ((None, "text"),)
PLAIN_OR_RED: Steps = ((None, "text"), (1, "red"))
RED_IF_ANY: Steps = ((None, "text"), (0, "green"), (1, "red"))
ORANGE_IF_ANY: Steps = ((None, "text"), (0, "green"), (1, "orange"))
# Save where nothing at all is watched.
RED_IF_NONE: Steps = ((None, "red"), (1, "green"))
# To be seen on light and dark, and not to catch the eye.
GREY = "#6c757d"

UP_OR_DOWN: States = {0: ("down", "red"), 1: ("up", "green")}
SEVERITIES: States = {"critical": ("critical", "red"), "warning": ("warning", "orange"), "info": ("info", "blue")}

# What each dashboard shows of the clicked host alone, at the same time.
_OF_THIS = "?var-instance=${__value.raw}&${datasource:queryparam}&${site:queryparam}&${__url_time_range}"
INSTANCE = Label(
    "instance",
    "Instance",
    links={
        "Overview of this server": f"/d/ollama-overview{_OF_THIS}",
        "Requests and tokens of this server": f"/d/ollama-requests{_OF_THIS}",
        "Machine and power of this server": f"/d/ollama-machine{_OF_THIS}",
        "Inference health of this server": f"/d/ollama-health{_OF_THIS}",
        "Service levels and budgets of this server": f"/d/ollama-service-levels{_OF_THIS}",
    },
)

# Recorded every 5 minutes of each target that is or was an exporter of ours.
_SEEN = f"last_over_time({record('instance:llama_metrics_build_info:group')}[1d])"
# 0 where our rules are evaluated, else nothing: no alert for want of rules is not the same as all well.
NO_ALERT = f"0 * count({_SEEN})"
# Targets that are or were exporters of ours, whether they answer now or not. The first arm serves until the record is
# written, and where there are no rules.
EXPORTERS = (
    f"({series('up')} and"
    f" (group without (version, python, os) (last_over_time({series('llama_metrics_build_info')}[10m])) or {_SEEN}))"
)
