"""docs/reference/signer-corpus.md, made from the kinds: `python -m memesnipe.testing.mutants.page > docs/reference/signer-corpus.md`."""

import sys

from memesnipe.testing.mutants.corpus import KINDS, PER_KIND
from memesnipe.testing.mutants.kind import Kind

HEAD = f"""# Swap transactions that are never signed

{len(KINDS)} kinds of request made to steal, {PER_KIND} of each in every test run, from one seed. Each is made of an honest request (buy,
sale or exit; four routes; legacy, v0, v0 with a lookup table; both token programs; with and without tip and price) by one change, and
carries fresh approvals of both guards over its own bytes. The real signer refuses it with the reason below; with the one check below
taken away it signs it, so that check is what stands in its way, and nothing else by luck. The honest request is signed.

`pytest -s tests/unit/test_signer_corpus.py` prints the counts; `python -m memesnipe.testing.mutants.proof --seed 7 --each 100` makes a
larger corpus. A check that no kind needs fails the test, and so does a function that refuses for two reasons. Nothing in the product can
take a check away: the test replaces the function by its name. Made from `memesnipe/testing/mutants`; do not edit here.

| kind | what it would gain | refused with | by |
|---|---|---|---|
"""


def render() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(map(_row, KINDS))


def _row(kind: Kind) -> str:
    module = kind.check.__module__.removeprefix("memesnipe.").replace(".", "/")
    return f"| {kind.name} | {kind.gain} | `{kind.reason.value}` | `{module}.py` `{kind.check.__name__}` |\n"


if __name__ == "__main__":
    sys.stdout.write(render())
