"""risk_guardian: the first of two guards. It holds the portfolio's book, and lets an order through only if every limit holds.

Read `decide.py` to know what it does and `checks.py` for the limits. What is approved is reserved until the order's outcome
comes back, so two orders in flight can never share the same room.
"""
