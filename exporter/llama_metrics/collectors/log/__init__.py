"""What Ollama's own log tells: requests, tokens, times, loads, evictions, failures. It is followed in the background.

events.py says what a line can mean, lines.py and records.py find it, runners.py and tasks.py whose it is, tally.py
counts, facts.py keeps how things stand, directory.py knows the models' names, follower.py runs all of it.
"""
