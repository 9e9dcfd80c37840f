"""The dashboard's own metrics."""

from prometheus_client import Counter, Gauge, Histogram

LOOKS_S = Histogram("memesnipe_dashboard_look_seconds", "Time to read streams and ledger for one picture")
PROBLEMS = Counter("memesnipe_dashboard_problems_total", "Pictures in which a part could not be read", ["part"])
CLIENTS = Gauge("memesnipe_dashboard_clients", "Pages that get live updates")
TURNED_AWAY = Counter("memesnipe_dashboard_clients_refused_total", "Pages that found all places for live updates taken")
COMMANDS = Counter("memesnipe_dashboard_commands_total", "What a person asked for on the page", ["command", "outcome"])
TURNED_BACK = Counter("memesnipe_dashboard_turned_back_total", "Requests of strangers that were not let in")
SIGN_INS = Counter("memesnipe_dashboard_sign_ins_total", "Passwords that were tried, by outcome", ["outcome"])
ATTRIBUTED = Gauge(
    "memesnipe_attribution_lamports",
    "Closed trades taken apart: gross is net with every cost put back",
    ["strategy", "mode", "part"],
)
ATTRIBUTED_BPS = Gauge(
    "memesnipe_attribution_bps",
    "Of closed trades, in bps: net and slippage of what was paid, by age, execution as paper expected it and as it was, hits, time held",
    ["strategy", "mode", "what"],
)
ATTRIBUTED_RATIO = Gauge(
    "memesnipe_attribution_ratio", "Sharpe, Sortino and Calmar of closed trades; NaN where unknown", ["strategy", "mode", "ratio"]
)
ATTRIBUTED_TRADES = Gauge("memesnipe_attribution_trades", "Closed trades that these numbers rest on", ["strategy", "mode"])
ATTRIBUTED_DRAWDOWN = Gauge("memesnipe_attribution_drawdown_lamports", "Deepest fall of the summed net results", ["strategy", "mode"])
