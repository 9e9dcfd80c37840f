"""Every refusal of the signer says in a sentence what is wrong: a code alone helps nobody at night."""

from pathlib import Path
from random import Random

import pytest

from memesnipe.approvals.approve import approve_risk, check_risk
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode
from memesnipe.signer.case import Replayed
from memesnipe.signer.store import Signed, Store
from memesnipe.testing.builders import GENESIS, POLICY_HASH, an_intent
from memesnipe.testing.mutants.corpus import KINDS, mutant
from memesnipe.testing.mutants.honest import world_of
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.mutants.proof import Bench
from memesnipe.testing.swaps import NOW_NS

WORLD = world_of(5)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_refused_is_told_in_a_sentence(kind: Kind, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "signer.db")
    signer, poisoned = Bench(WORLD, store)._signer, mutant(kind, WORLD, Random(11), "said")
    for request in poisoned.before:
        signer.sign(request)

    with pytest.raises(Refused) as refused:
        signer.sign(poisoned.request)

    assert " " in refused.value.detail, refused.value
    assert "None" not in refused.value.detail
    store.close()


def test_a_replay_names_the_attempt_that_was_signed_with_other_bytes() -> None:
    replayed = Replayed("intent", Signed(2, bytes(32), bytes(64), 1_000))

    assert replayed.detail == "attempt 2 was signed with other bytes"
    assert (replayed.earlier.intent_id, replayed.earlier.attempt, replayed.earlier.last_valid_block_height) == ("intent", 2, 1_000)


def test_an_approval_s_nonce_is_of_its_role_order_and_time() -> None:
    intent = an_intent(id="nonce")
    sealed = approve_risk(
        intent, mode=Mode.LIVE, genesis=GENESIS, policy_hash=POLICY_HASH, halt_epoch=0, now_ns=NOW_NS, ttl_ns=NS_PER_S, key=WORLD.risk
    )

    assert check_risk(sealed, intent, WORLD.trusted, NOW_NS).nonce == derive("risk", "nonce", NOW_NS)
