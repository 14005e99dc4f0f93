"""The machine we run on: what it is called, its programs and how they are run, what it lets us see."""
