"""The checker against a real localnet: agreement to the lamport, and every injected fault of one lamport found."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import create_engine, text

from memesnipe.chain.programs import JITO_TIP_ACCOUNTS, WRAPPED_SOL_MINT
from memesnipe.ledger.engine import ledger_url
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.positions.adopt import walk
from memesnipe.positions.history import WalletHistory
from memesnipe.positions.store import Store
from memesnipe.reconcile.run import Report, reconcile
from memesnipe.testing.builders import STRATEGY, a_fill

TIP = 10_000
FINALITY_SLOTS = 32


class Traded:
    """A ledger and the chain it is about."""

    def __init__(self, wallet: Wallet, url: str) -> None:
        self.wallet, self.url = wallet, url

    async def report(self) -> Report:
        return await asyncio.to_thread(reconcile, self.url, self.wallet.base, self.wallet.me, patience_s=0.0)

    async def exit_code(self) -> int:
        return (await self.report()).exit_code

    def spoil(self, sql: str) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            assert connection.execute(text(sql)).rowcount > 0
        engine.dispose()


def fill_of(landed: Any, wallet: Wallet, mint: str, side: Side, *, before: int, after: int, units: int, rent: int, tip: int) -> Fill:
    """The fill as wallet_guard would tell it, from balances asked of the node and not from the transaction's meta."""
    return a_fill(
        mode=Mode.LIVE,
        signature=landed["transaction"]["signatures"][0],
        status=FillStatus.FILLED,
        side=side,
        mint=mint,
        slot=landed["slot"],
        sol_delta_lamports=after - before,
        token_delta_units=units,
        fee_lamports=landed["meta"]["fee"],
        tip_lamports=tip,
        rent_lamports=rent,
    )


async def a_round_trip(wallet: Wallet, mint: str) -> list[Fill]:
    """Buy with a tip, then sell a third: two fills, an open position."""
    start = await wallet.balance()
    built = await wallet.quote(WRAPPED_SOL_MINT, mint, SOL // 10, slippageBps=2000)
    bought = await wallet.land(wallet.swap(built, wallet.pay(JITO_TIP_ACCOUNTS[0], TIP)))
    middle, held = await wallet.balance(), await wallet.tokens(mint)
    sold = await wallet.land(wallet.swap(await wallet.quote(mint, WRAPPED_SOL_MINT, held // 3, slippageBps=2000)))
    end = await wallet.balance()
    buy = fill_of(bought, wallet, mint, Side.BUY, before=start, after=middle, units=held, rent=2_039_280, tip=TIP)
    sale = fill_of(sold, wallet, mint, Side.SELL, before=middle, after=end, units=-(held // 3), rent=0, tip=0)
    return [buy, sale]


@pytest.fixture
async def traded(tmp_path: Path) -> AsyncIterator[Traded]:
    async with running(LocalnetSettings(slot_ms=0, seed=11)) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        pools = await wallet.get("/localnet/pools")
        mint = next(one["mint"] for one in pools if one["kind"] == "bonding_curve" and one["token_program"].startswith("TokenkegQ"))
        url = ledger_url(str(tmp_path))
        store = Store(url)
        await store.migrate()
        await store.record(await a_round_trip(wallet, mint), [])
        await wallet.tick(FINALITY_SLOTS)
        history = WalletHistory.at(base, wallet.me)
        await walk(store, history)
        await history.close()
        store.close()
        yield Traded(wallet, url)


async def test_a_true_ledger_agrees_with_the_chain_to_the_lamport(traded: Traded) -> None:
    report = await traded.report()

    assert report.differences == []
    assert (report.transactions, report.fills, report.transfers, report.positions) == (3, 2, 1, 1)
    assert await traded.exit_code() == 0


COPY = """
INSERT INTO fills SELECT 'x' || signature, intent_id, strategy, mode, attempt, status, side, mint, slot, time_ns, sol_delta_lamports,
  token_delta_units, fee_lamports, tip_lamports, rent_lamports, venue_fee_lamports, quoted_out, intent_time_ns, decimals, exit_cause,
  error, way
FROM fills WHERE side = 'buy'
"""
MOVE = "INSERT INTO wallet_transfers SELECT signature, '', slot, time_ns, sol_delta_lamports, fee_lamports, '' FROM fills"

FAULTS = {
    "missing fill": "DELETE FROM fills WHERE side = 'buy'",
    "missing deposit": "DELETE FROM wallet_transfers",
    "doubled fill": COPY,
    "fill doubled as a transfer": MOVE,
    "fee": "UPDATE fills SET fee_lamports = fee_lamports + 1 WHERE side = 'buy'",
    "tip": "UPDATE fills SET tip_lamports = tip_lamports - 1 WHERE side = 'buy'",
    "rent": "UPDATE fills SET rent_lamports = rent_lamports + 1 WHERE side = 'buy'",
    "sol delta": "UPDATE fills SET sol_delta_lamports = sol_delta_lamports - 1 WHERE side = 'sell'",
    "token delta": "UPDATE fills SET token_delta_units = token_delta_units + 1 WHERE side = 'sell'",
    "status": "UPDATE fills SET status = 'failed' WHERE side = 'sell'",
    "deposit": "UPDATE wallet_transfers SET delta = delta + 1",
    "position units": "UPDATE positions SET units = units + 1",
    "position cost": "UPDATE positions SET cost_lamports = cost_lamports + 1",
    "position profit": "UPDATE positions SET realized_lamports = realized_lamports - 1",
    "missing position": "DELETE FROM positions",
    "other strategy": "UPDATE fills SET strategy = 'launch-sniper' WHERE side = 'sell'",
    "sale called paper": "UPDATE fills SET mode = 'paper' WHERE side = 'sell'",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_is_a_listed_difference_and_a_non_zero_exit(fault: str, traded: Traded) -> None:
    traded.spoil(FAULTS[fault])

    report = await traded.report()

    assert len(report.differences) > 0
    assert await traded.exit_code() == 1


async def test_a_withdrawal_that_nobody_recorded_is_found_and_then_adopted(traded: Traded, tmp_path: Path) -> None:
    wallet = traded.wallet
    await wallet.land(await wallet.signed(wallet.pay(JITO_TIP_ACCOUNTS[1], SOL)))
    before = await traded.report()

    await wallet.tick(FINALITY_SLOTS)
    store, history = Store(traded.url), WalletHistory.at(wallet.base, wallet.me)
    adopted = await walk(store, history)
    again = await walk(store, history)
    await history.close()
    store.close()

    assert {one.field for one in before.differences} == {"row", "lamports"}
    assert (adopted, again) == (1, 0)
    assert (await traded.report()).differences == []


async def test_the_ledger_position_is_the_one_that_the_chain_makes(traded: Traded) -> None:
    store = Store(traded.url)
    (position,) = (await store.holdings()).positions
    store.close()

    assert position.strategy == STRATEGY
    assert position.units == await traded.wallet.tokens(position.mint)
