"""Looks at everything once and says what is there, what is not, and the one line that would change it."""
