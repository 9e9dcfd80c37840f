"""Strategies with a planted edge on their way from paper to their whole share, on a virtual clock, and how often the tests are wrong."""
