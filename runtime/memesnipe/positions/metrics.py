"""position_manager's own metrics. Labels: strategy (bounded by what is applied), mode, cause."""

from prometheus_client import Counter, Gauge, Histogram

OPEN_POSITIONS = Gauge("memesnipe_positions_open", "Open positions", ["strategy", "mode"])
WITHOUT_STOP = Gauge("memesnipe_positions_without_stop", "Open positions that no stop protects; anything above 0 is an alert")
PRICE_STALE = Gauge("memesnipe_positions_price_stale", "Open positions whose newest price is older than staleAlertS; an alert above 0")
DUST = Gauge(
    "memesnipe_positions_dust", "Open positions of which so little is left that its sale would cost more: not sold, and not tried again"
)
ORPHANS = Gauge(
    "memesnipe_wallet_orphans",
    "Tokens in the wallet beyond what open positions hold (kind traded: of ours once; stranger: never), or short of it (kind missing)",
    ["kind"],
)
UNREALIZED = Gauge("memesnipe_unrealized_lamports", "Mark less cost of open positions", ["strategy", "mode"])
REALIZED = Gauge("memesnipe_realized_lamports", "Profit realized, net of every cost", ["strategy", "mode"])
EQUITY = Gauge("memesnipe_equity_lamports", "Capital and profit of the portfolio", ["mode"])
EXITS = Counter("memesnipe_exits_total", "Exit intents made", ["strategy", "cause"])
EXIT_URGENCY = Gauge("memesnipe_exit_urgency_most", "How often the exit under way that was refused most was tried before")
EXIT_IN_FLIGHT_S = Gauge("memesnipe_exit_in_flight_oldest_seconds", "Age of the oldest exit without an outcome")
CLOSE_WITHOUT_POSITION = Counter("memesnipe_close_requests_without_position_total", "Requests to close what is not held")
FILLS = Counter("memesnipe_ledger_fills_total", "Fills given to the ledger, by what it made of them", ["verdict"])
LEDGER_FAILURES = Counter("memesnipe_ledger_failures_total", "Times the ledger could not be read or written")
LEDGER_BACKLOG = Gauge("memesnipe_ledger_backlog_entries", "Entries that wait, unacknowledged, for the ledger")
MISSING_FILLS = Gauge("memesnipe_fills_missing", "Live fills that the finalized chain does not hold, whose blockhash may still live")
AMENDED_FILLS = Counter("memesnipe_fills_amended_total", "Live fills that the finalized chain had otherwise: moved, or undone", ["verdict"])
GAP_BPS = Histogram(
    "memesnipe_paper_live_gap_bps",
    "Live less paper over the order's size, in bps; below zero paper promised too much",
    ["strategy"],
    buckets=(-1_000, -500, -250, -100, -50, -25, -10, 0, 10, 25, 50, 100, 250, 500, 1_000),
)
PAIRS = Counter(
    "memesnipe_paper_live_pairs_total",
    "Live orders with a paper twin, by live end and band",
    ["strategy", "end", "band"],
)
IN_BAND = Gauge("memesnipe_paper_live_in_band_ratio", "Share of the newest pairs that ended within the paper model's band", ["strategy"])
GAP_MEDIAN_BPS = Gauge("memesnipe_paper_live_gap_median_bps", "Median gap of the newest pairs that both have filled", ["strategy"])
GAP_ORDERS = Gauge("memesnipe_paper_live_newest_pairs", "How many pairs these shares and medians rest on", ["strategy"])
FAILURES_OVER = Gauge(
    "memesnipe_paper_live_failures_over", "Live orders that failed or never landed, beyond what the paper model's odds allow", ["strategy"]
)
ADOPTED = Counter("memesnipe_wallet_transfers_total", "Wallet movements that no order of ours made")
ADOPT_FAILURES = Counter("memesnipe_wallet_walk_failures_total", "Times the wallet's history could not be walked")
TOKENS_WORSE = Counter("memesnipe_held_tokens_turned_bad_total", "Held tokens whose mint changed for the worse, and which are sold for it")
TOKEN_LOOK_FAILURES = Counter("memesnipe_held_token_look_failures_total", "Times the mints of held tokens could not be looked at")
