"""Pages of docs/reference made from the code: `python -m memesnipe.testing.reference` writes them, a test holds them against it."""
