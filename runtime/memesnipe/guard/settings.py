"""Settings of wallet_guard, read once from the environment (`MEMESNIPE_<FIELD>`)."""

from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta

from memesnipe.approvals import certificates
from memesnipe.chain import costs
from memesnipe.chain.programs import JUPITER_URL
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import CommonSettings, variable

SOL = 1_000_000_000

REFUSED: Final = "refused"
ALLOWED: Final = "allowed"
SIMULATED: Final = "simulated"

Amount = Annotated[int, Meta(ge=0, le=2**53)]
Bps = Annotated[int, Meta(ge=0, le=10_000)]
Percentile = Literal[25, 50, 75, 95]


class GuardSettings(CommonSettings, frozen=True, kw_only=True):
    """Lamports, milliseconds, slots and bps, as the names say."""

    guard_trade_size_lamports_max: Amount = 5 * SOL
    """wallet_guard's own limit on a buy. The applied policy has one too; the smaller wins."""
    compute_units: Annotated[int, Meta(ge=1, le=costs.COMPUTE_UNITS_MAX)] = costs.COMPUTE_UNITS
    """Compute units a swap may use."""
    compute_unit_price_micro_lamports: Amount = costs.COMPUTE_UNIT_PRICE_MICRO_LAMPORTS
    """Price of a compute unit, in micro-lamports."""
    tip_lamports: Amount = costs.TIP_LAMPORTS
    """Price and tip while no host says what others pay; the policy caps what is paid in any case."""
    fee_percentile: Percentile = 50
    """Which of the priority fees and tips paid lately entries match: 25, 50, 75 or 95."""
    exit_fee_percentile: Percentile = 75
    """Which of the priority fees and tips paid lately we match, 25 to 95: exits pay more, for they must get in."""
    tip_floor_url: Annotated[str, Meta(pattern=r"^(off|https?://\S+)\Z")] = "https://bundles.jito.wtf"
    """Who says what others tip; asked only where Jito or Sender is a way into a block. `off`: the constant."""

    paper_quotes: Literal["reserves", "jupiter"] = "reserves"
    """`jupiter` also quotes, builds and checks a transaction, up to the signer's door; the fill still comes from reserves."""
    wallet: Annotated[str, Meta(max_length=44)] = ""
    """Address that paper swaps are built for under `jupiter`; live ones are for the signer's, whatever this says."""
    paper_slots_max: Annotated[int, Meta(ge=0, le=1_000)] = 2
    """In a still market a fill lands 0 to this many slots later, seeded by the intent's id. 0: at once, from the last reserves seen."""
    paper_slots_stir: Annotated[int, Meta(ge=0, le=1_000)] = 20
    """So many more where the token's last event doubled its price, in proportion below. With the 2 above even the latest fill comes
    before the 25 slots (of 400 ms) after which paper gives up waiting."""
    paper_failure_bps: Bps = 200
    """In a still market so many of 10,000 paper orders fail on chain, seeded by the intent's id."""
    paper_failure_stir_bps: Bps = 5_000
    """So many more where the token's last event doubled its price. With the 200 above that is 52%: of all transactions but votes
    that Solana carried, as many failed (1.51 of 2.9 bn, arXiv 2504.18055). To be fitted to your own sends."""
    paper_timeout_ms: Annotated[int, Meta(ge=1, le=600_000)] = 10_000
    """A token that nobody trades fills at its last reserves after this long."""
    paper_band_bps: Bps = 25
    """How much of its size a live order may come out beside what paper thinks possible: fees of the moment, rounding, own footprint."""

    signer_url: str = ""
    """Empty: this guard trades on paper alone, and refuses live orders. https wants the three files below, http none of them."""
    signer_ca_file: str = ""
    """The CA of the signer's certificate, our own certificate and its key, in PEM. Read again when they change."""
    signer_cert_file: str = ""
    """Our own certificate, PEM."""
    signer_key_file: str = ""
    """Its key, PEM."""
    rpc_url: str = "http://127.0.0.1:8899"
    jupiter_url: str = JUPITER_URL
    jito_url: str = ""
    """Jito's block engine as a second way into a block."""
    sender_url: str = ""
    """RPC always gets the transaction; Jito and Sender too where they are named. Sender's least tip is 0.001 SOL, with ?swqos_only=true
    0.000005 SOL; no less is offered while it is named."""
    drift_gateway_url: Annotated[str, Meta(pattern=r"^(https?://\S+)?\Z")] = ""
    """A Drift Gateway that you run, for perpetuals on paper. Empty: off. It signs by itself, so live orders are never given to it."""
    drift_markets: str = ""
    """Which tokens' buys go there: `mint:market index:base units a contract`, comma-separated."""
    rpc_check_url: str = ""
    """A second RPC host, of somebody else: an attempt is dead only when both say so. Its key, if any, is part of the URL."""
    helius_api_key: str = ""
    """Put into the RPC's URL; never printed."""
    jupiter_api_key: str = ""
    """Jupiter's API key; never printed."""
    rpc_per_s: Annotated[float, Meta(gt=0, le=10_000)] = 50.0
    """Calls a second that the RPC host's plan allows."""
    rpc_sends_per_s: Annotated[float, Meta(gt=0, le=10_000)] = 50.0
    """Helius counts sends by themselves: 1, 5, 50 or 100 a second by plan."""
    jupiter_per_s: Annotated[float, Meta(gt=0, le=10_000)] = 10.0
    fill_commitment: Literal["confirmed", "finalized"] = "confirmed"
    """When a landed transaction counts as a fill. Finalized is never taken back and comes some 13 s later on mainnet."""
    poll_ms: Annotated[int, Meta(ge=10, le=10_000)] = 400
    """How often the chain is asked for a pending transaction."""
    resend_ms: Annotated[int, Meta(ge=50, le=60_000)] = 2_000
    """How often the same bytes are sent again until they land or expire."""

    token_transfer_fee_bps_max: Bps = 0
    """Most that a token may take of each transfer, now or from a coming epoch. All of these: docs/reference/token-safety.md."""
    token_mint_authority: Literal["refused", "allowed"] = REFUSED
    """Whether a token may be bought of which somebody can mint more."""
    token_freeze_authority: Literal["refused", "allowed"] = REFUSED
    """Whether a token may be bought whose holders somebody can freeze."""
    token_holder_bps_max: Bps = 2_000
    """Most of the supply that one holder may have, beside the pools, burnt tokens and us."""
    token_lp_burnt_bps_min: Bps = 9_000
    """Least of a pool's LP tokens that must be burnt. 0: liquidity is not looked at, and any venue will do."""
    token_round_trip_bps_max: Bps = 2_000
    """Most that buying and selling again at once may lose of what is spent."""
    token_round_trip: Literal["simulated", "quoted"] = SIMULATED
    """`quoted` takes the word of two quotes and does not simulate buy and sell as one transaction."""
    token_creator_launches_max: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """Most tokens that a token's creator may have on pump.fun. 0: nobody is asked; the question is a slow one for most hosts."""
    token_check_ms_max: Annotated[int, Meta(ge=100, le=60_000)] = 5_000
    """A token that is not known to be good after this long is not bought."""
    token_remember_ms: Annotated[int, Meta(ge=0, le=60_000)] = 3_000
    """How long an answer on a token holds, good or bad."""

    @property
    def attempts_path(self) -> Path:
        """The store of live attempts."""
        return Path(self.data_dir) / "guard.db"

    @property
    def keys_path(self) -> Path:
        """Where guard.key and trusted.json are."""
        return Path(self.data_dir) / "keys"

    @property
    def rpc_url_with_key(self) -> str:
        """The RPC host with the Helius key in its query; never to be printed."""
        if not self.helius_api_key:
            return self.rpc_url
        return f"{self.rpc_url}{'&' if '?' in self.rpc_url else '?'}api-key={self.helius_api_key}"

    def signer_files(self) -> certificates.Files | None:
        """Return what TLS to the signer is made of; None: plain HTTP, or no signer. Raises ConfigError naming the variable."""
        if not self.signer_url:
            return None
        fields = ("signer_ca_file", "signer_cert_file", "signer_key_file")
        ca, certificate, key = ((variable(field), str(getattr(self, field))) for field in fields)
        files, secure = certificates.Files.named(ca, certificate, key), self.signer_url.startswith("https://")
        if secure and files is None:
            raise ConfigError(f"{ca[0]}: an https {variable('signer_url')} wants {', '.join(v for v, _ in (ca, certificate, key))}")
        if files is not None and not secure:
            raise ConfigError(f"{variable('signer_url')}: must begin with https://, for {ca[0]} is set")
        return files
