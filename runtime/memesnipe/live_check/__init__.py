"""What a person asks before the first live order: is anything missing or wrong, and what is the fix? It moves no money and writes nothing.

`gather` looks (all the I/O, in parallel, each look with its own time-out), `facts` is what was seen, `judge` turns facts into findings
(pure, so each judgement is a table in a test). What cannot be seen from here is a finding of its own, never a silent pass.
"""
