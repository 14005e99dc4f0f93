"""macOS powermetrics: one streaming child, its samples, what they add up to."""
