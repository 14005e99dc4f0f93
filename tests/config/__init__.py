"""Proof of config/, docker-compose.yml and the image: what can be judged without Docker."""
