"""position_manager: folds fills into positions, keeps the ledger, and sells when a stop, a limit or a person says so.

It is the only writer of the ledger and the only maker of ExitIntents. `decide.py` says what it does; `loop.py` is its edge.
"""
