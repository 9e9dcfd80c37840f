"""DSSE envelopes and keys: interoperable, unforgeable, one spelling, and no secret ever shown."""

import base64
import copy
import hashlib
import json
import pickle
from pathlib import Path

import pytest
from nacl.bindings import crypto_sign_seed_keypair
from securesystemslib.dsse import Envelope
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import SSlibKey

from memesnipe.approvals import dsse
from memesnipe.approvals.keys import SigningKey, TrustedKeys, VerifyKey
from memesnipe.kernel.errors import ConfigError, Refused
from memesnipe.kernel.reasons import ReasonCode

TYPE = "application/vnd.memesnipe.test"
PAYLOAD = b"\x00buy \xff\n"
SEED = bytes(range(32))
KEY = SigningKey(SEED)
ORDER_OF_THE_GROUP = 2**252 + 27742317777372353535851937790883648493


def spelled(payload: bytes, *, kind: str = TYPE, keyid: str = KEY.key_id, sig: bytes = bytes(64)) -> bytes:
    b64 = base64.b64encode
    signatures = [{"keyid": keyid, "sig": b64(sig).decode()}]
    return json.dumps({"payload": b64(payload).decode(), "payloadType": kind, "signatures": signatures}, separators=(",", ":")).encode()


def refusal_of(envelope: bytes, key: VerifyKey = KEY.verify_key) -> ReasonCode | None:
    try:
        dsse.unseal(envelope, TYPE, (key,))
    except Refused as refused:
        return refused.code
    return None


def test_pae_is_the_standards_own_example() -> None:
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_securesystemslib_verifies_what_we_seal() -> None:
    sealed = Envelope.from_dict(json.loads(dsse.seal(TYPE, PAYLOAD, KEY)))
    theirs = SSlibKey(KEY.key_id, "ed25519", "ed25519", {"public": KEY.public_hex})

    assert sealed.verify([theirs], 1) == {KEY.key_id: theirs}
    assert (sealed.payload, sealed.payload_type) == (PAYLOAD, TYPE)


def test_we_verify_what_securesystemslib_signs() -> None:
    signer = CryptoSigner.generate_ed25519()
    envelope = Envelope(PAYLOAD, TYPE, {})
    signature = envelope.sign(signer)
    ours = VerifyKey(bytes.fromhex(signer.public_key.keyval["public"]))

    wire = spelled(PAYLOAD, keyid=ours.key_id, sig=bytes.fromhex(signature.signature))

    assert dsse.unseal(wire, TYPE, (ours,)) == PAYLOAD


def test_what_was_sealed_is_unsealed() -> None:
    assert dsse.unseal(dsse.seal(TYPE, PAYLOAD, KEY), TYPE, (KEY.verify_key,)) == PAYLOAD


def test_another_payload_type_is_refused() -> None:
    with pytest.raises(Refused, match="payload type"):
        dsse.unseal(dsse.seal("application/other", PAYLOAD, KEY), TYPE, (KEY.verify_key,))


def test_another_key_is_refused() -> None:
    assert refusal_of(dsse.seal(TYPE, PAYLOAD, SigningKey(bytes(32)))) is ReasonCode.APPROVAL_INVALID


@pytest.mark.parametrize("place", range(0, 260, 7))
def test_any_changed_byte_is_refused(place: int) -> None:
    sealed = bytearray(dsse.seal(TYPE, PAYLOAD, KEY))
    sealed[place % len(sealed)] ^= 1

    assert refusal_of(bytes(sealed)) is ReasonCode.APPROVAL_INVALID


SEALED = dsse.seal(TYPE, PAYLOAD, KEY).decode()
SPELLINGS = {
    "space": SEALED.replace(":", ": "),
    "trailing newline": SEALED + "\n",
    "duplicate key": SEALED.replace('{"payload"', '{"payload":"AAAA","payload"'),
    "duplicate key behind": SEALED[:-1] + ',"payloadType":"x"}',
    "unknown field": SEALED[:-1] + ',"note":1}',
    "second signature": SEALED.replace('"}]', '"},{"keyid":"x","sig":"AAAA"}]'),
    "no signature": spelled(PAYLOAD).decode().split("[")[0] + "[]}",
    "escaped letter": SEALED.replace("payloadType", "payload\\u0054ype"),
    "order of the fields": json.dumps(dict(reversed(json.loads(SEALED).items())), separators=(",", ":")),
    "url-safe base64": SEALED.replace("+", "-").replace("/", "_"),
    "too long": SEALED[:-1] + " " * 4_096 + "}",
    "deep": "[" * 4_000,
    "array": "[]",
    "empty": "",
    "not text": "\x00",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_an_envelope_has_one_spelling(name: str) -> None:
    assert refusal_of(SPELLINGS[name].encode()) is ReasonCode.APPROVAL_INVALID


def test_spare_bits_of_base64_are_refused() -> None:
    honest = dsse.seal(TYPE, b"a", KEY).decode()

    assert '"payload":"YQ=="' in honest
    assert refusal_of(honest.replace("YQ==", "YR==").encode()) is ReasonCode.APPROVAL_INVALID


def test_an_all_zero_signature_is_refused() -> None:
    assert refusal_of(spelled(PAYLOAD)) is ReasonCode.APPROVAL_INVALID


@pytest.mark.parametrize("identity", [b"\x01" + bytes(31), bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_small_order_key_verifies_nothing(identity: bytes) -> None:
    """With the identity point as key, R = identity and S = 0 satisfies the plain equation for every message."""
    key = VerifyKey(identity)

    assert not key.verifies(b"\x01" + bytes(63), b"anything")
    assert refusal_of(spelled(PAYLOAD, keyid=key.key_id, sig=b"\x01" + bytes(63)), key) is ReasonCode.APPROVAL_INVALID


def test_a_signature_with_s_plus_the_group_order_is_refused() -> None:
    signature = KEY.sign(b"m")
    other_s = int.from_bytes(signature[32:], "little") + ORDER_OF_THE_GROUP

    assert KEY.verify_key.verifies(signature, b"m")
    assert not KEY.verify_key.verifies(signature[:32] + other_s.to_bytes(32, "little"), b"m")


@pytest.mark.parametrize("length", [0, 32, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    assert not KEY.verify_key.verifies(bytes(length), b"m")


def test_nothing_that_prints_or_copies_a_key_shows_its_secret() -> None:
    texts = f"{KEY!r} {KEY} {[KEY]}"

    assert all(secret not in texts for secret in (SEED.hex(), base64.b64encode(SEED).decode(), repr(SEED)))
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copying(KEY)
    assert not hasattr(KEY, "__dict__")


def test_a_created_key_is_private_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "risk.key"

    created = SigningKey.create(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(path).public == created.public
    assert [each.name for each in path.parent.iterdir()] == ["risk.key"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    SigningKey.create(tmp_path / "a.key")

    with pytest.raises(ConfigError, match="exists already"):
        SigningKey.create(tmp_path / "a.key")


@pytest.mark.parametrize("text", [SEED.hex(), base64.b64encode(SEED).decode(), SEED.hex() + "\n"])
def test_a_seed_may_be_hex_or_base64(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    path.touch(mode=0o600)
    path.write_text(text)

    assert SigningKey.load(path).public == crypto_sign_seed_keypair(SEED)[0]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o602])
def test_a_key_that_others_can_read_or_write_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    SigningKey.create(path)
    path.chmod(mode)

    with pytest.raises(ConfigError, match="chmod 600"):
        SigningKey.load(path)


@pytest.mark.parametrize("text", ["", "00", SEED.hex()[:-1], "zz" * 32, "secret words here", "A" * 5_000])
def test_a_broken_key_file_is_refused_without_showing_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    path.touch(mode=0o600)
    path.write_text(text)

    with pytest.raises(ConfigError) as error:
        SigningKey.load(path)

    assert str(path) in str(error.value)
    assert not text or text not in str(error.value).replace(str(path), "")  # the folder's name may have the text in it


def test_a_missing_key_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"/nowhere/a\.key: cannot be read"):
        SigningKey.load(Path("/nowhere/a.key"))


def test_trusted_keys_are_read_back(tmp_path: Path) -> None:
    trusted = TrustedKeys.of(**{role: SigningKey(hashlib.sha256(role.encode()).digest()).public_hex for role in ("risk", "guard", "lease")})

    trusted.save(tmp_path / "trusted.json")

    assert TrustedKeys.load(tmp_path / "trusted.json") == trusted


def test_two_roles_never_share_a_key() -> None:
    with pytest.raises(ConfigError, match="key of its own"):
        TrustedKeys.of(risk="aa" * 32, guard="bb" * 32, lease="aa" * 32)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"risk":"aa"}', '{"risk":1,"guard":2,"lease":3}', '{"risk":"a","guard":"b","lease":"c"}', "[" * 9_999]
)
def test_a_broken_trusted_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "trusted.json").write_text(text)

    with pytest.raises(ConfigError):
        TrustedKeys.load(tmp_path / "trusted.json")
