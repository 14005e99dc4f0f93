"""`make demo`: what it shortens, what it prints and counts, and the demo itself."""
