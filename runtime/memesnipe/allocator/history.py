"""What strategies earned and with which capital, as weighing wants it: from closed trades and from the allocator's own decisions."""

from collections.abc import Mapping, Sequence

import msgspec

from memesnipe.allocator.weighing.values import Closed, Record
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.control import AllocationDecision

TRADES_MAX = 10_000
"""Of one strategy: position_manager keeps fewer."""


class _Entry(msgspec.Struct, frozen=True):
    """One value of perf:<strategy>:pnl_history."""

    time_ns: int
    net_lamports: int


_decoder = msgspec.json.Decoder(_Entry)


def closed_of(strategy: str, values: Sequence[bytes]) -> tuple[Closed, ...]:
    """Return the closed trades of a history, oldest first. Raises BadInput on an entry that cannot be read."""
    try:
        entries = [_decoder.decode(value) for value in values[-TRADES_MAX:]]
    except msgspec.MsgspecError as error:
        raise BadInput("pnl_history", f"{strategy}: {error}") from None
    return tuple(Closed(entry.time_ns, entry.net_lamports) for entry in sorted(entries, key=lambda entry: entry.time_ns))


def records_of(closed: Mapping[str, tuple[Closed, ...]], decisions: Sequence[AllocationDecision]) -> tuple[Record, ...]:
    """Return a record for each strategy in `closed`; one decision may be told twice: a service that starts over reads its own again."""
    capital: dict[str, list[tuple[int, int]]] = {}
    for decision in sorted(decisions, key=lambda one: (one.time_ns, one.version)):
        for share in decision.shares:
            known = capital.setdefault(share.strategy, [])
            if share.capital_lamports > 0 and (not known or known[-1][1] != share.capital_lamports):
                known.append((decision.time_ns, share.capital_lamports))
    return tuple(Record(strategy, trades, tuple(capital.get(strategy, ()))) for strategy, trades in sorted(closed.items()))


def equity_of(records: Sequence[Record], capital_lamports: int) -> tuple[int, int]:
    """Return (equity, its highest so far) of the capital with every closed result on top, in the order in which they were closed."""
    equity = peak = capital_lamports
    for trade in sorted((trade for record in records for trade in record.closed), key=lambda trade: trade.time_ns):
        equity += trade.net_lamports
        peak = max(peak, equity)
    return equity, peak
