"""The trade ledger: what the wallet did, to the lamport. One writer (position_manager), any number of readers."""
