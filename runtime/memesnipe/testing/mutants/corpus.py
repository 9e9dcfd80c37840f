"""The corpus: every kind, made many times from honest transactions of all forms by one seed, and the proof of each mutant.

A mutant is refused with its kind's reason, and signed once the kind's check is taken away: so that check, and nothing else by luck,
stands in its way.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

import msgspec

from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing.mutants import approved, calls, lookups, messages, money, openings, swapping, tokens
from memesnipe.testing.mutants.honest import Honest, drawn
from memesnipe.testing.mutants.kind import Check, Kind
from memesnipe.testing.swaps import World

KINDS: tuple[Kind, ...] = (
    *messages.KINDS, *calls.KINDS, *money.KINDS, *openings.KINDS, *swapping.KINDS, *lookups.KINDS, *tokens.KINDS, *approved.KINDS,
)  # fmt: skip
PER_KIND = 10


class Mutant(msgspec.Struct, frozen=True):
    """One request that must not be signed, what is signed before it, and the honest request that it was made of."""

    kind: Kind
    shape: str
    request: SwapTransaction
    before: tuple[SwapTransaction, ...]
    original: SwapTransaction


def mutants(kind: Kind, world: World, seed: int, count: int = PER_KIND) -> Iterator[Mutant]:
    """Yield the mutants of one kind that a seed makes."""
    for number in range(count):
        rng = Random(f"{seed} {kind.name} {number}")  # noqa: S311 - a corpus must come out the same each time
        yield mutant(kind, world, rng, f"{seed}-{KINDS.index(kind)}-{number}")


def mutant(kind: Kind, world: World, rng: Random, name: str) -> Mutant:
    """Return one mutant; the honest transaction is drawn until the kind fits it."""
    honest = Honest(world, drawn(rng), rng, name)
    while not kind.fits(honest):
        honest = Honest(world, drawn(rng), rng, name)
    whole = Honest(world, honest.shape, rng, f"{name}-whole")
    original, before = whole.request(), kind.before(honest)
    return Mutant(kind, str(honest.shape), kind.change(honest), before, original)


@contextmanager
def taken_away(check: Check) -> Iterator[None]:
    """Take one check away, in this process and for as long as the block runs: each name it is called by does nothing.

    Only a test can do it. The product has no argument, setting or variable for it.
    """
    with ExitStack() as stack:
        for module in [module for name, module in sorted(sys.modules.items()) if name.startswith("memesnipe.") and ".testing" not in name]:
            for name, value in list(vars(module).items()):
                if value is check:
                    stack.enter_context(patch.object(module, name, _nothing))
                elif isinstance(value, tuple) and any(each is check for each in value):
                    stack.enter_context(patch.object(module, name, tuple(each for each in value if each is not check)))
        yield


def _nothing(*_: Any) -> None:
    return None
