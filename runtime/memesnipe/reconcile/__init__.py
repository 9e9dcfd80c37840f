"""The independent checker: rebuilds wallet and positions from the chain alone and compares them with the ledger, to the lamport.

It shares no code with the ledger's writer: its own RPC reader, its own arithmetic, plain SQL. Two implementations that agree on
every row are evidence; one that agrees with itself is not.
"""
