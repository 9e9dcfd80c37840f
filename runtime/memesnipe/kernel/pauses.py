"""How long to leave alone what did not answer: twice as long after each failure, up to a longest pause."""

DOUBLINGS_MAX = 32
"""Beyond, only the float would grow: the longest pause is reached long before."""


def pause_s(failures: int, first_s: float, longest_s: float) -> float:
    """Return the pause after so many failures in a row (s); the first one, and none at all, give the first pause."""
    return min(longest_s, first_s * 2.0 ** min(max(0, failures - 1), DOUBLINGS_MAX))
