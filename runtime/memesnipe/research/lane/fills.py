"""The lane's fills and trades as the messages they stand for, and the check that holds the lane against the async one."""

import msgspec

from memesnipe.kernel.errors import ConfigError
from memesnipe.ledger.accounting import Trade
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.research.backtest.accounts import Accounts
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import Market
from memesnipe.research.backtest.returns import MINUTE_S, returns_of
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.lane.book import BUY, EXIT, FAILED_BY_LUCK, FILLED, C, F, R
from memesnipe.research.lane.columns import Columns, columns_of
from memesnipe.research.lane.returns import returns_from
from memesnipe.research.lane.running import CAUSES, Ran, ran

ROWS = 4_096


def fills_of(done: Ran, columns: Columns) -> list[Fill]:
    """Return the recorded fills, in the order they were made."""
    return [_fill([int(value) for value in row], done, columns) for row in done.fills]


def trades_of(fills: list[Fill]) -> list[Trade]:
    """Return the round trips that these fills make, by the ledger's arithmetic."""
    accounts = Accounts()
    for fill in fills:
        accounts.book(fill)
    return accounts.trades


def require_equal(setup: Setup, costs: Costs, market: Market, columns: Columns | None = None) -> int:
    """Run both lanes; return how many fills they share. Raises ConfigError naming the first that differs.

    Of a fill all counts but its way: that says when each stage had the order in hand, and a lane has no stages.
    """
    columns = columns or columns_of(market)
    done, whole = ran(setup, costs, columns, MINUTE_S, rows=ROWS), Engine(setup, costs).run(market)
    fills, made = fills_of(done, columns), [msgspec.structs.replace(fill, way=None) for fill in whole.fills]
    for number, (one, other) in enumerate(zip(fills, made, strict=False)):
        if one != other:
            raise ConfigError(f"{done.task.strategy}: its signal is not what it trades: fill {number} is {one}, on_event makes {other}")
    if len(fills) != len(made) or returns_from(done) != returns_of(whole, MINUTE_S):
        raise ConfigError(f"{done.task.strategy}: its signal is not what it trades: {len(fills)} fills, on_event makes {len(made)}")
    return len(fills)


def _fill(row: list[int], done: Ran, columns: Columns) -> Fill:
    at, failed, cause = row[F.tick], row[F.how] != FILLED, row[F.cause]
    intent_id = (row[F.id] % 2**64).to_bytes(8, "little").hex() + (row[F.id_2] % 2**64).to_bytes(8, "little").hex()
    return Fill(
        intent_id=intent_id,
        strategy=done.task.strategy,
        mode=Mode.PAPER,
        attempt=1,
        signature=f"paper:{intent_id}:1",
        status=FillStatus.FAILED if failed else FillStatus.FILLED,
        side=Side.BUY if row[F.kind] == BUY else Side.SELL,
        mint=columns.mints[row[F.token]],
        slot=int(columns.ticks.whole[C.slot, at]),
        time_ns=row[F.time_ns],
        sol_delta_lamports=row[F.sol],
        token_delta_units=row[F.units],
        fee_lamports=int(done.task.rules.whole[R.fee]),
        tip_lamports=row[F.tip],
        rent_lamports=row[F.rent],
        venue_fee_lamports=row[F.venue_fee],
        quoted_out=row[F.quoted],
        intent_time_ns=row[F.intent_ns],
        decimals=columns.kinds[columns.ticks.whole[C.pool, at]][0].decimals,
        exit_cause=CAUSES[cause] if row[F.kind] == EXIT else None,
        error=_error(row) if failed else "",
    )


def _error(row: list[int]) -> str:
    if row[F.how] == FAILED_BY_LUCK:
        return "drawn to fail"
    return f"slippage: {row[F.out]} of {row[F.quoted]} quoted"[:64]
