"""The proof, run on the real signer with a real store and a real key: `python -m memesnipe.testing.mutants.proof [--seed 1] [--each 10]`.

For each mutant: refused with its kind's reason; signed with its kind's check taken away; and the honest transaction it was made of is
signed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from solders.signature import Signature

from memesnipe.kernel.errors import MemeSnipeError, Refused
from memesnipe.kernel.logs import configure
from memesnipe.messages.signing import SwapTransaction
from memesnipe.signer.service import rails_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet
from memesnipe.testing.builders import GENESIS
from memesnipe.testing.mutants.corpus import KINDS, PER_KIND, Mutant, mutants, taken_away
from memesnipe.testing.mutants.honest import CAPS, world_of
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.swaps import NOW_NS, World

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
"""Where an fsync costs nothing: thousands of signatures are made here, and none is kept."""


class Row(msgspec.Struct):
    """What came of one kind. `wrong` holds a sentence for each mutant that did not behave."""

    kind: Kind
    made: int = 0
    refused: int = 0
    signed_without_check: int = 0
    originals_signed: int = 0
    wrong: list[str] = msgspec.field(default_factory=list)


class _Now:
    def now_ns(self) -> int:
        return NOW_NS

    def observe(self, time_ns: int) -> None:
        return


class Bench:
    """One signer with its store: a new one for each kind, since a store remembers what a check that was taken away let in."""

    def __init__(self, world: World, store: Store) -> None:
        self._wallet = Wallet(bytes(world.keypair))
        settings = msgspec.structs.replace(SignerSettings(paper_trading_mode=False, genesis=GENESIS), **CAPS)
        self._signer = Signer(self._wallet, store, rails_of(settings, self._wallet, world.trusted), _Now())

    def answer(self, *requests: SwapTransaction) -> str:
        """Return "signed" or the reason, for the last of the requests; the ones before it must be signed."""
        *before, last = requests
        for request in before:
            self._signer.sign(request)
        try:
            signed = self._signer.sign(last)
        except Refused as refused:
            return refused.code.value
        except MemeSnipeError as error:
            return str(error)
        return "signed" if Signature.from_string(signed.signature).verify(self._wallet.pubkey, last.message) else "another signature"


def prove(kind: Kind, world: World, made: Iterable[Mutant]) -> Row:
    """Return what came of the mutants of one kind, at a signer of their own."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = Store.open(Path(folder) / "signer.db")
        try:
            return _proven(kind, made, Bench(world, store))
        finally:
            store.close()


def _proven(kind: Kind, made: Iterable[Mutant], bench: Bench) -> Row:
    row = Row(kind)
    waiting = [mutant for mutant in made if _is_refused(mutant, bench, row)]
    with taken_away(kind.check):
        for mutant in waiting:
            answer = bench.answer(*mutant.before, mutant.request)
            row.signed_without_check += answer == "signed"
            if answer != "signed":
                row.wrong.append(f"{kind.name} ({mutant.shape}): without its check it is {answer}")
    return row


def _is_refused(mutant: Mutant, bench: Bench, row: Row) -> bool:
    row.made += 1
    original, answer = bench.answer(mutant.original), bench.answer(*mutant.before, mutant.request)
    row.originals_signed += original == "signed"
    row.refused += answer == mutant.kind.reason.value
    if original != "signed":
        row.wrong.append(f"{mutant.kind.name} ({mutant.shape}): its original is {original}")
    if answer != mutant.kind.reason.value:
        row.wrong.append(f"{mutant.kind.name} ({mutant.shape}): it is {answer}, not {mutant.kind.reason.value}")
    return answer == mutant.kind.reason.value


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a table for people."""
    yield f"{'kind':<42} {'reason':<18} {'check':<40} {'made':>5} {'refused':>8} {'signed without':>15} {'originals signed':>17}"
    for row in rows:
        check = row.kind.check.__name__
        counts = f"{row.made:>5} {row.refused:>8} {row.signed_without_check:>15} {row.originals_signed:>17}"
        yield f"{row.kind.name:<42} {row.kind.reason.value:<18} {check:<40} {counts}"


def main() -> int:
    """Run and print; 1 when a mutant did not behave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=PER_KIND)
    options = parser.parse_args()
    configure("corpus", level="CRITICAL")
    started, world = time.monotonic(), world_of(options.seed)
    rows = [prove(kind, world, mutants(kind, world, options.seed, options.each)) for kind in KINDS]
    wrong = [each for row in rows for each in row.wrong]
    made, refused = sum(row.made for row in rows), sum(row.refused for row in rows)
    for line in (*table(rows), *wrong):
        print(line)
    print(f"{len(rows)} kinds, {made} mutants, {made - refused} not refused as they should be, {time.monotonic() - started:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
