"""The simulated Ollama: scenarios, states, answers, and a server that dies and comes back."""
