"""Clients of hosts outside: one class per endpoint, each with time-outs, bounded retries of reads, a rate limit and metrics.

Three outcomes, never mixed: a typed answer, `Refused` (the host understood and said no), `Unavailable` (UNKNOWN: it may have
happened). `BadInput` is an answer that broke its contract.
"""
