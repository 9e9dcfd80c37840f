"""Settings of data_consumers, read once from the environment."""

from typing import Annotated

from msgspec import Meta

from memesnipe.kernel.settings import CommonSettings

Positive = Annotated[int, Meta(gt=0)]


class ConsumerSettings(CommonSettings, frozen=True, kw_only=True):
    """Where events come from and how much of what is taken. `MEMESNIPE_<FIELD>`."""

    source: Annotated[str, Meta(pattern=r"^(chain|recording)\Z")] = "chain"
    """`chain`: the RPC and WebSocket below, localnet or real alike. `recording`: a replay of `recording`."""
    rpc_url: str = "http://127.0.0.1:8899"
    ws_url: str = "ws://127.0.0.1:8899"
    """The same chain's WebSocket."""
    commitment: Annotated[str, Meta(pattern=r"^(processed|confirmed|finalized)\Z")] = "confirmed"
    """How settled a transaction must be before its price is told."""
    ws_idle_s_max: Positive = 90
    """A socket that is silent for longer is taken for dead; pings go out every minute."""
    rpc_per_s: Annotated[float, Meta(gt=0)] = 50.0
    """Calls a second that the RPC host's plan allows."""
    gap_transactions_max: Positive = 2_000
    """After a longer absence the older part stays a gap, counted."""
    jupiter_url: str = ""
    """Empty: the RPC's host, as on localnet. The real one is https://api.jup.ag."""
    jupiter_api_key: str = ""
    """Jupiter's API key; never printed."""
    jupiter_per_s: Annotated[float, Meta(ge=0)] = 0.0
    """Calls a second; 0: what Jupiter grants without a key or with the smallest one, and freely on this machine (localnet)."""
    quote_taker: str = "1nc1nerator11111111111111111111111111111111"
    """Whom quotes are asked for: the incinerator, an address that nobody can sign for, so the built swap is worth nothing to anyone."""
    watch_mints: str = ""
    """Comma-separated mints to price through Jupiter, beside those whose curve was completed."""
    price_interval_s: Positive = 5
    """Seconds between two looks at the prices of tokens without a pool of their own."""
    depth_interval_s: Positive = 2
    """Seconds between two quotes of a token's depth."""
    depth_sizes_lamports: str = "100000000,500000000,1000000000,5000000000"
    """The sizes that are quoted, lamports, comma-separated."""
    depth_mints_max: Positive = 20
    """How many tokens are quoted at once."""
    depth_active_s: Positive = 120
    """A mint without a trade for longer gets no depth quotes."""
    jetstream_url: Annotated[str, Meta(pattern=r"^(wss?://\S+)?\Z")] = ""
    """Bluesky's posts, such as wss://jetstream2.us-east.bsky.network/subscribe. Empty: off."""
    pumpportal_url: Annotated[str, Meta(pattern=r"^(wss?://\S+)?\Z")] = ""
    """PumpPortal's launches, wss://pumpportal.fun/api/data. Empty: off."""
    wormholescan_url: Annotated[str, Meta(pattern=r"^(https?://\S+)?\Z")] = ""
    """Wormhole's transfers, https://api.wormholescan.io. Empty: off."""
    social_backlog_s_max: Annotated[int, Meta(gt=0, le=540)] = 300
    """After a longer absence the older posts stay a gap, counted. At most what the streams remember, so that none is told twice."""
    bridge_interval_s: Annotated[float, Meta(gt=0)] = 15.0
    """Seconds between two looks at the bridge."""
    bridge_lookback_s: Positive = 3_600
    """A transfer is told this long after its time at the latest: it comes when its chain has made it final."""
    launch_confirm_s_max: Annotated[float, Meta(gt=0)] = 10.0
    """A launch that PumpPortal tells of and the chain does not have within this time is not told."""
    token_checks: bool = True
    """Whether a launch's token is looked at on chain."""
    token_check_s_max: Annotated[float, Meta(gt=0)] = 3.0
    """A launch waits this long for its checks, then goes out with what could be checked."""
    event_age_s_max: Positive = 86_400
    """An event from outside that is older is refused."""
    event_future_s_max: Positive = 60
    """One from further in the future is refused."""
    record: bool = True
    """Whether what arrives is recorded, for backtests and replays."""
    recording: str = ""
    """The Parquet file that is played."""
    replay_speed: Annotated[float, Meta(ge=0)] = 0.0
    """0: as fast as the stages take it; 1: as it happened; 10: ten times as fast."""
