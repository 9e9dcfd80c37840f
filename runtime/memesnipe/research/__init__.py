"""Research: backtests, searches and the evidence that decides what may go live. Nothing here trades.

Measuring and searching needs the extra `research`. Opening and judging an evidence record does not: that is `memesnipe.evidence`,
which the operator and the supervisor use.
"""
