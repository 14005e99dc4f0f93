"""Where Ollama's log comes from: a file, the journal, a container, standard input. One file each."""
