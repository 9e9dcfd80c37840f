"""Hold commits that touch a trade to one question: what edge does this create, or what loss does it prevent?

`edge_trailer.py` checks every commit since the baseline in `.ci/edge-baseline`; `--message FILE` checks one message (a
commit-msg hook). A commit touches a trade when it changes code under one of TRADE_PATHS.
"""

from pathlib import Path

ROOT = Path.cwd()
"""The checkout it is run in, as git does."""
STAGES = (
    *("executor", "risk", "guard", "signer", "positions", "allocator", "market"),
    *("chain", "approvals", "bus", "messages", "control", "consumers", "strategy"),
)
TRADE_PATHS = (*(f"runtime/memesnipe/{stage}/" for stage in STAGES), "strategies/memesnipe_strategies/")
