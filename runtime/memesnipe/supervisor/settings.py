"""What `memesnipe up` and the executors' supervisor read from their environment, and hand on to the processes they start."""

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from memesnipe.chain.programs import JUPITER_URL
from memesnipe.control.settings import EVIDENCE
from memesnipe.kernel.hosts import is_loopback
from memesnipe.kernel.settings import CommonSettings

OWN_STRATEGIES = "my_strategies"
"""Where `memesnipe new strategy` writes: looked at even when empty, so that a strategy runs as soon as it is there."""


class UpSettings(CommonSettings, frozen=True, kw_only=True):
    """What `memesnipe up` reads from its environment."""

    manifests: str = ""
    """Folders separated by `:`; empty: the ones that ship, for a live market or for a replay, and `strategies_path`."""
    evidence: str = EVIDENCE
    """Folder with the records of evidence."""
    promotion_golive: bool = False
    """Carry out a proposal without a person, for a Strategy whose manifest does not say which mode it wants."""
    strategies_path: str = OWN_STRATEGIES
    """Folders of a person's own strategies, code and manifests, separated by `:`; the default one is made when missing."""
    rpc_url: str = ""
    """An outside chain; empty: the embedded localnet."""
    ws_url: str = ""
    """The same chain's WebSocket; empty: made from the RPC's address."""
    jupiter_url: str = ""
    wallet_file: str = ""
    database_url: str = ""
    """Empty: SQLite in the data folder."""
    dashboard_host: str = "127.0.0.1"
    dashboard_port: int = 8080
    dashboard_password_file: str = ""
    dashboard_trusted_peers: str = ""
    localnet_port: int = 8899
    """Port of the embedded market."""
    redis_port: int = 0
    """0: whichever is free."""
    signer_port: int = 0
    replay_speed: Annotated[float, Meta(ge=0)] = 0.0
    """Of a replay: 0 as fast as the stages take it, 1 as it happened."""
    jupiter_api_key: str = ""
    helius_api_key: str = ""
    jito_url: str = ""
    sender_url: str = ""
    rpc_check_url: str = ""
    tip_floor_url: str = ""
    fee_percentile: str = ""
    exit_fee_percentile: str = ""
    rpc_per_s: str = ""
    rpc_sends_per_s: str = ""
    jupiter_per_s: str = ""
    """Handed to wallet_guard as they are, like the rest of LANDING_FIELDS."""
    token_transfer_fee_bps_max: str = ""
    """Handed to wallet_guard, and the first three to the signer too, as they are, like the rest of TOKEN_FIELDS."""
    token_mint_authority: str = ""
    token_freeze_authority: str = ""
    token_holder_bps_max: str = ""
    token_lp_burnt_bps_min: str = ""
    token_round_trip_bps_max: str = ""
    token_round_trip: str = ""
    token_creator_launches_max: str = ""
    token_check_ms_max: str = ""
    token_remember_ms: str = ""
    token_watch_s: str = ""
    """Handed to position_manager as it is."""
    jetstream_url: str = ""
    pumpportal_url: str = ""
    wormholescan_url: str = ""
    drift_gateway_url: str = ""
    drift_markets: str = ""
    key_source: str = ""
    """Handed to the signer as it is, like the rest of KEY_FIELDS: for an outside chain, the wallet's key may be in Vault."""
    wallet_address: str = ""
    vault_url: str = ""
    vault_mount: str = ""
    vault_key: str = ""
    vault_key_version: str = ""
    vault_token_file: str = ""
    vault_ca_file: str = ""
    vault_timeout_ms: str = ""
    jito_auth_file: str = ""
    notify_urls_file: str = ""
    """File of apprise addresses, the owner's alone: whom notifier tells. Empty: nobody is told, and it does not run."""
    notify_fills: str = ""
    """Handed to notifier as they are, like the rest of NOTIFY_FIELDS."""
    notify_per_minute: str = ""
    notify_summary_hour_utc: str = ""
    notify_alerts_port: str = ""
    notify_runbooks_url: str = ""
    notify_timeout_s: str = ""
    otlp_url: str = ""
    """Collector of traces, such as `http://127.0.0.1:4318/v1/traces`. Empty: no traces are made, and tracer does not run."""
    otlp_headers_file: str = ""
    """Handed to tracer as they are, like the rest of TRACING_FIELDS."""
    otlp_ca_file: str = ""
    otlp_timeout_s: str = ""

    @property
    def key_in_vault(self) -> bool:
        """Whether the wallet's key is not in a file of this host: only for a chain outside, since the localnet makes its own."""
        return self.key_source == "vault" and bool(self.rpc_url)

    def jupiter_beside(self, chain_url: str) -> str:
        """Return the aggregator to ask: a localnet on this machine is one itself, of any other chain it is Jupiter's own host."""
        here = not self.rpc_url or is_loopback(urlsplit(self.rpc_url).hostname or "")
        return self.jupiter_url or (chain_url if here else JUPITER_URL)
