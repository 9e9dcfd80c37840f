"""Jito's auth key: what it signs, and all that it does not."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.message import Message, MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.approvals.dsse import pae
from memesnipe.approvals.leases import check
from memesnipe.chain import decode
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.signing import APPROVAL_TYPE, LEASE_TYPE, JitoChallenge, JitoProof
from memesnipe.signer import jito as jitos
from memesnipe.signer.jito import CHALLENGE, JitoAuth
from memesnipe.signer.memory import SecretKey
from memesnipe.signer.service import Door, rails_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet
from memesnipe.testing.swaps import NOW_NS, World

SEED = bytes(range(2, 34))
KEY = Keypair.from_seed(SEED)
challenges = st.from_regex(CHALLENGE, fullmatch=True)


class At:
    """A clock that stands where it is put."""

    def __init__(self, ns: int = NOW_NS) -> None:
        self.ns = ns

    def now_ns(self) -> int:
        return self.ns

    def observe(self, time_ns: int) -> None:
        return


def an_auth(clock: At | None = None) -> JitoAuth:
    return JitoAuth(SecretKey(SEED), clock or At())


def test_a_challenge_is_signed_as_jito_s_own_clients_do() -> None:
    proof = an_auth().answer("q7Fz3KpLx")

    assert proof.key == str(KEY.pubkey())
    assert proof.challenge == f"{KEY.pubkey()}-q7Fz3KpLx"
    assert proof.signature == str(KEY.sign_message(proof.challenge.encode()))


@given(challenges)
def test_what_it_signs_is_never_a_transaction_an_approval_or_a_lease(challenge: str) -> None:
    text = an_auth().answer(challenge).challenge.encode()

    for read in (Message.from_bytes, MessageV0.from_bytes, from_bytes_versioned, VersionedTransaction.from_bytes):
        with pytest.raises(Exception):  # noqa: B017, PT011 - solders raises several kinds, some of them only Exception
            read(text)
    with pytest.raises(Refused):
        decode.decode_message(text, ())
    assert not any(text.startswith(pae(kind, b"")[: len("DSSEv1 ")]) for kind in (APPROVAL_TYPE, LEASE_TYPE))


@given(st.binary(min_size=32, max_size=32), challenges)
def test_no_challenge_for_any_key_reads_as_a_transaction(key: bytes, challenge: str) -> None:
    for text in (f"{Pubkey.from_bytes(key)}-{challenge}", challenge):
        with pytest.raises(Refused):
            decode.decode_message(text.encode(), ())


OTHERS = [
    "", "short", "x" * 65, "with space", "with-dash", "q7Fz3KpLx\n", "\nq7Fz3KpLx", "q7Fz3KpLx\x00", "q7Fz3Kp\u00e9x",
    "\u0661\u0662\u0663\u0664\u0665\u0666",
    f"{KEY.pubkey()}-q7Fz3KpLx", "../../etc/passwd", "{}", "A" * 256,
]  # fmt: skip


@pytest.mark.parametrize("challenge", OTHERS)
def test_whatever_has_not_jito_s_shape_is_refused(challenge: str) -> None:
    with pytest.raises(Refused) as refused:
        an_auth().answer(challenge)

    assert refused.value.code is ReasonCode.JITO_CHALLENGE
    assert refused.value.detail


@given(st.text(max_size=300))
def test_only_letters_and_digits_are_ever_signed(challenge: str) -> None:
    try:
        proof = an_auth().answer(challenge)
    except Refused:
        return

    assert challenge.isascii()
    assert challenge.isalnum()
    assert proof.challenge == f"{KEY.pubkey()}-{challenge}"


def test_a_flood_of_challenges_is_refused_and_time_gives_the_allowance_back() -> None:
    clock = At()
    auth = an_auth(clock)
    for number in range(jitos.BURST):
        auth.answer(f"challenge{number}")

    with pytest.raises(Refused, match="more than 5 challenges"):
        auth.answer("onetoomany")
    clock.ns += jitos.EVERY_NS

    assert auth.answer("afterwards")
    with pytest.raises(Refused):
        auth.answer("andnomore")


def test_a_clock_set_back_closes_the_door_for_no_longer_than_a_flood_does() -> None:
    clock = At()
    auth = an_auth(clock)
    auth.answer("before")
    clock.ns -= 3_600 * 10**9
    with pytest.raises(Refused):
        auth.answer("setback")

    clock.ns += jitos.EVERY_NS

    assert auth.answer("afterwards")


@pytest.fixture
def world() -> World:
    return World.make()


@pytest.fixture
def signer(world: World, tmp_path: Path) -> Signer:
    wallet = Wallet(bytes(world.keypair))
    rails = rails_of(SignerSettings(paper_trading_mode=False), wallet, world.trusted)
    return Signer(wallet, Store.open(tmp_path / "signer.db"), rails, At())


def test_the_door_answers_a_challenge_with_a_proof(signer: Signer) -> None:
    answer = Door(signer, an_auth())("POST", "/jito-challenge", codec.encode(JitoChallenge("q7Fz3KpLx")))

    proof = codec.decode(JitoProof, answer.body)
    assert answer.status == 200
    assert Signature.from_string(proof.signature).verify(Pubkey.from_string(proof.key), proof.challenge.encode())


def test_without_a_key_of_jito_s_the_door_refuses_and_says_which_setting(signer: Signer) -> None:
    answer = Door(signer)("POST", "/jito-challenge", codec.encode(JitoChallenge("q7Fz3KpLx")))

    refusal = msgspec.msgpack.decode(answer.body)
    assert (answer.status, refusal["code"]) == (403, "jito_challenge")
    assert "MEMESNIPE_JITO_AUTH_FILE" in refusal["detail"]


@pytest.mark.parametrize("body", [b"", b"\xc1", b"q7Fz3KpLx", msgspec.msgpack.encode({"challenge": "q7Fz3KpLx"})])
def test_a_body_that_is_no_challenge_is_bad_input(body: bytes, signer: Signer) -> None:
    assert Door(signer, an_auth())("POST", "/jito-challenge", body).status == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_challenge_comes_by_post_alone(method: str, signer: Signer) -> None:
    assert Door(signer, an_auth())(method, "/jito-challenge", codec.encode(JitoChallenge("q7Fz3KpLx"))).status == 404


@pytest.mark.parametrize("challenge", ["q7Fz3KpLx", "A" * 64, "zzzzzz"])
def test_the_wallet_never_signs_a_challenge_however_well_approved(challenge: str, signer: Signer, world: World) -> None:
    text = f"{world.wallet}-{challenge}".encode()
    request = world.a_request(message=text)

    with pytest.raises(Refused) as refused:
        signer.sign(request)

    assert refused.value.code in (ReasonCode.TX_MALFORMED, ReasonCode.TX_VERSION)


@pytest.mark.parametrize("as_challenge", ["", "latin-1"])
def test_a_transaction_is_never_signed_as_a_challenge(as_challenge: str, signer: Signer, world: World) -> None:
    message = world.a_request().message
    body = codec.encode(JitoChallenge(message.decode("latin-1")[:256])) if as_challenge else codec.encode(world.a_request())

    answer = Door(signer, an_auth())("POST", "/jito-challenge", body)

    assert answer.status in (400, 403)


def test_a_proof_is_no_lease(world: World) -> None:
    proof = codec.encode(an_auth().answer("q7Fz3KpLx"))

    with pytest.raises(Refused):
        check(proof, world.trusted, NOW_NS)
