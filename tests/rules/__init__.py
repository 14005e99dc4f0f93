"""Proof of the alert rules: conventions, contract with the exporter, promtool cases, mutations, runbook."""
