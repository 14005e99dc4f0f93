"""The dashboards, as they are checked in."""
