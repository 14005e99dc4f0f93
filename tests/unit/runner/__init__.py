"""Runners: their slots and counters."""
