"""Amounts as a person reads them."""

from memesnipe.chain.programs import LAMPORTS_PER_SOL


def sol(lamports: int) -> str:
    """Return an amount in SOL, to the lamport and without trailing zeros."""
    whole, rest = divmod(abs(lamports), LAMPORTS_PER_SOL)
    text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
    return f"{'-' if lamports < 0 else ''}{text} SOL"
