"""The way of one order from the event that caused it to its end, for whoever shows it: the command line and the page.

`reading.found` asks streams and ledger, `hops.timeline_of` puts together what they still say.
"""
