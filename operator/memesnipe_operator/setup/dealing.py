"""Who gets which file of what setup made: in compose each service has a volume of keys of its own, as a pod has its mounts. Pure."""

from collections.abc import Iterator

import msgspec

from memesnipe.control.access import service_users
from memesnipe_operator.setup import objects
from memesnipe_operator.setup.mutual_tls import CA, CERTIFICATE, KEY
from memesnipe_operator.setup.objects import Place, config_map, secret
from memesnipe_operator.setup.settings import SetupSettings

CONTROL, SIGNER, REDIS, LOCALNET = "control", "signer", "redis", "localnet"
WALLET_FILE, WALLET_ADDRESS = "localnet_wallet.json", "wallet.pub"


class Deal(msgspec.Struct, frozen=True):
    """A file of one service's volume, and which key of which object it is."""

    service: str
    file: str
    place: Place
    key: str


def services() -> list[str]:
    """Return everyone who has a volume of keys: each is mounted at /setup/<name> while setup runs."""
    return sorted([*service_users(), CONTROL, SIGNER, REDIS, LOCALNET])


def deals(settings: SetupSettings) -> list[Deal]:
    """Return every file, the CAs first: after a renewal each end must believe the new CA before the other shows a certificate of it."""
    found = [*_redis(settings), *_roles(settings), *_tls(settings), *(_wallet(settings) if settings.localnet else ())]
    return sorted(found, key=lambda deal: not deal.file.endswith(CA))


def _redis(settings: SetupSettings) -> Iterator[Deal]:
    """Each service knows its own password; control makes the users, so it knows them all."""
    for user in service_users():
        place = secret(settings.namespace, objects.redis_user(user))
        yield Deal(user, "redis-url", place, "url")
        yield Deal(CONTROL, f"redis/{user}", place, "url")
    yield Deal(CONTROL, "redis-url", secret(settings.namespace, objects.REDIS_ADMIN), "url")
    yield Deal(REDIS, "users.acl", secret(settings.namespace, objects.REDIS_ACL), "users.acl")


def _roles(settings: SetupSettings) -> Iterator[Deal]:
    for role, service in (("risk", "risk_guardian"), ("guard", "wallet_guard"), ("lease", CONTROL)):
        yield Deal(service, f"{role}.key", secret(settings.namespace, objects.role_key(role)), f"{role}.key")
    for service in ("wallet_guard", SIGNER):
        yield Deal(service, "trusted.json", config_map(settings.namespace, objects.TRUSTED), "trusted.json")


def _tls(settings: SetupSettings) -> Iterator[Deal]:
    ends = {
        SIGNER: secret(settings.signer_namespace, objects.SIGNER_TLS),
        "wallet_guard": secret(settings.namespace, objects.SIGNER_CLIENT),
    }
    for service, place in ends.items():
        yield from (Deal(service, f"tls/{key}", place, key) for key in (CA, CERTIFICATE, KEY))


def _wallet(settings: SetupSettings) -> Iterator[Deal]:
    """The localnet's wallet: its key for the signer alone, its address for whoever builds, reads and fills it."""
    yield Deal(SIGNER, WALLET_FILE, secret(settings.signer_namespace, objects.WALLET), "wallet.json")
    for service in ("wallet_guard", "position_manager", "cli", LOCALNET):
        yield Deal(service, WALLET_ADDRESS, config_map(settings.namespace, objects.WALLET), "pubkey")
