"""The rows of the misbehaviour matrix: what localnet, node and vendors do to every order of a row, as `POST /localnet/faults` takes it."""

from typing import Any

from memesnipe.localnet.poisons import POISONS

Json = Any
HARMLESS = "poison wrong_table"
"""The one poison that need not stop an order: our clients read lookup tables from the chain, not from the quote."""

CHANCE, DISK_LOST = "everything, by chance", "the guard's disk is lost at each crash"
EVERYTHING: dict[str, Json] = {
    "too_many_requests_bare": 1_000,
    "rate_limited_inside": 1_000,
    "unavailable": 1_000,
    "node_behind": 1_000,
    "lost_answers": 1_000,
    "lost_sends": 1_000,
    "reverted_swaps": 1_000,
    "wrong_statuses": 1_000,
    "wrong_transactions": 1_000,
    "hidden_slots": 6,
    "slow_ms": 5,
    "odds_per_mille": {
        "too_many_requests_bare": 2,
        "rate_limited_inside": 2,
        "unavailable": 50,
        "node_behind": 50,
        "lost_answers": 200,
        "lost_sends": 400,
        "reverted_swaps": 150,
        "wrong_statuses": 100,
        "wrong_transactions": 200,
    },
}

BAD_DAYS: dict[str, dict[str, Json]] = {
    "a good day": {},
    "too_many_requests": {"too_many_requests": 2},
    "too_many_requests_bare": {"too_many_requests_bare": 2},
    "rate_limited_inside": {"rate_limited_inside": 2},
    "unavailable": {"unavailable": 6},
    "silent_before": {"silent_before": 1},
    "silent_after": {"silent_after": 1},
    "slow": {"slow_ms": 60},
    "node_behind": {"node_behind": 6},
    "lost_answers": {"lost_answers": 3},
    "lost_sends": {"lost_sends": 4},
    "lost until expiry": {"lost_sends": 40},
    "late": {"late_slots": 20},
    "late, just before expiry": {"late_slots": 125},
    "reverted_swaps": {"reverted_swaps": 2},
    "fork, lost": {"forks": 2, "fork_depth_slots": 12},
    "fork, lands again": {"forks": 2, "fork_depth_slots": 12, "fork_again_slots": 3},
    "hidden": {"hidden_slots": 20},
    "late and hidden past expiry": {"late_slots": 125, "hidden_slots": 50},
    "history lags": {"history_lag_slots": 20},
    "wrong_statuses": {"wrong_statuses": 4},
    "wrong_transactions": {"wrong_transactions": 3},
    "height 200 ahead": {"height_lie_blocks": 200, "late_slots": 30},
    "height 200 behind": {"height_lie_blocks": -200},
    "heights jump ahead": {"height_lie_blocks": 200, "late_slots": 60, "odds_per_mille": {"height_lie_blocks": 400}},
    "expiry 30 early": {"expiry_lie_blocks": -30, "late_slots": 125},
    "expiry 140 early": {"expiry_lie_blocks": -140, "late_slots": 60},
    "expiry 500 late": {"expiry_lie_blocks": 500},
    "logs truncated": {"log_lines_max": 2},
    "lying quotes": {"quote_lie_bps": 500},
    "stale quotes": {"stale_quote_slots": 30},
    "sockets drop": {"ws_drop_every": 2, "ws_repeats": 100},
    CHANCE: EVERYTHING,
    DISK_LOST: {},
    f"{DISK_LOST}, {CHANCE}": EVERYTHING,
    **{f"poison {name}": {"poison": name} for name in POISONS},
}

LOST_FILES = {day: "guard.db*" for day in BAD_DAYS if day.startswith(DISK_LOST)}
"""What is gone from the stage's folder after each of the guard's deaths."""
