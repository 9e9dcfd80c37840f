"""What a kind of mutant is: one change, what it would gain, and the one check that stands in its way."""

from collections.abc import Callable
from typing import Any

import msgspec

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing.mutants.honest import Honest

Change = Callable[[Honest], SwapTransaction]
Fits = Callable[[Honest], bool]
Check = Callable[..., Any]


def always(honest: Honest) -> bool:
    """Every honest transaction can be changed so."""
    return True


def none_before(honest: Honest) -> tuple[SwapTransaction, ...]:
    """Nothing has to be signed before."""
    return ()


class Kind(msgspec.Struct, frozen=True):
    """One row of the corpus."""

    name: str
    gain: str
    """What whoever made it would gain, or we would lose."""
    reason: ReasonCode
    check: Check
    """The named check that must refuse it; with this one taken away it is signed."""
    change: Change
    fits: Fits = always
    """Which honest transactions it can be made of."""
    before: Callable[[Honest], tuple[SwapTransaction, ...]] = none_before
    """What the signer must have signed before."""
