"""A live order's stamps are of its last attempt, and say nothing that this process did not see."""

import msgspec

from memesnipe.guard.attempts import Attempt, Status
from memesnipe.guard.stamps import Stamps
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import way_of
from memesnipe.messages.signing import EarlierSignature, SignedTransaction
from memesnipe.testing.builders import START_NS, an_approved, an_intent
from memesnipe.testing.swaps import World

WORLD = World.make()
INTENT = an_intent()
ORDER = an_approved(INTENT, mode=Mode.LIVE)
SIGNED = SignedTransaction(INTENT.id, 1, "5" * 88, b"bytes", 150)
TAKEN_NS, BUILT_NS, SIGNED_NS, SENT_NS = (START_NS + step for step in (1, 2, 3, 4))


def built(number: int = 1, created_ns: int = BUILT_NS) -> Attempt:
    return Attempt(WORLD.a_request(INTENT, attempt=number), Status.BUILT, 1, created_ns)


def sent() -> Stamps:
    stamps = Stamps(INTENT, ORDER, TAKEN_NS)
    stamps.signed(SIGNED, SIGNED_NS)
    stamps.sent(SENT_NS)
    return stamps


def test_an_order_that_was_built_signed_and_sent_says_when() -> None:
    assert sent().way(built()) == way_of(INTENT, ORDER, taken_ns=TAKEN_NS, quoted_ns=BUILT_NS, signed_ns=SIGNED_NS, sent_ns=SENT_NS)


def test_bytes_that_are_sent_again_keep_their_first_broadcast() -> None:
    stamps = sent()

    stamps.sent(SENT_NS + 9)

    assert stamps.way(built()).sent_ns == SENT_NS


def test_the_next_attempt_has_nothing_of_the_one_before() -> None:
    stamps = sent()

    stamps.begin()

    assert stamps.way(built(2, START_NS + 7)) == way_of(INTENT, ORDER, taken_ns=TAKEN_NS, quoted_ns=START_NS + 7)


def test_what_was_signed_before_a_restart_has_no_first_broadcast_that_anybody_knows() -> None:
    stamps = Stamps(INTENT, ORDER)

    stamps.sent(SENT_NS)

    assert stamps.way(msgspec.structs.replace(built(), signed=SIGNED)) == way_of(INTENT, ORDER, quoted_ns=BUILT_NS)


def test_an_adopted_signature_is_over_bytes_that_nobody_here_built_signed_or_sent() -> None:
    stamps, adopted = Stamps(INTENT, ORDER, TAKEN_NS), EarlierSignature(INTENT.id, 1, "5" * 88, 150)

    stamps.signed(adopted, SIGNED_NS)
    stamps.sent(SENT_NS)

    assert stamps.way(msgspec.structs.replace(built(), signed=adopted)) == way_of(INTENT, ORDER, taken_ns=TAKEN_NS)


def test_an_order_that_never_came_to_an_attempt_was_taken_and_no_more() -> None:
    assert Stamps(INTENT, ORDER, TAKEN_NS).way(None) == way_of(INTENT, ORDER, taken_ns=TAKEN_NS)


def test_an_order_whose_approval_no_stream_gives_any_more_is_still_a_live_one() -> None:
    assert Stamps(INTENT).way(built()).mode is Mode.LIVE
