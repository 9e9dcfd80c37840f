"""The dashboards: money, orders, risk, services, operator. Each query names a metric that a service shows (a test holds it to that)."""

from memesnipe.testing.grafana.panels import BPS, COUNT, RATE, RATIO, SECONDS, SOL, Board, Panel, Row, lines, per_s, quantile

STATS = (
    Panel("Kill switch", COUNT, (('max(memesnipe_risk_halt_level{scope="*"})', ""),), ((1, "orange"), (2, "red")), halts=True),
    Panel("Equity ($mode)", SOL, (('sum(memesnipe_equity_lamports{mode="$mode"}) / 1e9', ""),)),
    Panel("Drawdown ($mode)", "percent", (('max(memesnipe_risk_drawdown_bps{mode="$mode"}) / 100', ""),), ((5, "orange"), (10, "red"))),
    Panel("Open positions ($mode)", COUNT, (('sum(memesnipe_positions_open{mode="$mode"})', ""),)),
    Panel("Without a stop", COUNT, (("sum(memesnipe_positions_without_stop)", ""),), ((1, "red"),)),
    Panel("Not ready", COUNT, (("count(memesnipe_ready == 0) or vector(0)", ""),), ((1, "red"),)),
)

MONEY = Row(
    "Money",
    (
        lines("Equity", SOL, ("sum by (mode) (memesnipe_equity_lamports) / 1e9", "{{mode}}")),
        lines(
            "Realized and unrealized, by strategy",
            SOL,
            ('memesnipe_realized_lamports{mode="$mode"} / 1e9', "{{strategy}} realized"),
            ('memesnipe_unrealized_lamports{mode="$mode"} / 1e9', "{{strategy}} unrealized"),
        ),
        lines("Drawdown", BPS, ('memesnipe_risk_drawdown_bps{mode="$mode"}', "fall from the peak")),
        lines("Where the money went", SOL, ('memesnipe_attribution_lamports{mode="$mode"} / 1e9', "{{strategy}} {{part}}")),
        lines("Edge by age", BPS, ('memesnipe_attribution_bps{mode="$mode", what=~"age_.*"}', "{{strategy}} {{what}}")),
        lines("Sharpe, Sortino, Calmar", COUNT, ('memesnipe_attribution_ratio{mode="$mode"}', "{{strategy}} {{ratio}}")),
    ),
)
STRATEGIES = Row(
    "Strategies",
    (
        lines("Capital by strategy", SOL, ("memesnipe_allocator_capital_lamports / 1e9", "{{strategy}}")),
        lines("Weight by strategy", BPS, ("memesnipe_allocator_weight_bps", "{{strategy}}")),
        lines("Free capital by strategy", SOL, ("memesnipe_executor_free_lamports / 1e9", "{{strategy}}")),
        lines("Faults of strategies", RATE, (per_s("memesnipe_strategy_errors_total", "strategy", "kind"), "{{strategy}} {{kind}}")),
        lines("Promotion stage", COUNT, ("memesnipe_promotion_stage == 1", "{{strategy}}: {{stage}}")),
        lines("Go-live gates that fail", COUNT, ("memesnipe_gate_failing == 1", "{{strategy}}: {{gate}}")),
    ),
)

PATH = Row(
    "From event to fill",
    (
        lines("Intents", RATE, (per_s("memesnipe_executor_intents_total", "strategy", "side"), "{{strategy}} {{side}}")),
        lines(
            "Approved, filled",
            RATE,
            (per_s("memesnipe_risk_approvals_total", "mode"), "approved, {{mode}}"),
            (per_s("memesnipe_guard_fills_total", "mode", "status"), "{{status}}, {{mode}}"),
        ),
        lines("Refused, by reason", RATE, (per_s("memesnipe_rejections_total", "stage", "reason"), "{{stage}}: {{reason}}")),
        lines("Event to handled, median by stage", SECONDS, (quantile(0.5, "memesnipe_hop_latency_seconds", "stage"), "{{stage}}")),
        lines(
            "Event to handled, 99th percentile by stage", SECONDS, (quantile(0.99, "memesnipe_hop_latency_seconds", "stage"), "{{stage}}")
        ),
        lines(
            "An order's hops, each since the one before, 99th percentile",
            SECONDS,
            (quantile(0.99, "memesnipe_order_hop_seconds", "mode", "hop"), "{{hop}}, {{mode}}"),
        ),
        lines(
            "Landing of live transactions",
            SECONDS,
            (quantile(0.5, "memesnipe_guard_landing_seconds"), "median"),
            (quantile(0.99, "memesnipe_guard_landing_seconds"), "99th percentile"),
        ),
    ),
)
QUALITY = Row(
    "Fill quality: live beside paper",
    (
        lines("Live attempts by outcome", RATE, (per_s("memesnipe_guard_attempts_total", "outcome"), "{{outcome}}")),
        lines("Live less paper, median, of the size", BPS, ("memesnipe_paper_live_gap_median_bps", "{{strategy}}")),
        lines("Share of live orders in paper's band", RATIO, ("memesnipe_paper_live_in_band_ratio", "{{strategy}}")),
        lines(
            "Pairs, and live orders without one",
            RATE,
            (per_s("memesnipe_paper_live_pairs_total", "end", "band"), "{{end}}, {{band}} of band"),
            (per_s("memesnipe_guard_orders_unpaired_total", "why"), "unpaired: {{why}}"),
        ),
        lines(
            "Slippage, expected and realized",
            BPS,
            ('memesnipe_attribution_bps{what=~"expected|realized|slippage"}', "{{strategy}} {{what}}"),
        ),
        lines("Exits by cause", RATE, (per_s("memesnipe_exits_total", "cause"), "{{cause}}")),
    ),
)

ROOM = Row(
    "Room under the limits",
    (
        lines(
            "Exposure and room",
            SOL,
            ('memesnipe_risk_exposure_lamports{mode="$mode"} / 1e9', "{{strategy}} held"),
            ('memesnipe_risk_reserved_lamports{mode="$mode"} / 1e9', "{{strategy}} in flight"),
            ('memesnipe_risk_headroom_lamports{mode="$mode"} / 1e9', "room left"),
        ),
        lines("Room up to each breaker", COUNT, ('memesnipe_risk_breaker_headroom{mode="$mode"}', "{{scope}} {{breaker}}")),
        lines("Breakers that stop buys", COUNT, ("memesnipe_risk_breaker_tripped == 1", "{{scope}} {{breaker}} ({{mode}})")),
        lines(
            "Oldest exit, oldest order in flight",
            SECONDS,
            ("memesnipe_exit_in_flight_oldest_seconds", "exit"),
            ("memesnipe_risk_oldest_order_seconds", "order, {{mode}}"),
        ),
        lines("Halt level by scope", COUNT, ("memesnipe_risk_halt_level", "{{scope}}")),
        lines(
            "Positions to look at",
            COUNT,
            ("memesnipe_positions_without_stop", "without a stop"),
            ("memesnipe_positions_price_stale", "without a fresh price"),
            ("memesnipe_wallet_orphans", "wallet: {{kind}}"),
            ("memesnipe_positions_dust", "dust"),
            ("memesnipe_exit_urgency_most", "tries of one exit"),
        ),
    ),
)
SIGNER = Row(
    "Signer and leases",
    (
        lines(
            "Refused at the signer's door",
            RATE,
            (
                'sum by (reason) (rate(memesnipe_rejections_total{reason=~"signer_refused|spend_cap|replayed|tx_.*"}[$__rate_interval]))',
                "{{reason}}",
            ),
        ),
        lines("Age of the lease last used", SECONDS, ("max(memesnipe_guard_lease_age_seconds)", "lease")),
        lines("Mode leases granted", RATE, (per_s("memesnipe_leases_granted_total", "strategy", "kind"), "{{strategy}} {{kind}}")),
    ),
)

RED = Row(
    "Rate, errors, duration",
    (
        lines("Messages read, by service", RATE, (per_s("memesnipe_messages_read_total", "job"), "{{job}}")),
        lines(
            "Errors, by service",
            RATE,
            (per_s("memesnipe_bad_input_total", "job"), "{{job}}: bad input"),
            (per_s("memesnipe_dead_letters_total", "job"), "{{job}}: dead letter"),
        ),
        lines("Event to handled, 99th percentile", SECONDS, (quantile(0.99, "memesnipe_hop_latency_seconds", "job"), "{{job}}")),
        lines("Takes work", COUNT, ("memesnipe_ready", "{{pod}}")),
        lines("Memory", "bytes", ("process_resident_memory_bytes", "{{pod}}")),
        lines("Processor", COUNT, ("rate(process_cpu_seconds_total[$__rate_interval])", "{{pod}}")),
    ),
)
STREAMS = Row(
    "Streams and market",
    (
        lines("Stream lengths", COUNT, ("max by (stream) (memesnipe_stream_length)", "{{stream}}")),
        lines("Skips of readers that fell behind", COUNT, (per_s("memesnipe_stream_gaps_total", "job", "stream"), "{{job}} on {{stream}}")),
        lines("Age of events when published", SECONDS, ("max by (source) (memesnipe_market_lag_seconds)", "{{source}}")),
        lines("Events", RATE, (per_s("memesnipe_market_events_total", "kind"), "{{kind}}")),
        lines(
            "Gaps and reconnects of sources",
            RATE,
            (per_s("memesnipe_source_gaps_total", "source"), "gap of {{source}}"),
            (per_s("memesnipe_source_reconnects_total", "source"), "reconnect of {{source}}"),
        ),
        lines(
            "Ledger",
            COUNT,
            ("memesnipe_ledger_backlog_entries", "entries waiting"),
            (per_s("memesnipe_ledger_fills_total", "verdict"), "fills, {{verdict}}"),
            ("rate(memesnipe_ledger_failures_total[$__rate_interval])", "failures"),
        ),
    ),
)
HOSTS = Row(
    "Hosts outside",
    (
        lines("Calls", RATE, (per_s("memesnipe_external_calls_total", "endpoint", "outcome"), "{{endpoint}} {{outcome}}")),
        lines(
            "Their latency, 99th percentile", SECONDS, (quantile(0.99, "memesnipe_external_latency_seconds", "endpoint"), "{{endpoint}}")
        ),
        lines("Checks of tokens", RATE, (per_s("memesnipe_guard_token_checks_total", "outcome"), "{{outcome}}")),
    ),
)

OPERATOR = Row(
    "Operator",
    (
        lines("Reconciles", RATE, (per_s("memesnipe_reconciles_total", "kind", "outcome"), "{{kind}} {{outcome}}")),
        lines("Their duration, 99th percentile", SECONDS, (quantile(0.99, "memesnipe_reconcile_seconds", "kind"), "{{kind}}")),
        lines(
            "Waiting, drift, failed turns",
            COUNT,
            ("memesnipe_queue_length", "waiting: {{kind}}"),
            ("sum by (kind) (increase(memesnipe_drift_repaired_total[$__rate_interval]))", "drift: {{kind}}"),
            ("sum by (part) (increase(memesnipe_operator_turn_failures_total[$__rate_interval]))", "failed turn: {{part}}"),
        ),
        lines("Calls to the API server", RATE, (per_s("memesnipe_api_calls_total", "verb", "outcome"), "{{verb}} {{outcome}}")),
        lines(
            "Strategies by effective mode, leaders",
            COUNT,
            ("sum by (mode) (memesnipe_strategies)", "{{mode}}"),
            ("sum(memesnipe_operator_leading)", "operators that lead"),
        ),
        lines("Configuration on a host", COUNT, ("memesnipe_config_version", "version"), ("memesnipe_config_errors_total", "refused")),
    ),
)

BOARDS = (
    Board("memesnipe", "MemeSnipe: money", STATS, (MONEY, STRATEGIES)),
    Board("memesnipe-orders", "MemeSnipe: orders", (), (PATH, QUALITY)),
    Board("memesnipe-risk", "MemeSnipe: risk and signer", STATS, (ROOM, SIGNER)),
    Board("memesnipe-services", "MemeSnipe: services", (), (RED, STREAMS, HOSTS)),
    Board("memesnipe-operator", "MemeSnipe: operator", (), (OPERATOR,)),
)
