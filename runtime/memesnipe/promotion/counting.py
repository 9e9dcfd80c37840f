"""Counts what a live strategy does into its `Run`: each closed trade once, each order's end, the highest PnL. Pure."""

from collections.abc import Sequence

import msgspec

from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill, Outcome
from memesnipe.promotion.sequential import PPM, doubted, observed, together, wagered
from memesnipe.promotion.values import Closed, Facts, Run, Standing

ORDERS_MAX = 50
"""Of the newest orders the ends are remembered."""
SENT, REFUSED = ".", "x"
DOOR = "wallet_guard"
"""Who refuses what risk_guardian approved: the guard itself, or the signer through it."""


def counted(standing: Standing, facts: Facts) -> Standing:
    """Return the standing with the trades and the PnL counted that are new; only what is live counts here."""
    if not standing.live:
        return standing
    run = standing.run
    for trade in new_trades(run, facts.trades or ()):
        run = _with_trade(run, trade, standing.floor_ppm)
    if facts.pnl_lamports is not None:
        peak = facts.pnl_lamports if run.peak_lamports is None else max(run.peak_lamports, facts.pnl_lamports)
        run = msgspec.structs.replace(run, peak_lamports=peak)
    if facts.capital_lamports > 0:
        run = msgspec.structs.replace(run, capital_lamports=facts.capital_lamports)
    return msgspec.structs.replace(standing, run=run)


def new_trades(run: Run, trades: Sequence[Closed]) -> list[Closed]:
    """Return the live trades of this run that are not counted yet, oldest first. One that cost nothing says nothing."""
    found = [one for one in trades if one.mode is Mode.LIVE and one.outlay_lamports > 0]
    return sorted((one for one in found if one.place > run.last and one.time_ns >= run.began_ns), key=lambda one: one.place)


def _with_trade(run: Run, trade: Closed, floor_ppm: int) -> Run:
    x = observed(trade.net_lamports, trade.outlay_lamports)
    loss, decay = wagered(run.loss, x), doubted(run.decay, x, floor_ppm / PPM)
    return msgspec.structs.replace(
        run,
        last=trade.place,
        step_trades=run.step_trades + 1,
        loss=loss,
        decay=decay,
        loss_max=max(run.loss_max, together(loss)),
        decay_max=max(run.decay_max, together(decay)),
    )


def heard(standing: Standing, outcome: Outcome) -> Standing:
    """Return the standing with one order's end counted: what the guard sent, landed or not, and what it or the signer refused."""
    if not standing.live:
        return standing
    mark = _mark(outcome)
    orders = (standing.run.orders + mark)[-ORDERS_MAX:]
    return msgspec.structs.replace(standing, run=msgspec.structs.replace(standing.run, orders=orders)) if mark else standing


def _mark(outcome: Outcome) -> str:
    """What risk_guardian refused says nothing of the way to the chain, and what was filled on paper neither."""
    if isinstance(outcome, Fill):
        return SENT if outcome.mode is Mode.LIVE else ""
    return REFUSED if outcome.stage == DOOR else ""


def begun(now_ns: int) -> Run:
    """Return the run of a strategy that goes live now."""
    return Run(began_ns=now_ns)


def next_step(run: Run) -> Run:
    """Return the run at the beginning of another step: trades are counted anew, the tests go on: it is one strategy."""
    return msgspec.structs.replace(run, step_trades=0)
