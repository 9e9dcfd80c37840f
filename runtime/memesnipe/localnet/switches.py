"""The switches of a localnet that misbehaves: their values, and one table of what each does and what a client must do about it.

A COUNTER is spent one by one: "the next N". `odds_per_mille` makes it seeded chance instead: each occasion spends one with that
probability, drawn from the localnet's seed, so a run can be repeated. All other switches hold until they are replaced.
"""

from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Slots = Annotated[int, Meta(ge=0, le=10_000)]
Counter = Literal[
    "too_many_requests", "too_many_requests_bare", "rate_limited_inside", "unavailable", "silent_before", "silent_after", "node_behind",
    "lost_answers", "lost_sends", "reverted_swaps", "forks", "wrong_statuses", "wrong_transactions", "ws_repeats",
]  # fmt: skip
Chancy = Counter | Literal["height_lie_blocks"]
"""What may be left to chance: counters, and a lie that is told now and then is worse than one that is always told."""
Poison = Literal[
    "", "destination", "source", "other_mint", "in_amount", "min_out_zero", "platform_fee", "look_alike_program", "second_signer",
    "extra_transfer", "inflated_tip", "approve", "set_authority", "close_account", "strangers_account", "nonce", "wrong_table",
    "absent_table",
]  # fmt: skip


class Switches(msgspec.Struct, forbid_unknown_fields=True):
    """All zero: a good day. What each does stands in TABLE."""

    too_many_requests: Count = 0
    too_many_requests_bare: Count = 0
    rate_limited_inside: Count = 0
    unavailable: Count = 0
    silent_before: Count = 0
    silent_after: Count = 0
    slow_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0
    node_behind: Count = 0

    lost_answers: Count = 0
    lost_sends: Count = 0
    late_slots: Slots = 0

    reverted_swaps: Count = 0
    forks: Count = 0
    fork_depth_slots: Slots = 8
    fork_again_slots: Slots = 0

    hidden_slots: Slots = 0
    history_lag_slots: Slots = 0
    wrong_statuses: Count = 0
    wrong_transactions: Count = 0
    height_lie_blocks: Annotated[int, Meta(ge=-10_000, le=10_000)] = 0
    expiry_lie_blocks: Annotated[int, Meta(ge=-10_000, le=10_000)] = 0
    log_lines_max: Annotated[int, Meta(ge=0, le=10_000)] = 0

    quote_lie_bps: Annotated[int, Meta(ge=-10_000, le=1_000_000)] = 0
    stale_quote_slots: Slots = 0
    poison: Poison = ""

    ws_drop_every: Count = 0
    ws_repeats: Count = 0

    odds_per_mille: dict[Chancy, Annotated[int, Meta(ge=0, le=1_000)]] = {}


class Switch(NamedTuple):
    """One row of the table."""

    does: str
    client: str


TABLE: dict[str, Switch] = {
    "too_many_requests": Switch("the next N requests answer 429 with `Retry-After: 1`", "pause as long as it says; ask reads again"),
    "too_many_requests_bare": Switch("the next N requests answer 429 without `Retry-After`", "pause by its own rule"),
    "rate_limited_inside": Switch("the next N JSON-RPC calls answer 200 with error -32429", "take it for a 429"),
    "unavailable": Switch("the next N requests answer 503 and are not handled", "ask reads again; take a send for unknown"),
    "silent_before": Switch("the next N requests are taken and neither handled nor answered", "time out; take a send for unknown"),
    "silent_after": Switch("the next N requests are handled and never answered", "time out; take a send for unknown: it may land"),
    "slow_ms": Switch("every answer comes this much later", "wait, in parallel where it can"),
    "node_behind": Switch("the next N JSON-RPC calls answer -32005, the node is behind", "ask again later; believe nothing meanwhile"),
    "lost_answers": Switch("the next N sends are queued and answered 503", "take it for unknown, resend the same bytes"),
    "lost_sends": Switch("the next N sends answer their signature and never land", "resend the same bytes until known or dead"),
    "late_slots": Switch("every send is tried N slots later", "wait for the signed blockhash's end before another attempt"),
    "reverted_swaps": Switch(
        "the next N users' swaps that reach a block fail there with 6001: confirmed, with `err`", "book the fee; never call it a success"
    ),
    "forks": Switch(
        "N times, when a user's transaction is `fork_depth_slots` deep, its slot and all since are undone (never a finalized one)",
        "take `confirmed` for provisional; look again at finality",
    ),
    "fork_depth_slots": Switch("how deep a fork begins", ""),
    "fork_again_slots": Switch("what a fork undid is tried again N slots later; 0: never", ""),
    "hidden_slots": Switch(
        "statuses and history know a user's transaction only N slots after it landed", "not call it dead before finality and two looks"
    ),
    "history_lag_slots": Switch("`getTransaction` knows it only N slots after it landed; its status is known at once", "ask again"),
    "wrong_statuses": Switch("the next N status answers are another signature's", "prove a landing by the transaction itself"),
    "wrong_transactions": Switch("the next N `getTransaction` answers are another transaction", "compare the bytes; ask again"),
    "height_lie_blocks": Switch(
        "`getBlockHeight` and `getEpochInfo` are off by N", "believe no single number: ask whether the blockhash is still valid"
    ),
    "expiry_lie_blocks": Switch(
        "`lastValidBlockHeight` is off by N, of the node and of Jupiter", "ask whether the blockhash it signed is still valid"
    ),
    "log_lines_max": Switch("logs end after N lines with `Log truncated`; 0: whole", "read events from inner instructions"),
    "quote_lie_bps": Switch("quotes promise this much more than the pool pays", "enforce its own floor; read what really moved"),
    "stale_quote_slots": Switch("quotes are on the pools of N slots ago (64 at most)", "simulate; enforce the floor of the order's price"),
    "poison": Switch("`swap/v2/build` answers with one thing wrong, see below", "judge the bytes; sign nothing that is not the order"),
    "ws_drop_every": Switch("each socket is closed after N notifications", "connect anew, resubscribe, fill the gap from history"),
    "ws_repeats": Switch("the next N notifications come twice", "know them by their id"),
    "odds_per_mille": Switch('chance of a counter, or of the height lie, as `{"lost_sends": 300}`: seeded; 1,000 where none is named', ""),
}
"""In the order of the fields. The reference page holds the same rows; a test compares them."""


def rows() -> list[str]:
    """Return the table as lines of Markdown."""
    return [f"| `{name}` | {switch.does} | {switch.client} |" for name, switch in TABLE.items()]
