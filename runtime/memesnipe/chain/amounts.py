"""Lamports as a person reads them: SOL. Money itself stays in lamports, and whole."""

from decimal import Decimal

from memesnipe.chain.programs import LAMPORTS_PER_SOL


def sol(lamports: int, *, signed: bool = False) -> str:
    """Return an amount in SOL, to a tenth of a thousandth; `signed`: with a plus where it is one."""
    return f"{Decimal(lamports) / LAMPORTS_PER_SOL:{'+' if signed else ''}.4f}"


def exact(lamports: int) -> str:
    """Return an amount in SOL with all nine decimals."""
    sign, lamports = ("-" if lamports < 0 else ""), abs(lamports)
    return f"{sign}{lamports // LAMPORTS_PER_SOL}.{lamports % LAMPORTS_PER_SOL:09d}"
