"""Research: backtests, searches and the evidence that decides what may go live. Nothing here trades.

Judging and checking an evidence record (`gate`, `record`) needs no numpy, so the operator and the supervisor can do it;
measuring and searching needs the extra `research`.
"""
