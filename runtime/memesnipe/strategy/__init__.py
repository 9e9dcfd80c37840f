"""The contract between a strategy and the runtime: all that a strategy may know."""
