"""The backtester: the stages' own decisions on a recorded market, in one process."""
