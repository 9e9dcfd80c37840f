"""Puts the keys together from the settings: the wallet's, from a file or in Vault, and Jito's."""

from pathlib import Path

from memesnipe.approvals.keys import TrustedKeys
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import variable
from memesnipe.signer.https import Https
from memesnipe.signer.jito import JitoAuth
from memesnipe.signer.keys import PART, KeySource, Pinned, pinned_address
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.vault import Place, Vault
from memesnipe.signer.wallet import Wallet


def key_of(settings: SignerSettings) -> KeySource:
    """Return the wallet's key. Raises ConfigError naming the variable, Unavailable when Vault does not answer."""
    return _in_vault(settings) if settings.key_source == "vault" else _in_file(settings)


def jito_of(settings: SignerSettings, clock: Clock, wallet: KeySource, trusted: TrustedKeys) -> JitoAuth | None:
    """Return Jito's key, None where there is none. Raises ConfigError: it must have no other use here."""
    if not settings.jito_auth_file:
        return None
    taken = (bytes(wallet.pubkey), trusted.risk.public, trusted.guard.public, trusted.lease.public)
    return JitoAuth.load(Path(settings.jito_auth_file), clock, taken)


def _in_file(settings: SignerSettings) -> KeySource:
    _require(settings, "wallet_file")
    wallet, pinned = Wallet.load(Path(settings.wallet_file)), settings.wallet_address
    if pinned and pinned_address(pinned, variable("wallet_address")) != wallet.pubkey:
        raise ConfigError(f"{variable('wallet_file')}: is the key of {wallet.pubkey}, not of {variable('wallet_address')}={pinned}")
    return wallet


def _in_vault(settings: SignerSettings) -> KeySource:
    _require(settings, "wallet_address", "vault_url", "vault_key", "vault_token_file")
    if settings.wallet_file:
        raise ConfigError(f"{variable('wallet_file')}: the key is in Vault ({variable('key_source')}); the file must not lie about here")
    address = pinned_address(settings.wallet_address, variable("wallet_address"))
    https = Https(PART, settings.vault_url, ca_file=settings.vault_ca_file, timeout_s=settings.vault_timeout_ms / 1_000)
    place = Place(settings.vault_mount, settings.vault_key, settings.vault_key_version)
    vault = Vault(https, place, Path(settings.vault_token_file))
    vault.require(address)
    return Pinned(vault, address)


def _require(settings: SignerSettings, *fields: str) -> None:
    for field in fields:
        if not getattr(settings, field):
            raise ConfigError(f"{variable(field)}: must be set for {variable('key_source')}={settings.key_source}")
