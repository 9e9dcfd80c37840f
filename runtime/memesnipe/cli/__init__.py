"""The `memesnipe` command: services for machines, verbs for people."""
