"""Which alerts of a rules folder can work on an installation, and what the others lack."""
