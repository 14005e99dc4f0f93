"""An Ollama that is not there: it answers like one, and a scenario says what happens to it and when."""
