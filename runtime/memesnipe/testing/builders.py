"""Messages with sensible defaults: a test names only what its promise is about. Sizes may be given in SOL."""

import itertools
from typing import Any, TypeVar

import msgspec

from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.control import PORTFOLIO, ConfigApplied, HaltCommand, PositionUpdate, RiskLimits, StrategyAllocation, StrategyConfig
from memesnipe.messages.decisions import Decision, DecisionKind
from memesnipe.messages.market import Launch, MarketEvent, MarketFrame, PriceTick
from memesnipe.messages.orders import ApprovedOrder, ExitCause, ExitIntent, Fill, FillStatus, Intent, OrderIntent, Rejection
from memesnipe.messages.pairs import Pair, PairEnd

SOL = 1_000_000_000
START_NS = 1_760_000_000 * 1_000_000_000
STRATEGY = "momentum"
MINT = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
OTHER_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
CREATOR = "7dHbWXmci3dT8UFYWYZweBLXgycu7Y3iL6trKn1Y7ARj"
GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
POLICY_HASH = "b0" * 32
SPEC_HASH = "a0" * 32
_numbers = itertools.count(1)

M = TypeVar("M", bound=msgspec.Struct)


def number_for(test: str) -> None:
    """Number this test's messages by its name alone, apart from all others'.

    An id decides an order's luck on paper (slots, failure): counted on from whatever ran before in the process, a test would draw
    anew with every other order of the tests.
    """
    global _numbers  # noqa: PLW0603 - one count for a process, as ids are unique in it
    _numbers = itertools.count(int(derive("test", test), 16) % 10**9 * 1_000 + 1)


def _with(message: M, changes: dict[str, Any]) -> M:
    return msgspec.structs.replace(message, **changes) if changes else message


def a_tick(**changes: Any) -> PriceTick:
    """Return a price of 0.00003 SOL a token on a pool of 30 SOL, one slot and 400 ms after START_NS."""
    tick = PriceTick(
        f"tick-{next(_numbers)}", START_NS + 400_000_000, 1_001, MINT, "pumpfun", 30 * SOL, 1_000_000 * 10**6, 6,
        Side.BUY, SOL // 10, 3_000 * 10**6, 100,
    )  # fmt: skip
    return _with(tick, changes)


def a_frame(*events: MarketEvent) -> MarketFrame:
    """Return a frame of these events; of one tick without any."""
    return MarketFrame(events or (a_tick(),))


def a_launch(**changes: Any) -> Launch:
    """Return a launch that passes every token check."""
    launch = Launch(
        f"launch-{next(_numbers)}", START_NS, 1_000, MINT, CREATOR, "pumpfun", "BONK", "Bonk", 6, 30 * SOL, 1_073_000_000 * 10**6,
        token_program="token",  # noqa: S106 - a token program, not a secret
        mint_authority_revoked=True, freeze_authority_revoked=True, extensions=(), top_holder_bps=500,
        sell_route_ok=True, creator_launches=1,
    )  # fmt: skip
    return _with(launch, changes)


def an_intent(*, size_sol: float = 0.1, strategy: str = STRATEGY, **changes: Any) -> OrderIntent:
    """Return a wish to buy for `size_sol`; give side=Side.SELL with size_units (and size_lamports=0) for a sale."""
    number = next(_numbers)
    intent = OrderIntent(
        derive("intent", strategy, SPEC_HASH, f"tick-{number}", 0), strategy, SPEC_HASH, f"tick-{number}", 0, START_NS + 400_000_000,
        1_001, MINT, Side.BUY, round(size_sol * SOL), 0, 300, 30 * SOL, 1_000_000 * 10**6, "test",
    )  # fmt: skip
    return _with(intent, changes)


def a_sale(*, size_units: int = 3_000 * 10**6, **changes: Any) -> OrderIntent:
    """Return a wish to sell `size_units`."""
    sale: dict[str, Any] = {"side": Side.SELL, "size_lamports": 0, "size_units": size_units, **changes}
    return an_intent(**sale)


def an_exit(*, size_units: int = 3_000 * 10**6, strategy: str = STRATEGY, **changes: Any) -> ExitIntent:
    """Return a stop-loss exit."""
    number = next(_numbers)
    intent = ExitIntent(
        derive("exit", strategy, number), strategy, f"tick-{number}", 0, START_NS + 400_000_000, 1_001, MINT, size_units, 1_000,
        30 * SOL, 1_000_000 * 10**6, ExitCause.STOP_LOSS,
    )  # fmt: skip
    return _with(intent, changes)


def an_approved(intent: Intent | None = None, *, mode: Mode = Mode.PAPER, **changes: Any) -> ApprovedOrder:
    """Return risk's yes to an intent, on paper, without an approval envelope."""
    intent = intent or an_intent()
    return _with(ApprovedOrder(intent, mode, POLICY_HASH, 0, intent.time_ns, b""), changes)


def a_fill(intent: Intent | None = None, **changes: Any) -> Fill:
    """Return the paper fill of an intent, as quoted, with network fee, no tip and no rent."""
    intent = intent or an_intent()
    buys = isinstance(intent, OrderIntent) and intent.side is Side.BUY
    lamports = (
        intent.size_lamports if isinstance(intent, OrderIntent) and buys else intent.size_units * intent.quote_lamports // intent.base_units
    )
    units = lamports * intent.base_units // intent.quote_lamports if buys else intent.size_units
    fee = 5_000
    fill = Fill(
        intent.id, intent.strategy, Mode.PAPER, 0, f"paper:{intent.id}:0", FillStatus.FILLED, Side.BUY if buys else Side.SELL, intent.mint,
        intent.slot + 1, intent.time_ns + 400_000_000, (-lamports if buys else lamports) - fee, units if buys else -units, fee, 0, 0,
        lamports // 100, units if buys else lamports, intent.time_ns,
        exit_cause=intent.cause if isinstance(intent, ExitIntent) else None,
    )  # fmt: skip
    return _with(fill, changes)


def a_pair(**changes: Any) -> Pair:
    """Return a live buy of 0.1 SOL that came out as paper says, in a band of 30 bps to both sides."""
    bps = SOL // 100_000
    pair = Pair(
        f"intent-{next(_numbers)}", STRATEGY, MINT, Side.BUY, START_NS, 1_000, PairEnd.FILLED, 2, 1, 2, SOL // 10,
        0, 0, 0, -30 * bps, 30 * bps, 200,
    )  # fmt: skip
    return _with(pair, changes)


def a_rejection(intent: Intent | None = None, reason: ReasonCode = ReasonCode.HALTED, **changes: Any) -> Rejection:
    """Return risk's no to an intent."""
    intent = intent or an_intent()
    side = intent.side if isinstance(intent, OrderIntent) else Side.SELL
    return _with(Rejection(intent.id, intent.strategy, "risk_guardian", reason, "", intent.time_ns, intent.mint, side), changes)


def limits(**changes: Any) -> RiskLimits:
    """Return limits for a wallet of ten SOL or so."""
    values = RiskLimits(
        trade_size_lamports_max=SOL // 2, strategy_exposure_lamports_max=2 * SOL, token_exposure_lamports_max=SOL,
        portfolio_exposure_lamports_max=5 * SOL, open_positions_max=10, orders_per_minute_max=60, slippage_bps_max=1_000,
        drawdown_bps_max=2_000, event_age_ms_max=5_000, clock_skew_ms_max=2_000, stop_loss_bps=2_000, take_profit_bps=5_000,
        time_stop_s=600, guard_trade_size_lamports_max=SOL // 2, priority_fee_lamports_max=5_000_000, tip_lamports_max=5_000_000,
        spend_lamports_per_hour_max=5 * SOL, spend_lamports_per_day_max=20 * SOL,
    )  # fmt: skip
    return _with(values, changes)


def a_strategy(id: str = STRATEGY, *, mode: Mode = Mode.PAPER, **changes: Any) -> StrategyConfig:  # noqa: A002 - the field's name
    """Return an applied strategy, running its own plugin on paper."""
    return _with(StrategyConfig(id, id, SPEC_HASH, mode), changes)


def a_config(*strategies: StrategyConfig, **changes: Any) -> ConfigApplied:
    """Return an applied configuration of these strategies (one `momentum` on paper without any) over ten SOL."""
    config = ConfigApplied(1, START_NS, POLICY_HASH, limits(), strategies or (a_strategy(),), 10 * SOL, genesis=GENESIS)
    return _with(config, changes)


def an_allocation(strategy: str = STRATEGY, *, capital_sol: float = 2.0, **changes: Any) -> StrategyAllocation:
    """Return one strategy's share of capital."""
    return _with(StrategyAllocation(strategy, 1, 2_000, round(capital_sol * SOL), START_NS), changes)


def a_halt(state: HaltState = HaltState.HALTED, *, scope: str = PORTFOLIO, **changes: Any) -> HaltCommand:
    """Return a person's command on the kill switch."""
    return _with(HaltCommand(f"halt-{next(_numbers)}", scope, state, "test", "because", START_NS), changes)


def a_decision(**changes: Any) -> Decision:
    """Return the record of an allocation of everything to the builders' strategy."""
    decision = Decision(
        kind=DecisionKind.ALLOCATION,
        id="1:ab",
        subject=PORTFOLIO,
        version=1,
        time_ns=START_NS,
        label="equal_weight",
        reason="one strategy",
        outcome=f'{{"{STRATEGY}":{{"weight_bps":10000,"capital_lamports":{SOL}}}}}',
        inputs_hash="ab",
        inputs=b"\x00\xff",
        made_with="memesnipe",
    )
    return _with(decision, changes)


def a_position(**changes: Any) -> PositionUpdate:
    """Return an open position with a stop."""
    position = PositionUpdate(STRATEGY, Mode.PAPER, MINT, 3_000 * 10**6, SOL // 10, SOL // 10, 0, 24 * SOL, 1_000_000 * 10**6, START_NS)
    return _with(position, changes)
