"""Which alerts can work on an installation."""
