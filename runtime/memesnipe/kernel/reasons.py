"""Every reason an order may be refused for, in one table. Docs, metrics labels and tests are made from it."""

from enum import StrEnum


class ReasonCode(StrEnum):
    """`value` is the metrics label and what a person reads; `REMEDY` says what to do about it."""

    BAD_INPUT = "bad_input"
    DUPLICATE = "duplicate"
    HALTED = "halted"
    REDUCE_ONLY = "reduce_only"
    FROZEN = "frozen"
    UNKNOWN_STRATEGY = "unknown_strategy"
    PAUSED = "paused"
    NO_ALLOCATION = "no_allocation"
    NO_POLICY = "no_policy"
    STALE_EVENT = "stale_event"
    CLOCK_SKEW = "clock_skew"
    ORDER_RATE = "order_rate"
    TRADE_SIZE = "trade_size"
    STRATEGY_EXPOSURE = "strategy_exposure"
    TOKEN_EXPOSURE = "token_exposure"  # noqa: S105 - a token to trade, not a secret
    PORTFOLIO_EXPOSURE = "portfolio_exposure"
    OPEN_POSITIONS = "open_positions"
    DRAWDOWN = "drawdown"
    DAY_DRAWDOWN = "day_drawdown"
    WEEK_DRAWDOWN = "week_drawdown"
    STRATEGY_DRAWDOWN = "strategy_drawdown"
    STRATEGY_DAY_DRAWDOWN = "strategy_day_drawdown"
    STRATEGY_WEEK_DRAWDOWN = "strategy_week_drawdown"
    LOSS_STREAK = "loss_streak"
    STOP_LOSSES = "stop_losses"
    PORTFOLIO_STOP_LOSSES = "portfolio_stop_losses"
    CLOSED_DRAWDOWN = "closed_drawdown"
    TOKEN_COOLDOWN = "token_cooldown"  # noqa: S105 - a token to trade, not a secret
    TOKEN_LOSSES = "token_losses"  # noqa: S105 - as above
    ORDER_LOOP = "order_loop"
    NO_POSITION = "no_position"
    SLIPPAGE_LIMIT = "slippage_limit"
    STALE_FEED = "stale_feed"
    CLOCK_BREAKER = "clock_breaker"
    REPEATED_BUY = "repeated_buy"
    SELF_TRADE = "self_trade"
    POOL_SHARE = "pool_share"
    VOLATILITY = "volatility"
    VENUE_EXPOSURE = "venue_exposure"
    GROUP_EXPOSURE = "group_exposure"
    EXPECTED_SHORTFALL = "expected_shortfall"
    IN_FLIGHT = "in_flight"
    GUARD_TRADE_SIZE = "guard_trade_size"
    APPROVAL_INVALID = "approval_invalid"
    APPROVAL_EXPIRED = "approval_expired"
    LEASE_MISSING = "lease_missing"
    LEASE_INVALID = "lease_invalid"
    LEASE_EXPIRED = "lease_expired"
    HALT_EPOCH = "halt_epoch"
    GENESIS_MISMATCH = "genesis_mismatch"
    MODE_MISMATCH = "mode_mismatch"
    SPEC_MISMATCH = "spec_mismatch"
    CODE_MISMATCH = "code_mismatch"
    POLICY_MISMATCH = "policy_mismatch"
    REPLAYED = "replayed"
    ATTEMPT = "attempt"
    SPEND_CAP = "spend_cap"
    TX_MALFORMED = "tx_malformed"
    TX_VERSION = "tx_version"
    TX_FEE_PAYER = "tx_fee_payer"
    TX_SIGNERS = "tx_signers"
    TX_BLOCKHASH = "tx_blockhash"
    TX_DURABLE_NONCE = "tx_durable_nonce"
    TX_PROGRAM = "tx_program"
    TX_ACCOUNTS = "tx_accounts"
    TX_AMOUNT = "tx_amount"
    TX_MIN_OUT = "tx_min_out"
    TX_FEE_CAP = "tx_fee_cap"
    TX_TIP = "tx_tip"
    TX_LOOKUP_TABLE = "tx_lookup_table"
    TX_TRANSFER = "tx_transfer"
    TOKEN_MINT = "token_mint"  # noqa: S105 - as above
    TOKEN_AUTHORITY = "token_authority"  # noqa: S105 - as above
    TOKEN_EXTENSION = "token_extension"  # noqa: S105 - as above
    TOKEN_FEE = "token_fee"  # noqa: S105 - as above
    TOKEN_HOLDERS = "token_holders"  # noqa: S105 - as above
    TOKEN_CREATOR = "token_creator"  # noqa: S105 - as above
    TOKEN_LIQUIDITY = "token_liquidity"  # noqa: S105 - as above
    TOKEN_UNSELLABLE = "token_unsellable"  # noqa: S105 - as above
    TOKEN_UNCHECKED = "token_unchecked"  # noqa: S105 - as above
    VENUE_SIGNS = "venue_signs"
    NO_ROUTE = "no_route"
    QUOTE_MISSING = "quote_missing"
    API_KEY_REFUSED = "api_key_refused"
    SIMULATION_FAILED = "simulation_failed"
    EXPIRED = "expired"
    CHAIN_FAILED = "chain_failed"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    PAPER_FAILED = "paper_failed"
    SIGNER_REFUSED = "signer_refused"
    JITO_CHALLENGE = "jito_challenge"


REMEDY: dict[ReasonCode, str] = {
    ReasonCode.BAD_INPUT: (
        "The message broke its contract; `memesnipe doctor` names the dead-letter stream, where its field and value stand."
    ),
    ReasonCode.DUPLICATE: "This intent was decided before; nothing to do.",
    ReasonCode.HALTED: "Trading is halted; find out why, then `memesnipe resume`.",
    ReasonCode.REDUCE_ONLY: "Only orders that reduce a position pass; `memesnipe resume` reopens.",
    ReasonCode.FROZEN: "Nothing is signed; only a person lifts it with `memesnipe resume --frozen`.",
    ReasonCode.UNKNOWN_STRATEGY: "No applied Strategy has this id; apply its manifest.",
    ReasonCode.PAUSED: "The Strategy is paused; set `paused: false` in its manifest and apply it.",
    ReasonCode.NO_ALLOCATION: "No capital for it yet; `memesnipe status` says why. A new or changed strategy gets its share by itself.",
    ReasonCode.NO_POLICY: "No RiskPolicy is applied; apply one.",
    ReasonCode.STALE_EVENT: "The event behind the intent is older than `eventAgeMsMax`; check feed and executor lag.",
    ReasonCode.CLOCK_SKEW: "The event is from the future; check the clocks of host and feed.",
    ReasonCode.ORDER_RATE: "More orders a minute than `ordersPerMinuteMax`; the strategy is likely looping.",
    ReasonCode.TRADE_SIZE: "Let the strategy ask for less, or raise `tradeSizeSolMax` of the RiskPolicy knowingly.",
    ReasonCode.STRATEGY_EXPOSURE: (
        "It holds what it may; sales make room by themselves. Its limits: its share, and `strategyExposureSolMax`."
    ),
    ReasonCode.TOKEN_EXPOSURE: "All strategies together hold `tokenExposureSolMax` of this token; sales make room by themselves.",
    ReasonCode.PORTFOLIO_EXPOSURE: "All positions together reach `portfolioExposureSolMax`; sales make room by themselves.",
    ReasonCode.OPEN_POSITIONS: (
        "`openPositionsMax` positions are open; one that closes makes room. Dust counts: `memesnipe close STRATEGY MINT`."
    ),
    ReasonCode.DRAWDOWN: "The portfolio fell too far from its highest; look at `memesnipe report`, then `memesnipe resume`.",
    ReasonCode.DAY_DRAWDOWN: "It fell too far from the day's highest; buys go on by themselves at 00:00 UTC, or with `memesnipe resume`.",
    ReasonCode.WEEK_DRAWDOWN: "It fell too far from the week's highest; buys go on by themselves on Monday, or with `memesnipe resume`.",
    ReasonCode.STRATEGY_DRAWDOWN: "The strategy fell too far from its highest; look at its trades, then `memesnipe resume` it.",
    ReasonCode.STRATEGY_DAY_DRAWDOWN: "It fell too far from its day's highest; it buys again by itself at 00:00 UTC, or when resumed.",
    ReasonCode.STRATEGY_WEEK_DRAWDOWN: "It fell too far from its week's highest; it buys again by itself on Monday, or when resumed.",
    ReasonCode.LOSS_STREAK: "It closed more than `lossesInARowMax` trades in a row at a loss; it buys again after `lossesPauseS`.",
    ReasonCode.STOP_LOSSES: "Stops closed more than `strategyStopsMax` of its trades at a loss; it buys again after `stopsPauseS`.",
    ReasonCode.PORTFOLIO_STOP_LOSSES: "Stops closed more than `portfolioStopsMax` trades at a loss; buys go on after `stopsPauseS`.",
    ReasonCode.CLOSED_DRAWDOWN: "Its closed trades lost more than `closedDrawdownBpsMax` together; it buys again after `closedPauseS`.",
    ReasonCode.TOKEN_COOLDOWN: "It closed a trade in this token less than `tokenCooldownS` ago; nothing to do.",
    ReasonCode.TOKEN_LOSSES: "Its trades in this token lost more than `tokenLossBpsMax`; it may buy it again after `tokenPauseS`.",
    ReasonCode.ORDER_LOOP: "Again and again over `ordersPerMinuteMax`: the strategy loops; mend it, then `memesnipe resume` it.",
    ReasonCode.NO_POSITION: "The wallet holds less than was to be sold: nothing to do if it was sold just now, else `memesnipe reconcile`.",
    ReasonCode.SLIPPAGE_LIMIT: "More slippage than `slippageBpsMax`, or than the order allows; let the strategy ask for less.",
    ReasonCode.STALE_FEED: "No price, or none of this token, within `market.feedAgeSMax` or `tokenPriceAgeSMax`; look at data_consumers.",
    ReasonCode.CLOCK_BREAKER: "Too many events from the future; check the clocks of host and feed. Ends after a minute without one.",
    ReasonCode.REPEATED_BUY: "The strategy bought this token a moment ago; does a second executor of it run? `market.duplicateWindowMs`.",
    ReasonCode.SELF_TRADE: "Another of our strategies is selling this token; nothing to do: the buy may pass when that sale has ended.",
    ReasonCode.POOL_SHARE: "Too large for the token's pool, or nobody knows how deep that is; see `market.poolShareBpsMax`.",
    ReasonCode.VOLATILITY: "The token moves more than `market.volatilityBpsMax`, or too little is known of how it moves.",
    ReasonCode.VENUE_EXPOSURE: "Positions at the token's venue reach `market.venueExposureSolMax`; sales make room by themselves.",
    ReasonCode.GROUP_EXPOSURE: "Positions that fall together reach `market.groupExposureSolMax`; sales make room by themselves.",
    ReasonCode.EXPECTED_SHORTFALL: (
        "The worst minutes of the last hour would cost more than `market.expectedShortfallBpsMax`; it ends by itself."
    ),
    ReasonCode.IN_FLIGHT: "An order of this strategy for this token is on its way; its end frees the token by itself.",
    ReasonCode.GUARD_TRADE_SIZE: (
        "Larger than `MEMESNIPE_GUARD_TRADE_SIZE_LAMPORTS_MAX`; let the strategy ask for less, or raise both limits knowingly."
    ),
    ReasonCode.APPROVAL_INVALID: (
        "Nobody we trust approved this: after a change of keys restart all (docs/howto/keys.md), else docs/howto/stolen-key.md."
    ),
    ReasonCode.APPROVAL_EXPIRED: (
        "The approval is too old; `memesnipe doctor` compares clocks, `memesnipe orders show ID` says which hop is slow."
    ),
    ReasonCode.LEASE_MISSING: "control gave no leave to sign for this strategy; is it alive? `memesnipe status`, then its log.",
    ReasonCode.LEASE_INVALID: (
        "The leave to sign is not from our control, or for something else; docs/howto/keys.md, else docs/howto/stolen-key.md."
    ),
    ReasonCode.LEASE_EXPIRED: "control stopped renewing its leave to sign; is it alive? `memesnipe status`, then its log.",
    ReasonCode.HALT_EPOCH: "A halt came between approval and signature; nothing to do: after `memesnipe resume` the strategy asks anew.",
    ReasonCode.GENESIS_MISMATCH: "RPC host and configuration are of different chains; see `MEMESNIPE_RPC_URL` and `memesnipe live-check`.",
    ReasonCode.MODE_MISMATCH: (
        "An order on paper is never signed; for real money: docs/howto/go-live.md, and `PAPER_TRADING_MODE` at the signer."
    ),
    ReasonCode.SPEC_MISMATCH: "The strategy's manifest changed since the intent was made; nothing to do: it asks anew by itself.",
    ReasonCode.CODE_MISMATCH: "The executor runs other code than the live share is for; wait for strategy_factory, else restart it.",
    ReasonCode.POLICY_MISMATCH: "The risk policy changed since the approval; nothing to do: the strategy asks anew by itself.",
    ReasonCode.REPLAYED: "This attempt was signed before with other bytes; nothing to do: wallet_guard watches that one to its end.",
    ReasonCode.ATTEMPT: "Attempts are signed in order, and `MEMESNIPE_ATTEMPTS_MAX` of them; nothing to do: the last one ends by itself.",
    ReasonCode.SPEND_CAP: (
        "`MEMESNIPE_SPEND_LAMPORTS_PER_HOUR_MAX` or `_DAY_MAX` of the signer is spent; it frees up by itself. Is so much meant?"
    ),
    ReasonCode.TX_MALFORMED: "Jupiter or wallet_guard built what does not decode; if it goes on, `memesnipe kill`, then their logs.",
    ReasonCode.TX_VERSION: (
        "Only legacy and v0 transactions are signed; look for a change of Jupiter's API in docs/reference/market-sources.md."
    ),
    ReasonCode.TX_FEE_PAYER: (
        "Another wallet would pay: wallet_guard's wallet must be the signer's; if it is, halt: docs/howto/stolen-key.md."
    ),
    ReasonCode.TX_SIGNERS: (
        "Another signer is wanted: if it goes on, halt; wallet_guard or Jupiter may be stolen (docs/howto/stolen-key.md)."
    ),
    ReasonCode.TX_BLOCKHASH: "The blockhash is unknown or nearly expired; tried again by itself. If it goes on, the RPC host lags or lies.",
    ReasonCode.TX_DURABLE_NONCE: (
        "It could land whenever somebody likes: halt, and take wallet_guard for stolen (docs/howto/stolen-key.md)."
    ),
    ReasonCode.TX_PROGRAM: (
        "A program that we do not know is called; nothing to do for one token. If it goes on, halt: docs/howto/stolen-key.md."
    ),
    ReasonCode.TX_ACCOUNTS: (
        "The swap would pay or take elsewhere: halt if it goes on; wallet_guard or Jupiter may be stolen (docs/howto/stolen-key.md)."
    ),
    ReasonCode.TX_AMOUNT: "The swap spends another amount than was approved: halt if it goes on (docs/howto/stolen-key.md).",
    ReasonCode.TX_MIN_OUT: "The price ran away, or somebody lies about it; the strategy or the exit asks anew by itself.",
    ReasonCode.TX_FEE_CAP: "Fees are above `MEMESNIPE_PRIORITY_FEE_LAMPORTS_MAX`; wait until the chain is calmer, or raise it knowingly.",
    ReasonCode.TX_TIP: "Tip above `MEMESNIPE_TIP_LAMPORTS_MAX`, or not to Jito; if to a stranger, halt: docs/howto/stolen-key.md.",
    ReasonCode.TX_LOOKUP_TABLE: "A table of addresses is missing or changed; tried again by itself. If it goes on, compare two RPC hosts.",
    ReasonCode.TX_TRANSFER: "A stranger would be paid or given power: halt, and take wallet_guard for stolen (docs/howto/stolen-key.md).",
    ReasonCode.TOKEN_MINT: "The token's mint is not one clean mint of a known token program; it may be a look-alike. Leave it.",
    ReasonCode.TOKEN_AUTHORITY: "Somebody can mint more of the token or freeze accounts; leave it, or see `MEMESNIPE_TOKEN_*_AUTHORITY`.",
    ReasonCode.TOKEN_EXTENSION: "The token has an extension by which somebody can take, stop or disguise what is bought; leave it.",
    ReasonCode.TOKEN_FEE: "It takes more of each transfer, now or soon, than `MEMESNIPE_TOKEN_TRANSFER_FEE_BPS_MAX`; leave it.",
    ReasonCode.TOKEN_HOLDERS: "One holder beside the pools has more of the supply than `MEMESNIPE_TOKEN_HOLDER_BPS_MAX`; leave it.",
    ReasonCode.TOKEN_CREATOR: "Its creator launched more tokens lately than `MEMESNIPE_TOKEN_CREATOR_LAUNCHES_MAX`; leave it.",
    ReasonCode.TOKEN_LIQUIDITY: "The pool's liquidity can be taken out, or its venue is not known; see docs/reference/token-safety.md.",
    ReasonCode.TOKEN_UNSELLABLE: "Nobody buys the token back, or a round trip loses more than `MEMESNIPE_TOKEN_ROUND_TRIP_BPS_MAX`.",
    ReasonCode.TOKEN_UNCHECKED: "A check before a buy could not be made (a host that failed or lied); look at the RPC host and Jupiter.",
    ReasonCode.VENUE_SIGNS: "This venue signs by itself, outside all approvals; take the token out of `MEMESNIPE_DRIFT_MARKETS`.",
    ReasonCode.NO_ROUTE: "Nobody takes this much of the token now; an exit tries again by itself: look at its liquidity, or close a part.",
    ReasonCode.QUOTE_MISSING: (
        "No quote or price came in time; an exit tries again by itself. If it goes on, `memesnipe live-check` asks Jupiter and feeds."
    ),
    ReasonCode.API_KEY_REFUSED: "A host refuses our API key; the detail names the setting that holds it: put a good one there and restart.",
    ReasonCode.SIMULATION_FAILED: (
        "It would fail on chain, so nothing was paid; an exit tries again by itself. The detail has the program's own error."
    ),
    ReasonCode.EXPIRED: "It never landed and nothing was paid; if often, tips or the RPC host are too slow: docs/reference/landing.md.",
    ReasonCode.CHAIN_FAILED: "It landed and failed, mostly as the price ran away; its fee was paid. If often, docs/reference/landing.md.",
    ReasonCode.INSUFFICIENT_FUNDS: (
        "The wallet cannot pay for order and fees: send SOL to it, or lower the capital in the Allocation's manifest."
    ),
    ReasonCode.PAPER_FAILED: "Nothing to do: the paper model lets orders fail as often as the chain does.",
    ReasonCode.SIGNER_REFUSED: "The signer has no leave or no answer: look at its log and audit log, and at `memesnipe live-check`.",
    ReasonCode.JITO_CHALLENGE: "No order: a challenge not of Jito's shape, too many of them, or `MEMESNIPE_JITO_AUTH_FILE` is not set.",
}
