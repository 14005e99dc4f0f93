"""The sources of the log: what they read, once each, whatever happens to where it comes from."""
