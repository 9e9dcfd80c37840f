"""What setup makes, in its order: what is private first, then what is derived from it. Read it to know what an installation holds."""

import json
import secrets
from datetime import datetime
from functools import partial

from solders.keypair import Keypair

from memesnipe.approvals.keys import SEED_BYTES, SigningKey, TrustedKeys
from memesnipe.control.access import service_users
from memesnipe.kernel.errors import ConfigError
from memesnipe_operator.setup import mutual_tls, objects, redis_users
from memesnipe_operator.setup.keeping import Keeping
from memesnipe_operator.setup.objects import Data, config_map, secret
from memesnipe_operator.setup.settings import SetupSettings

MASTER_KEY = "passwords.key"
USERS = "users.json"


async def run(keeping: Keeping, settings: SetupSettings, now: datetime) -> None:
    """Make what is missing and bring up to date what is derived. Raises ConfigError naming the object, Unavailable."""
    address = settings.address()
    trusted = await role_keys(keeping, settings)
    admin = await redis_admin(keeping, settings, address)
    passwords = {user: await redis_password(keeping, settings, address, admin, user) for user in service_users()}
    wallet = await localnet_wallet(keeping, settings) if settings.localnet else ""

    await operator_secret(keeping, settings, passwords)
    await mutual_tls.settle(keeping, settings, now)
    for namespace in (settings.namespace, settings.signer_namespace):
        await keeping.derived(config_map(namespace, objects.TRUSTED), {"trusted.json": trusted.text()})
    if wallet:
        await keeping.derived(config_map(settings.namespace, objects.WALLET), {"pubkey": wallet.encode()})


async def role_keys(keeping: Keeping, settings: SetupSettings) -> TrustedKeys:
    """Make each role's signing key; return their public halves. Raises ConfigError."""
    public = {}
    for role in objects.ROLES:
        place, file = secret(settings.namespace, objects.role_key(role)), f"{role}.key"
        stored = await keeping.kept(place, partial(_key_file, file), needs=(file,), for_ever=True)
        public[role] = SigningKey.parsed(stored.data[file], str(place)).public_hex
    return TrustedKeys.of(**public)


async def redis_admin(keeping: Keeping, settings: SetupSettings, address: str) -> str:
    """Return the administrator's URL: the one that was given, or the chart's own Redis with a password that is kept.

    The password is made even where a URL is given, and stays: whoever goes back to the chart's Redis finds its data behind it.
    """
    place = secret(settings.namespace, objects.REDIS_ADMIN)

    def made() -> Data:
        password = redis_users.new_password()
        return _admin(settings.redis_admin_url or redis_users.admin_url(address, password), password)

    stored = await keeping.kept(place, made, needs=("url",))
    if stored.is_ours:
        password = stored.require("password").data["password"].decode()
        url = settings.redis_admin_url or redis_users.admin_url(address, password)
        stored = await keeping.derived(place, _admin(url, password))
    if "password" in stored.data and not settings.redis_admin_url:
        password = stored.data["password"].decode()
        await keeping.derived(secret(settings.namespace, objects.REDIS_ACL), {"users.acl": redis_users.acl_file(password)})
    return stored.data["url"].decode()


async def redis_password(keeping: Keeping, settings: SetupSettings, address: str, admin: str, user: str) -> str:
    """Return a service's password, made when missing; its URL follows the address of Redis. Raises ConfigError."""
    place = secret(settings.namespace, objects.redis_user(user))

    def url(password: str) -> bytes:
        return redis_users.service_url(admin, address, user, password, objects.REDIS_ADMIN).encode()

    stored = await keeping.kept(place, lambda: {"url": url(redis_users.new_password())}, needs=("url",))
    password = redis_users.password_in(stored.data["url"].decode(), user, str(place))
    if stored.is_ours:
        await keeping.derived(place, {"url": url(password)})
    return password


async def localnet_wallet(keeping: Keeping, settings: SetupSettings) -> str:
    """Return the address of the signer's wallet, made when missing: on a localnet it is worth nothing anywhere else."""
    place = secret(settings.signer_namespace, objects.WALLET)
    stored = await keeping.kept(place, lambda: {"wallet.json": _wallet_file()}, needs=("wallet.json",), for_ever=True)
    try:
        return str(Keypair.from_bytes(bytes(json.loads(stored.data["wallet.json"]))).pubkey())
    except (ValueError, TypeError):
        raise ConfigError(f"{place}: wallet.json is not a Solana wallet file (a JSON list of 64 numbers)") from None


async def operator_secret(keeping: Keeping, settings: SetupSettings, passwords: dict[str, str]) -> None:
    """Make the key behind the strategies' passwords, and tell the operator what the services' passwords hash to. Raises ConfigError."""
    place, users = secret(settings.namespace, objects.OPERATOR), redis_users.hashes(passwords)
    stored = await keeping.kept(place, lambda: {MASTER_KEY: _hex_key(), USERS: users}, needs=(MASTER_KEY,))
    SigningKey.parsed(stored.data[MASTER_KEY], str(place))  # the same shape: 32 bytes in hex
    await keeping.derived(place, {USERS: users})


def _admin(url: str, password: str) -> Data:
    return {"url": url.encode(), "password": password.encode()}


def _key_file(name: str) -> Data:
    return {name: _hex_key()}


def _hex_key() -> bytes:
    return secrets.token_hex(SEED_BYTES).encode() + b"\n"


def _wallet_file() -> bytes:
    return json.dumps(list(bytes(Keypair()))).encode()
