"""Amounts as a person reads them."""

LAMPORTS_PER_SOL = 1_000_000_000


def sol(lamports: int) -> str:
    """Return an amount in SOL, to the lamport and without trailing zeros."""
    whole, rest = divmod(abs(lamports), LAMPORTS_PER_SOL)
    text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
    return f"{'-' if lamports < 0 else ''}{text} SOL"
