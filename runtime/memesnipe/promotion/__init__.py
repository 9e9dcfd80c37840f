"""Promotion and demotion: how a strategy gets from paper to its whole share of live capital, and what sends it back.

One pure state machine (`machine.step`) over frozen values, fed with what the gates, the ledger and the stages say, and told the time.
autonomous_allocator runs it, on a host and in a cluster alike; control and the operator act on its word. It is no stage: no I/O.
"""
