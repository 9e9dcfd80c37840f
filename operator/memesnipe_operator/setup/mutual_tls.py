"""The two Secrets that must fit each other: the signer's certificate and wallet_guard's.

Neither CA key is kept, so whatever is made late, or anew, comes from a new CA. Therefore the new CA is first added to what both ends
believe, and only then do certificates change: at every instant, and after a kill between any two writes, the two ends accept each
other. The CAs that signed what is still in use stay believed.
"""

import asyncio
from datetime import datetime

import msgspec
from cryptography.x509.oid import ObjectIdentifier

from memesnipe.approvals.certificates import GUARD_NAME
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe_operator.setup import certificates
from memesnipe_operator.setup.certificates import Authority, Leaf, days_left, issuers_of
from memesnipe_operator.setup.keeping import Keeping
from memesnipe_operator.setup.objects import SIGNER_CLIENT, SIGNER_TLS, Data, Place, Stored, secret
from memesnipe_operator.setup.settings import SetupSettings

CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
SIGNER = "memesnipe-signer"
"""The signer's Service."""


class Side(msgspec.Struct, frozen=True):
    """One end: where its Secret is, who it says it is, and as what."""

    place: Place
    names: tuple[str, ...]
    purpose: ObjectIdentifier


def sides(settings: SetupSettings) -> tuple[Side, Side]:
    """Return signer and wallet_guard."""
    at = f"{SIGNER}.{settings.signer_namespace}"
    names = (SIGNER, at, f"{at}.svc", f"{at}.svc.cluster.local")
    return (
        Side(secret(settings.signer_namespace, SIGNER_TLS), names, certificates.SERVER),
        Side(secret(settings.namespace, SIGNER_CLIENT), (GUARD_NAME,), certificates.CLIENT),
    )


async def settle(keeping: Keeping, settings: SetupSettings, now: datetime) -> None:
    """Make what is missing and renew what ends soon. Raises ConfigError, Unavailable."""
    found = {side: await _found(keeping, side) for side in sides(settings)}
    due = due_sides(found, now)
    if not due:
        return
    authority = Authority(now)
    bundle = b"".join([*believed(list(found.values())), authority.certificate])
    await _spread(keeping, [stored for stored in found.values() if stored is not None], bundle)
    if any(found[side] is not None for side in due):
        logger().info("renewing", wait_s=settings.settle_s, why="the pods must believe the new CA before a certificate of it is shown")
        await asyncio.sleep(settings.settle_s)
    for side in due:
        await _write(keeping, side, _data(bundle, authority.leaf(side.names, side.purpose, settings.certificate_days)))


def due_sides(found: dict[Side, Stored | None], now: datetime) -> list[Side]:
    """Return the ends that need a certificate: none there, or one that ends soon; both, when they do not accept each other.

    Raises ConfigError when another's Secret would have to change for it.
    """
    due = [side for side, stored in found.items() if stored is None or (stored.is_ours and _ends_soon(stored, now))]
    others = [stored for stored in found.values() if stored is not None and not stored.is_ours]
    for stored in others:
        if _ends_soon(stored, now):
            logger().warning("certificate_ends_soon", object=str(stored.place), why="somebody else made it, so it is left alone")
    if due and others:
        wanted = ", ".join(str(side.place) for side in due)
        raise ConfigError(f"{others[0].place}: somebody else made it, so it is left alone: make {wanted} yourself too, to fit it")
    return due if due or others or fits(list(found.values())) else list(found)


def fits(pair: list[Stored | None]) -> bool:
    """Return whether each of two ends believes the other's certificate."""
    one, other = (stored for stored in pair if stored is not None)
    return _believes(one, other) and _believes(other, one)


def believed(pair: list[Stored | None]) -> list[bytes]:
    """Return the CAs that signed a certificate still in use, each once."""
    there = [stored for stored in pair if stored is not None]
    bundle = b"\n".join(stored.data[CA] for stored in there)
    where = " and ".join(str(stored.place) for stored in there)
    return list(dict.fromkeys(ca for stored in there for ca in issuers_of(stored.data[CERTIFICATE], bundle, where)))


def _believes(one: Stored, other: Stored) -> bool:
    return bool(issuers_of(other.data[CERTIFICATE], one.data[CA], str(one.place)))


def _ends_soon(stored: Stored, now: datetime) -> bool:
    return days_left(stored.data[CERTIFICATE], str(stored.place), now) < certificates.RENEW_DAYS


async def _found(keeping: Keeping, side: Side) -> Stored | None:
    stored = await keeping.found(side.place)
    return None if stored is None else stored.require(CA, CERTIFICATE, KEY)


async def _spread(keeping: Keeping, stored: list[Stored], bundle: bytes) -> None:
    for each in stored:
        await keeping.changed(each, {CA: bundle})


async def _write(keeping: Keeping, side: Side, data: Data) -> None:
    there = await keeping.found(side.place)
    if there is not None:
        await keeping.changed(there, data)
    elif (await keeping.made(side.place, data, type_="kubernetes.io/tls")).data != data:
        raise Unavailable("API server", f"{side.place} was made by somebody else at the same time")


def _data(bundle: bytes, leaf: Leaf) -> Data:
    return {CA: bundle, CERTIFICATE: leaf.certificate, KEY: leaf.key}
