"""Puts the live side together from the settings: clients, keys, store. Nothing is asked of any host yet."""

from collections.abc import Callable

from solana.rpc.commitment import Commitment

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus.api import Bus
from memesnipe.chain.clients.jito import Jito, TipFloors
from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.sender import Sender
from memesnipe.chain.programs import HELIUS_SWQOS_TIP_LAMPORTS_MIN, HELIUS_TIP_ACCOUNTS, HELIUS_TIP_LAMPORTS_MIN, JITO_TIP_ACCOUNTS
from memesnipe.guard import perps, token_safety
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.expiry import Expiry
from memesnipe.guard.fees import Fees, Wishes
from memesnipe.guard.hosts import Hosts, Keys
from memesnipe.guard.landing import Landing
from memesnipe.guard.live import Live
from memesnipe.guard.pairs import Pairs
from memesnipe.guard.paper import Terms
from memesnipe.guard.quoting import Quoting
from memesnipe.guard.rehearsal import Rehearsal
from memesnipe.guard.settings import GuardSettings
from memesnipe.guard.signer_client import SignerClient
from memesnipe.guard.standing import Standing
from memesnipe.guard.venue import Venues
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import ConfigError


def hosts_of(settings: GuardSettings) -> Hosts:
    """Return the clients. Raises ConfigError."""
    rpc = SolanaRpc.at(settings.rpc_url_with_key, _rate(settings.rpc_per_s), sends=_rate(settings.rpc_sends_per_s))
    check = _check_host(settings)
    jupiter = Jupiter.at(settings.jupiter_url, settings.jupiter_api_key, _rate(settings.jupiter_per_s))
    # Sender hands on to Jito. A bundle that tips Helius tips none of Jito's own accounts, and its engine would refuse each one.
    jito = Jito.at(settings.jito_url) if settings.jito_url and not settings.sender_url else None
    sender = Sender.at(settings.sender_url) if settings.sender_url else None
    floors = TipFloors.at(settings.tip_floor_url) if settings.tip_floor_url != "off" and (jito or sender) else None
    signer = SignerClient.at(settings.signer_url, settings.signer_files())
    expiry, fees = Expiry(rpc, check), Fees(rpc, floors, wishes_of(settings))
    quoting = Quoting(rpc, jupiter, fees, expiry, HELIUS_TIP_ACCOUNTS if sender else JITO_TIP_ACCOUNTS)
    landing = Landing(
        rpc,
        expiry,
        [route for route in (rpc, jito, sender) if route is not None],
        teller=jito,
        commitment=Commitment(settings.fill_commitment),
        poll_s=settings.poll_ms / 1_000,
        resend_s=settings.resend_ms / 1_000,
    )
    more_venues = perps.venues_of(settings)
    clients = tuple(client for client in (rpc, check, jupiter, jito, sender, floors, signer, *more_venues) if client is not None)
    # A perpetual delivers no token: nobody can freeze it or keep it from being sold, so its buys need no check of one.
    swaps = Venues([quoting], [token_safety.check_of(settings, rpc, jupiter)])
    return Hosts(rpc, Venues([*more_venues, swaps]), expiry, landing, signer, clients)


def _check_host(settings: GuardSettings) -> SolanaRpc | None:
    """Return the second opinion. Raises ConfigError when it is the first one again."""
    if not settings.rpc_check_url:
        return None
    if _host_of(settings.rpc_check_url) == _host_of(settings.rpc_url):
        raise ConfigError("MEMESNIPE_RPC_CHECK_URL: must be another host than MEMESNIPE_RPC_URL, or it is no second opinion")
    return SolanaRpc.at(settings.rpc_check_url, _rate(settings.rpc_per_s))


def _host_of(url: str) -> str:
    return url.partition("?")[0].partition("://")[2].partition("/")[0].rpartition("@")[2].lower()


def wishes_of(settings: GuardSettings) -> Wishes:
    """Return what we are ready to pay. Sender hands nothing on that tips less than its minimum."""
    swqos = "swqos_only=true" in settings.sender_url
    least = 0 if not settings.sender_url else HELIUS_SWQOS_TIP_LAMPORTS_MIN if swqos else HELIUS_TIP_LAMPORTS_MIN
    return Wishes(
        compute_units=settings.compute_units,
        compute_unit_price_micro_lamports=settings.compute_unit_price_micro_lamports,
        tip_lamports=settings.tip_lamports,
        percentile=settings.fee_percentile,
        exit_percentile=settings.exit_fee_percentile,
        tip_lamports_min=least,
    )


def keys_of(settings: GuardSettings) -> Keys:
    """Return our approval key and the pinned public keys. Raises ConfigError naming the file."""
    return Keys(SigningKey.load(settings.keys_path / "guard.key"), TrustedKeys.load(settings.keys_path / "trusted.json"))


def live_of(settings: GuardSettings, bus: Bus, clock: Clock, hosts: Hosts, attempts: Attempts, standing: Callable[[], Standing]) -> Live:
    """Return the live side. Raises ConfigError."""
    return Live(bus, clock, hosts, keys_of(settings), attempts, standing)


def pairs_of(settings: GuardSettings, bus: Bus, clock: Clock, attempts: Attempts, terms: Terms) -> Pairs:
    """Return what holds live orders against paper."""
    return Pairs(bus, clock, attempts, terms, settings.paper_band_bps, asks_costs=settings.paper_quotes == "jupiter")


def rehearsal_of(settings: GuardSettings, hosts: Hosts) -> Rehearsal | None:
    """Return what takes paper orders to the signer's door, None where paper is priced from reserves alone. Raises ConfigError."""
    if settings.paper_quotes == "reserves":
        return None
    if not settings.wallet:
        raise ConfigError("MEMESNIPE_WALLET: MEMESNIPE_PAPER_QUOTES=jupiter needs the address that swaps are built for")
    return Rehearsal(hosts.venue, settings.wallet)


def _rate(per_s: float) -> Rate:
    """Return a rate whose burst is one second's worth and a fifth of it kept for exits."""
    burst = max(1, int(per_s))
    return Rate(per_s, burst, burst // 5)
