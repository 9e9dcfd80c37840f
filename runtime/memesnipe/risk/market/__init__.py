"""What risk_guardian knows of the market itself, and the limits that need it: pools, prices, venues, tokens that move together.

`memory.py` is fed by every price and never by a clock, so a replay remembers what was remembered then. `checks.py` joins the table of
checks. What is not known counts against the order; a sell or an exit is never refused here.
"""
