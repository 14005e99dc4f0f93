"""What developers run: finding Prometheus and Alertmanager, starting them, the demo. Not installed with the package."""
