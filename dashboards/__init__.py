"""Grafana dashboards as code: `python -m dashboards` rewrites the files in dashboards/grafana.

A dashboard is one module with a `BOARD`, made of the panels in `panels`, whose queries come from `queries`; it is
listed in `__main__`. The files are generated so that filters, legends, thresholds and layout are right by construction.
"""

import warnings

# The SDK warns at its import that it has a newer model than the classic one, which is shipped because it imports and
# provisions everywhere. Only the first import of each of its modules warns, so these are made here.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import dashboard, prometheus, stat, statetimeline, table, timeseries  # noqa: F401
