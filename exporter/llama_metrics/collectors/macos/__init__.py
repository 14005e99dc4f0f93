"""What macOS tells without root."""
