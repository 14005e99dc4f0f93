"""The end to end run whose notifications are timed."""
