"""The key files and the signer's door. Secrets are read as their owner reads them and dropped; only public halves are kept."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from memesnipe.approvals import certificates as tls
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.guard.signer_client import SignerClient
from memesnipe.kernel.clock import NS_PER_MS, Clock
from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.live_check.facts import Certificate, Door, KeyFile, RoleKeys, Seen, Silent, Unseen, Unused
from memesnipe.live_check.installation import SIGNERS_POD, Installation
from memesnipe.live_check.judge.keys import VAULT
from memesnipe.live_check.judge.mode import START
from memesnipe.signer.opening import key_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.wallet import Wallet

ROLES = ("risk", "guard", "lease")
UTC_TIME, GENERALIZED_TIME, VERSION = 0x17, 0x18, 0xA0


def wallet_file(place: Installation) -> Seen[KeyFile]:
    """The wallet as the signer would load it, its secret half dropped at once."""
    if isinstance(place.signer, Unseen):
        return Unseen(SIGNERS_POD if place.place == "pod" else place.signer.where)
    if place.signer.key_source == "vault":
        return _in_vault(place.signer)
    path = place.signer.wallet_file
    if not path:
        return Silent("no wallet file is named")
    if place.embedded_chain and not Path(path).exists():
        return Unseen(f"made when the stack first starts: {START}")
    try:
        return KeyFile(path, str(Wallet.load(Path(path)).pubkey))
    except ConfigError as error:
        return KeyFile(path, problem=str(error))


def _in_vault(settings: SignerSettings) -> Seen[KeyFile]:
    """Vault is asked for the key's public half, as the signer asks at its start; nothing is signed."""
    try:
        return KeyFile(VAULT, str(key_of(settings).pubkey))
    except ConfigError as error:
        return KeyFile(VAULT, problem=str(error))
    except Unavailable as error:
        return Silent(str(error))


def jito_key(place: Installation) -> Seen[KeyFile | Unused]:
    """The key that Jito knows us by, where one is named."""
    if isinstance(place.signer, Unseen):
        return Unseen(SIGNERS_POD if place.place == "pod" else place.signer.where)
    path = place.signer.jito_auth_file
    if not path:
        return Unused()
    try:
        return KeyFile(path, str(Wallet.load(Path(path)).pubkey))
    except ConfigError as error:
        return KeyFile(path, problem=str(error))


def role_keys(place: Installation) -> Seen[RoleKeys]:
    """The approval keys that lie here: all three on a host, its own one in a service's pod."""
    folder = place.guard.keys_path
    found = {role: folder / f"{role}.key" for role in ROLES if place.place == "host" or (folder / f"{role}.key").exists()}
    if not any(path.exists() for path in found.values()) and not (folder / "trusted.json").exists():
        if place.place == "pod":
            return Unseen("each service's pod has its own key: run this in memesnipe-risk-guardian and memesnipe-wallet-guard")
        return Unseen(f"made when the stack first starts: {START}") if place.by_up and not place.runs else Silent(f"no keys in {folder}")
    keys = {role: _key_file(path) for role, path in found.items()}
    try:
        trusted = TrustedKeys.load(folder / "trusted.json")
    except ConfigError as error:
        return RoleKeys(keys, {}, str(error))
    return RoleKeys(keys, {role: getattr(trusted, role).public.hex() for role in ROLES})


def _key_file(path: Path) -> KeyFile:
    try:
        return KeyFile(str(path), SigningKey.load(path).public_hex)
    except ConfigError as error:
        return KeyFile(str(path), problem=str(error))


async def door(place: Installation, clock: Clock) -> Seen[Door]:
    """Whom the signer signs for, asked as wallet_guard asks. Raises ConfigError, Unavailable, BadInput."""
    if not place.signer_runs:
        if place.by_up:
            return Unseen("on paper no signer runs; `PAPER_TRADING_MODE=false make up` starts it")
        if place.place == "pod":
            return Unseen("only wallet_guard's pod may knock: kubectl exec deploy/memesnipe-wallet-guard -- memesnipe live-check")
        return Silent("MEMESNIPE_SIGNER_URL is not set: wallet_guard refuses live orders")
    client, started_ns = SignerClient.at(place.guard.signer_url, place.guard.signer_files(), timeout_s=5.0), clock.now_ns()
    try:
        return Door(await client.wallet(), (clock.now_ns() - started_ns) // NS_PER_MS)
    except (Unavailable, BadInput) as error:
        return Silent(str(error))
    finally:
        await client.close()


def certificates(place: Installation) -> Seen[tuple[Certificate, ...]]:
    """When our certificates end, once they are usable at all. Raises ConfigError naming the file."""
    files = [found for found in (place.guard.signer_files(), _of_signer(place)) if found]
    for each in files:
        tls.client(each)  # refuses what is not PEM, does not fit its key, or is open to others
    if not files and place.place == "pod":
        return Unseen("wallet_guard's and the signer's pods have them: kubectl exec deploy/memesnipe-wallet-guard -- memesnipe live-check")
    return tuple(Certificate(str(each.certificate), ends_s(each.certificate)) for each in files)


def _of_signer(place: Installation) -> tls.Files | None:
    return None if isinstance(place.signer, Unseen) else place.signer.tls_files()


def ends_s(path: Path) -> float:
    """Return when a PEM file's first certificate ends (Unix seconds). Raises ConfigError.

    RFC 5280: Certificate ::= SEQUENCE { tbs SEQUENCE { [0] version, serial, algorithm, issuer, validity SEQUENCE { from, to }, ... } }.
    The standard library shows this only for the other side's certificate.
    """
    try:
        text = path.read_text(encoding="ascii")
        first = text[text.index("-----BEGIN CERTIFICATE-----") : text.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----"
        fields = _parts(_parts(_parts(ssl.PEM_cert_to_DER_cert(first))[0][1])[0][1])
        validity = fields[4 if fields[0][0] == VERSION else 3][1]
        return _time_s(*_parts(validity)[1])
    except (OSError, ValueError, LookupError) as error:
        raise ConfigError(f"{path}: not a readable certificate: {type(error).__name__}") from None


def _parts(raw: bytes) -> list[tuple[int, bytes]]:
    """Return the (tag, content) pairs of DER bytes. Raises ValueError where a length leads beyond them."""
    found, at = list[tuple[int, bytes]](), 0
    while at < len(raw):
        tag, length, at = raw[at], raw[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(raw[at : at + count], "big"), at + count
        if at + length > len(raw):
            raise ValueError("a length leads beyond the certificate")
        found.append((tag, raw[at : at + length]))
        at += length
    return found


def _time_s(tag: int, raw: bytes) -> float:
    text, form = raw.decode("ascii"), {UTC_TIME: "%y%m%d%H%M%SZ", GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}[tag]
    return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
