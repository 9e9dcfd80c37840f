"""Puts the live side together from the settings: clients, keys, store. Nothing is asked of any host yet."""

from collections.abc import Callable

from solana.rpc.commitment import Commitment

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus.api import Bus
from memesnipe.chain.clients.jito import Jito
from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.sender import Sender
from memesnipe.chain.programs import HELIUS_SWQOS_TIP_LAMPORTS_MIN, HELIUS_TIP_ACCOUNTS, HELIUS_TIP_LAMPORTS_MIN, JITO_TIP_ACCOUNTS
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.landing import Landing
from memesnipe.guard.live import Hosts, Keys, Live, Wishes
from memesnipe.guard.quoting import Quoting
from memesnipe.guard.rehearsal import Rehearsal
from memesnipe.guard.settings import GuardSettings
from memesnipe.guard.signer_client import SignerClient
from memesnipe.guard.standing import Standing
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import ConfigError


def hosts_of(settings: GuardSettings) -> Hosts:
    """Return the clients. Raises ConfigError."""
    rpc = SolanaRpc.at(settings.rpc_url_with_key, _rate(settings.rpc_per_s))
    jupiter = Jupiter.at(settings.jupiter_url, settings.jupiter_api_key, _rate(settings.jupiter_per_s))
    signer = SignerClient.at(settings.signer_url, settings.signer_files())
    more = _more_routes(settings)
    landing = Landing(
        rpc,
        (rpc, *more),
        commitment=Commitment(settings.fill_commitment),
        poll_s=settings.poll_ms / 1_000,
        resend_s=settings.resend_ms / 1_000,
    )
    tip_accounts = HELIUS_TIP_ACCOUNTS if settings.sender_url else JITO_TIP_ACCOUNTS
    return Hosts(rpc, Quoting(rpc, jupiter, tip_accounts), landing, signer, (rpc, jupiter, signer, *more))


def _more_routes(settings: GuardSettings) -> list[Jito | Sender]:
    """Return the ways into a block beside the RPC host; several for one transaction, for bundles vanish. Raises ConfigError."""
    if settings.sender_url and settings.tip_lamports < HELIUS_SWQOS_TIP_LAMPORTS_MIN:
        least = f"{HELIUS_TIP_LAMPORTS_MIN}, with swqos_only {HELIUS_SWQOS_TIP_LAMPORTS_MIN}"
        raise ConfigError(f"MEMESNIPE_TIP_LAMPORTS: Sender wants a tip of at least {least}, not {settings.tip_lamports}")
    routes: list[Jito | Sender] = [Jito.at(settings.jito_url)] if settings.jito_url else []
    return [*routes, Sender.at(settings.sender_url)] if settings.sender_url else routes


def keys_of(settings: GuardSettings) -> Keys:
    """Return our approval key and the pinned public keys. Raises ConfigError naming the file."""
    return Keys(SigningKey.load(settings.keys_path / "guard.key"), TrustedKeys.load(settings.keys_path / "trusted.json"))


def live_of(settings: GuardSettings, bus: Bus, clock: Clock, hosts: Hosts, attempts: Attempts, standing: Callable[[], Standing]) -> Live:
    """Return the live side. Raises ConfigError."""
    wishes = Wishes(settings.compute_units, settings.compute_unit_price_micro_lamports, settings.tip_lamports)
    return Live(bus, clock, hosts, keys_of(settings), attempts, wishes, standing)


def rehearsal_of(settings: GuardSettings, hosts: Hosts) -> Rehearsal | None:
    """Return what takes paper orders to the signer's door, None where paper is priced from reserves alone. Raises ConfigError."""
    if settings.paper_quotes == "reserves":
        return None
    if not settings.wallet:
        raise ConfigError("MEMESNIPE_WALLET: MEMESNIPE_PAPER_QUOTES=jupiter needs the address that swaps are built for")
    return Rehearsal(hosts.quoting, settings)


def _rate(per_s: float) -> Rate:
    """Return a rate whose burst is one second's worth and a fifth of it kept for exits."""
    burst = max(1, int(per_s))
    return Rate(per_s, burst, burst // 5)
