"""`python -m tests.bench`: what the exporter costs, as ratios to floors that are measured beside it in the same run."""
