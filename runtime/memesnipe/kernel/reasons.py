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
    ReasonCode.BAD_INPUT: "The message broke its contract; look at the dead-letter stream for the field and the value.",
    ReasonCode.DUPLICATE: "This intent was decided before; nothing to do.",
    ReasonCode.HALTED: "Trading is halted; find out why, then `memesnipe resume`.",
    ReasonCode.REDUCE_ONLY: "Only orders that reduce a position pass; `memesnipe resume` reopens.",
    ReasonCode.FROZEN: "Nothing is signed; only a person lifts it with `memesnipe resume --frozen`.",
    ReasonCode.UNKNOWN_STRATEGY: "No applied Strategy has this id; apply its manifest.",
    ReasonCode.PAUSED: "The Strategy is paused; set `paused: false` in its manifest and apply it.",
    ReasonCode.NO_ALLOCATION: "The allocator gave this strategy no capital yet; see `allocations_channel`.",
    ReasonCode.NO_POLICY: "No RiskPolicy is applied; apply one.",
    ReasonCode.STALE_EVENT: "The event behind the intent is older than `eventAgeMsMax`; check feed and executor lag.",
    ReasonCode.CLOCK_SKEW: "The event is from the future; check the clocks of host and feed.",
    ReasonCode.ORDER_RATE: "More orders a minute than `ordersPerMinuteMax`; the strategy is likely looping.",
    ReasonCode.TRADE_SIZE: "Larger than `tradeSizeSolMax` of the RiskPolicy.",
    ReasonCode.STRATEGY_EXPOSURE: "The strategy's exposure and reservations would pass its capital or limit.",
    ReasonCode.TOKEN_EXPOSURE: "Exposure to this token would pass `tokenExposureSolMax`.",
    ReasonCode.PORTFOLIO_EXPOSURE: "Portfolio exposure would pass `portfolioExposureSolMax`.",
    ReasonCode.OPEN_POSITIONS: "More open positions than `openPositionsMax`.",
    ReasonCode.DRAWDOWN: "Drawdown passed its limit; new risk is halted until a person resumes.",
    ReasonCode.DAY_DRAWDOWN: "The portfolio fell too far from the day's highest; it buys again at 00:00 UTC, or when a person resumes all.",
    ReasonCode.WEEK_DRAWDOWN: "The portfolio fell too far from the week's highest; it buys again on Monday, or when a person resumes all.",
    ReasonCode.STRATEGY_DRAWDOWN: "The strategy fell too far from its highest; look at its trades, then `memesnipe resume` it.",
    ReasonCode.STRATEGY_DAY_DRAWDOWN: "It fell too far from its day's highest; it buys again at 00:00 UTC, or when a person resumes it.",
    ReasonCode.STRATEGY_WEEK_DRAWDOWN: "It fell too far from its week's highest; it buys again on Monday, or when a person resumes it.",
    ReasonCode.LOSS_STREAK: "It closed more than `lossesInARowMax` trades in a row at a loss; it buys again after `lossesPauseS`.",
    ReasonCode.STOP_LOSSES: "Stops closed more than `strategyStopsMax` of its trades at a loss; it buys again after `stopsPauseS`.",
    ReasonCode.PORTFOLIO_STOP_LOSSES: "Stops closed more than `portfolioStopsMax` trades at a loss; buys go on after `stopsPauseS`.",
    ReasonCode.CLOSED_DRAWDOWN: "Its closed trades lost more than `closedDrawdownBpsMax` together; it buys again after `closedPauseS`.",
    ReasonCode.TOKEN_COOLDOWN: "It closed a trade in this token less than `tokenCooldownS` ago; nothing to do.",
    ReasonCode.TOKEN_LOSSES: "Its trades in this token lost more than `tokenLossBpsMax`; it may buy it again after `tokenPauseS`.",
    ReasonCode.ORDER_LOOP: "Again and again over `ordersPerMinuteMax`: the strategy loops; mend it, then `memesnipe resume` it.",
    ReasonCode.NO_POSITION: "A sell or exit without that many tokens held.",
    ReasonCode.SLIPPAGE_LIMIT: "Asked slippage is above `slippageBpsMax`.",
    ReasonCode.STALE_FEED: "No price, or none of this token, within `market.feedAgeSMax` or `tokenPriceAgeSMax`; look at data_consumers.",
    ReasonCode.CLOCK_BREAKER: "Too many events from the future; check the clocks of host and feed. Ends after a minute without one.",
    ReasonCode.REPEATED_BUY: "The strategy bought this token a moment ago; does a second executor of it run? `market.duplicateWindowMs`.",
    ReasonCode.SELF_TRADE: "Another of our strategies is selling this token; the buy may be asked again when that sale has ended.",
    ReasonCode.POOL_SHARE: "Too large for the token's pool, or nobody knows how deep that is; see `market.poolShareBpsMax`.",
    ReasonCode.VOLATILITY: "The token moves more than `market.volatilityBpsMax`, or too little is known of how it moves.",
    ReasonCode.VENUE_EXPOSURE: "Exposure to the token's venue would pass `market.venueExposureSolMax`.",
    ReasonCode.GROUP_EXPOSURE: "Exposure to tokens that fall together would pass `market.groupExposureSolMax`.",
    ReasonCode.EXPECTED_SHORTFALL: "The worst minutes of the last hour would cost more than `market.expectedShortfallBpsMax`.",
    ReasonCode.IN_FLIGHT: "An order for the same strategy and token is still in flight.",
    ReasonCode.GUARD_TRADE_SIZE: "Larger than wallet_guard's own per-trade limit.",
    ReasonCode.APPROVAL_INVALID: "An approval's signature, key or content does not fit; suspect tampering.",
    ReasonCode.APPROVAL_EXPIRED: "The approval is too old; the path is slow or the clock is off.",
    ReasonCode.LEASE_MISSING: "No mode lease for this strategy; is the control process alive?",
    ReasonCode.LEASE_INVALID: "The mode lease's signature or fields do not fit.",
    ReasonCode.LEASE_EXPIRED: "The mode lease ran out; is the control process alive?",
    ReasonCode.HALT_EPOCH: "A halt came between approval and signature; a new order is needed.",
    ReasonCode.GENESIS_MISMATCH: "The approval is for another chain.",
    ReasonCode.MODE_MISMATCH: "Only live orders are signed.",
    ReasonCode.SPEC_MISMATCH: "The strategy's spec changed since the intent was made.",
    ReasonCode.CODE_MISMATCH: "The executor runs other code than the live share is for; wait for strategy_factory, else restart it.",
    ReasonCode.POLICY_MISMATCH: "The risk policy changed since the approval.",
    ReasonCode.REPLAYED: "This attempt was signed before with other bytes; wallet_guard watches that signature to its end.",
    ReasonCode.ATTEMPT: "Attempts are signed in order and only so many; wait for the last one to expire, or make a new order.",
    ReasonCode.SPEND_CAP: "The signer's hourly or daily spend cap is reached.",
    ReasonCode.TX_MALFORMED: "The transaction does not decode cleanly.",
    ReasonCode.TX_VERSION: "The transaction version is not on the allow-list.",
    ReasonCode.TX_FEE_PAYER: "The fee payer is not our wallet.",
    ReasonCode.TX_SIGNERS: "The transaction wants another signer than our wallet.",
    ReasonCode.TX_BLOCKHASH: "The blockhash is unknown or nearly expired.",
    ReasonCode.TX_DURABLE_NONCE: "Durable nonces are never signed.",
    ReasonCode.TX_PROGRAM: "A program outside the allow-list is called.",
    ReasonCode.TX_ACCOUNTS: "User, token accounts or mints of the swap are not the ones we derive.",
    ReasonCode.TX_AMOUNT: "The swap's in-amount is not the approved one.",
    ReasonCode.TX_MIN_OUT: "The swap's minimum out is below what was approved.",
    ReasonCode.TX_FEE_CAP: "Priority fee above the cap.",
    ReasonCode.TX_TIP: "Tip above the cap or to an unknown account.",
    ReasonCode.TX_LOOKUP_TABLE: "A lookup table is missing, changed or holds an account that must be static.",
    ReasonCode.TX_TRANSFER: "A transfer, approval or close to a stranger is in the transaction.",
    ReasonCode.TOKEN_MINT: "The token's mint is not one clean mint of a known token program; it may be a look-alike. Leave it.",
    ReasonCode.TOKEN_AUTHORITY: "Somebody can mint more of the token or freeze accounts; leave it, or see `MEMESNIPE_TOKEN_*_AUTHORITY`.",
    ReasonCode.TOKEN_EXTENSION: "The token has an extension by which somebody can take, stop or disguise what is bought; leave it.",
    ReasonCode.TOKEN_FEE: "The token takes more of each transfer, now or from a coming epoch, than `MEMESNIPE_TOKEN_TRANSFER_FEE_BPS_MAX`.",
    ReasonCode.TOKEN_HOLDERS: "One holder beside the pools has more of the supply than `MEMESNIPE_TOKEN_HOLDER_BPS_MAX`.",
    ReasonCode.TOKEN_CREATOR: "Its creator launched more tokens lately than `MEMESNIPE_TOKEN_CREATOR_LAUNCHES_MAX`.",
    ReasonCode.TOKEN_LIQUIDITY: "The pool's liquidity can be taken out, or its venue is not known; see docs/reference/token-safety.md.",
    ReasonCode.TOKEN_UNSELLABLE: "Nobody buys the token back, or a round trip loses more than `MEMESNIPE_TOKEN_ROUND_TRIP_BPS_MAX`.",
    ReasonCode.TOKEN_UNCHECKED: "A check before a buy could not be made (a host that failed or lied); look at the RPC host and Jupiter.",
    ReasonCode.VENUE_SIGNS: "This venue signs by itself, outside all approvals; take the token out of `MEMESNIPE_DRIFT_MARKETS`.",
    ReasonCode.NO_ROUTE: "The aggregator knows no route for this token and size.",
    ReasonCode.QUOTE_MISSING: "No quote could be had in time.",
    ReasonCode.API_KEY_REFUSED: "A host refuses our API key; the detail names the setting that holds it.",
    ReasonCode.SIMULATION_FAILED: "The chain's simulation of the transaction failed.",
    ReasonCode.EXPIRED: "The blockhash expired, finalized, and the transaction never landed.",
    ReasonCode.CHAIN_FAILED: "The transaction landed and failed; only its fee was paid.",
    ReasonCode.INSUFFICIENT_FUNDS: "The wallet cannot pay for this order and its fees.",
    ReasonCode.PAPER_FAILED: "The paper model let this order fail, as the chain sometimes does.",
    ReasonCode.SIGNER_REFUSED: "The signer refused; its audit log has the reason.",
    ReasonCode.JITO_CHALLENGE: "No order: not a challenge of Jito's shape, too many of them, or `MEMESNIPE_JITO_AUTH_FILE` is not set.",
}
