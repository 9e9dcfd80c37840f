"""A package, so that its tests share one stack that is gone before the next package's tests ask for an engine."""
