"""A result for people: numbers, plots, one page."""
