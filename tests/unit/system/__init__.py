"""The machine: looking at it, running its programs."""
