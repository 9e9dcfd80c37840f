"""The dashboard's own metrics."""

from prometheus_client import Counter, Gauge, Histogram

LOOKS_S = Histogram("memesnipe_dashboard_look_seconds", "Time to read streams and ledger for one picture")
PROBLEMS = Counter("memesnipe_dashboard_problems_total", "Pictures in which a part could not be read", ["part"])
CLIENTS = Gauge("memesnipe_dashboard_clients", "Pages that get live updates")
TURNED_AWAY = Counter("memesnipe_dashboard_clients_refused_total", "Pages that found all places for live updates taken")
COMMANDS = Counter("memesnipe_dashboard_commands_total", "What a person asked for on the page", ["command", "outcome"])
