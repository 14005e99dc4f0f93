"""docker-compose.yml for real: needs a Docker engine, takes about four minutes, run by `make e2e` only."""
