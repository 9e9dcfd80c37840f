"""What strategies earned and with which capital, as weighing wants it: from closed trades and from the allocator's own decisions."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from memesnipe.allocator.weighing.values import Closed, Record, Standing, Terms
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, HeldAccount

TRADES_MAX = 10_000
"""Of one strategy: position_manager keeps fewer."""
CELLS_MAX = 40_000
"""Periods by strategies that one decision looks at: its inputs must fit into one entry of a stream."""


class Entry(msgspec.Struct, frozen=True):
    """One value of perf:<strategy>:pnl_history; one of an older position_manager does not say in which mode it was made."""

    time_ns: int
    net_lamports: int
    intent_id: str = ""
    mode: Mode | None = None
    outlay_lamports: int = 0


_decoder = msgspec.json.Decoder(Entry)


def entries_of(strategy: str, values: Sequence[bytes]) -> list[Entry]:
    """Return the entries of a history. Raises BadInput on one that cannot be read."""
    try:
        return [_decoder.decode(value) for value in values]
    except msgspec.MsgspecError as error:
        raise BadInput("pnl_history", f"{strategy}: {error}") from None


def closed_of(strategy: str, values: Sequence[bytes]) -> tuple[Closed, ...]:
    """Return the closed trades of a history, oldest first. Raises BadInput on an entry that cannot be read."""
    entries = sorted(entries_of(strategy, values[-TRADES_MAX:]), key=lambda entry: entry.time_ns)
    return tuple(Closed(entry.time_ns, entry.net_lamports) for entry in entries)


def records_of(
    closed: Mapping[str, tuple[Closed, ...]], modes: Mapping[str, Mode], decisions: Sequence[AllocationDecision]
) -> tuple[Record, ...]:
    """Return a record for each strategy in `closed`; one decision may be told twice: a service that starts over reads its own again."""
    capital: dict[str, list[tuple[int, int]]] = {}
    for decision in sorted(decisions, key=lambda one: (one.time_ns, one.version)):
        for share in decision.shares:
            known = capital.setdefault(share.strategy, [])
            if share.capital_lamports > 0 and (not known or known[-1][1] != share.capital_lamports):
                known.append((decision.time_ns, share.capital_lamports))
    return tuple(Record(strategy, trades, tuple(capital.get(strategy, ())), modes[strategy]) for strategy, trades in sorted(closed.items()))


def standings_of(records: Sequence[Record], capital_lamports: int, accounts: Iterable[HeldAccount]) -> dict[Mode, Standing]:
    """Return what the capital is worth by each mode's results, and the most it was worth.

    `accounts` hold the ledger's whole realized results; what of them is in no record (older than a history reaches, or of a strategy
    that is gone) was there before the first trade that is known.
    """
    told = list(accounts)
    return {mode: _standing([one for one in records if one.mode is mode], capital_lamports, _realized(told, mode)) for mode in Mode}


def _realized(accounts: Iterable[HeldAccount], mode: Mode) -> int | None:
    own = [one.realized_lamports for one in accounts if one.mode is mode]
    return sum(own) if own else None


def _standing(records: Sequence[Record], capital_lamports: int, realized_lamports: int | None) -> Standing:
    trades = sorted((trade for record in records for trade in record.closed), key=lambda trade: trade.time_ns)
    known = sum(trade.net_lamports for trade in trades)
    equity = capital_lamports + (0 if realized_lamports is None else realized_lamports - known)
    peak = max(capital_lamports, equity)
    for trade in trades:
        equity += trade.net_lamports
        peak = max(peak, equity)
    return Standing(equity, peak)


def terms_within(terms: Terms, strategies: int) -> Terms:
    """Return terms under which so many strategies' results fit into a record: with more than a hundred, fewer periods are looked at."""
    return msgspec.structs.replace(terms, periods_max=min(terms.periods_max, CELLS_MAX // max(1, strategies)))


def condensed(record: Record, terms: Terms, now_ns: int) -> Record:
    """Return a record with the results of each whole period that weighing looks at summed up: the same returns from less to keep."""
    period_ns = terms.period_s * NS_PER_S
    end = now_ns // period_ns
    sums: dict[tuple[int, int], Closed] = {}
    for trade in record.closed:
        period, since = trade.time_ns // period_ns, _since(record, trade.time_ns)
        if end - terms.periods_max <= period < end:
            before = sums.get((period, since), Closed(max(period * period_ns, since), 0, 0))
            sums[period, since] = Closed(before.time_ns, before.net_lamports + trade.net_lamports, before.trades + trade.trades)
    used = {since for _, since in sums}
    capital = tuple(one for place, one in enumerate(record.capital) if place == 0 or one[0] in used)
    return Record(record.strategy, tuple(sums[place] for place in sorted(sums)), capital, record.mode)


def _since(record: Record, time_ns: int) -> int:
    """Return since when the capital of a time was in force; 0 before the first was given."""
    place = bisect_right(record.capital, time_ns, key=lambda since: since[0])
    return record.capital[place - 1][0] if place else 0
