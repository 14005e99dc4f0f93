"""Writes Alertmanager's configuration: the shipped one, and a channel for each secret file that is there.

A part (`config/alertmanager/slack.yml`) is what a channel looks like, with `<url>` where a value of its secret file
goes. The secret itself never gets into alertmanager.yml: under a name that ends with `_file` stands the path of a file
that holds it and that only its owner can read.
"""
