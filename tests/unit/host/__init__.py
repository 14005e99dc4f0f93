"""The machine, and the disk of the models."""
