"""What the page shows, from facts alone."""

import msgspec
import pytest

from memesnipe.bus.folds import Halts
from memesnipe.chain.programs import DEVNET_GENESIS, MAINNET_GENESIS
from memesnipe.dashboard.facts import Facts, LedgerFacts, Price, StreamFacts
from memesnipe.dashboard.snapshot import CURVE_POINTS_MAX, build, in_tokens, thinned
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger.accounting import Position
from memesnipe.ledger.read import Refusals, Totals
from memesnipe.ledger.write import Snapshot as EquityPoint
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import PORTFOLIO
from memesnipe.messages.orders import ExitCause, way_of
from memesnipe.testing.builders import MINT, SOL, START_NS, STRATEGY, a_config, a_fill, a_position, a_rejection, a_strategy, an_intent

UNITS = 3_000 * 10**6


def facts(*, streams: StreamFacts | None = None, ledger: LedgerFacts | None = None) -> Facts:
    return Facts(time_ns=START_NS, streams=streams or StreamFacts(), ledger=ledger or LedgerFacts())


def held(**changes: object) -> Position:
    position = Position(
        strategy=STRATEGY, mode=Mode.PAPER, mint=MINT, units=UNITS, cost_lamports=SOL // 10, opened_ns=START_NS - 90 * 10**9
    )
    return msgspec.structs.replace(position, **changes)


def points(count: int) -> tuple[EquityPoint, ...]:
    return tuple(
        EquityPoint(
            time_ns=START_NS + n * 10**9, scope=PORTFOLIO, mode=Mode.PAPER, equity_lamports=n, realized_lamports=0, unrealized_lamports=0
        )
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("mode", "genesis", "kind"),
    [
        (Mode.PAPER, MAINNET_GENESIS, "paper"),
        (Mode.LIVE, MAINNET_GENESIS, "mainnet"),
        (Mode.LIVE, DEVNET_GENESIS, "devnet"),
        (Mode.LIVE, "Loca1net", "localnet"),
    ],
)
def test_the_marker_says_what_money_is_at_stake(mode: Mode, genesis: str, kind: str) -> None:
    streams = StreamFacts(config=a_config(a_strategy(), a_strategy("other", mode=mode), genesis=genesis))

    assert build(facts(streams=streams)).marker.kind == kind


@pytest.mark.parametrize(("genesis", "market"), [(MAINNET_GENESIS, " on mainnet"), ("Loca1net", " on localnet"), ("", "")])
def test_paper_on_an_invented_market_does_not_look_like_paper_on_mainnets_prices(genesis: str, market: str) -> None:
    streams = StreamFacts(config=a_config(a_strategy(mode=Mode.PAPER), genesis=genesis))

    assert build(facts(streams=streams)).marker.text == f"PAPER{market}: no real money moves"


def test_without_a_config_the_page_says_so() -> None:
    assert build(facts()).marker.kind == "none"


def test_a_position_is_valued_by_its_newest_mark() -> None:
    streams = StreamFacts(updates=(a_position(units=UNITS, mark_lamports=SOL // 5),))

    (holding,) = build(facts(streams=streams, ledger=LedgerFacts(positions=(held(),)))).holdings

    assert (holding.pnl_lamports, holding.pnl_bps, holding.marked) == (SOL // 10, 10_000, True)


def test_a_mark_from_before_the_last_fill_is_not_a_valuation() -> None:
    streams = StreamFacts(updates=(a_position(units=UNITS // 2, mark_lamports=SOL),))

    (holding,) = build(facts(streams=streams, ledger=LedgerFacts(positions=(held(),)))).holdings

    assert (holding.value_lamports, holding.marked) == (SOL // 10, False)


def test_a_position_without_a_stop_shows_none() -> None:
    streams = StreamFacts(updates=(a_position(stop_base_units=0),))

    (holding,) = build(facts(streams=streams, ledger=LedgerFacts(positions=(held(),)))).holdings

    assert holding.stop_sol is None


def test_paper_money_is_not_in_the_numbers_of_a_live_portfolio() -> None:
    def totals(mode: Mode, realized: int) -> Totals:
        return Totals(
            strategy=STRATEGY, mode=mode, realized_lamports=realized, fees_lamports=0, tips_lamports=0, rent_lamports=0, cost_lamports=0,
            open_positions=0,
        )  # fmt: skip

    streams = StreamFacts(config=a_config(a_strategy(mode=Mode.LIVE)))
    ledger = LedgerFacts(totals=(totals(Mode.LIVE, -5), totals(Mode.PAPER, SOL)), positions=(held(),))

    numbers = build(facts(streams=streams, ledger=ledger)).numbers

    assert (numbers.realized_lamports, numbers.open_positions) == (-5, 0)


def test_drawdown_is_from_the_highest_point_shown() -> None:
    peak = points(1)[0]
    ledger = LedgerFacts(equity=(msgspec.structs.replace(peak, equity_lamports=20 * SOL),))

    assert build(facts(streams=StreamFacts(config=a_config()), ledger=ledger)).numbers.drawdown_bps == 5_000


@pytest.mark.parametrize("count", [0, 1, 2, 240, 241, 2_000])
def test_a_long_curve_keeps_its_first_and_newest_point(count: int) -> None:
    kept = thinned(points(count))

    assert len(kept) <= CURVE_POINTS_MAX + 1
    assert [kept[0][1], kept[-1][1]] == [0, count - 1] if count else kept == ()


def test_tokens_held_come_first_among_prices() -> None:
    streams = StreamFacts(prices={MINT: (Price(1, 1.0),), "another": (Price(2, 2.0),)})

    prices = build(facts(streams=streams, ledger=LedgerFacts(positions=(held(),)))).prices

    assert [(one.mint, one.held) for one in prices] == [(MINT, True), ("another", False)]


def test_a_token_without_a_known_symbol_is_named_by_its_mint() -> None:
    assert build(facts(ledger=LedgerFacts(fills=(a_fill(),)))).fills[0].symbol == f"{MINT[:4]}…{MINT[-4:]}"


def test_a_refusal_says_what_a_person_can_do() -> None:
    ledger = LedgerFacts(refusals=(Refusals("risk_guardian", "order_rate", 3),), rejections=(a_rejection(reason=ReasonCode.ORDER_RATE),))

    assert "looping" in build(facts(ledger=ledger)).reasons[0].remedy


def test_a_reason_of_another_release_is_shown_without_a_remedy() -> None:
    ledger = LedgerFacts(refusals=(Refusals("risk_guardian", "from_the_future", 3),))

    assert build(facts(ledger=ledger)).reasons[0].remedy == ""


def test_each_scope_shows_its_own_halt_and_a_strategy_the_severer() -> None:
    halts = Halts(epoch=2, states={PORTFOLIO: HaltState.REDUCE_ONLY, STRATEGY: HaltState.HALTED})

    shown = build(facts(streams=StreamFacts(config=a_config(), halts=halts)))

    assert (shown.halt.state, shown.own_halts[0].state, shown.strategies[0].halt) == ("reduce_only", "halted", "halted")


@pytest.mark.parametrize(
    ("units", "decimals", "text"), [(1, 9, "0.000000001"), (-1_500_000, 6, "-1.5"), (7, 0, "7"), (2**63 - 1, 6, "9223372036854.775807")]
)
def test_token_amounts_are_exact_text(units: int, decimals: int, text: str) -> None:
    assert in_tokens(units, decimals) == text


def test_a_page_is_json() -> None:
    shown = build(facts(streams=StreamFacts(config=a_config()), ledger=LedgerFacts(positions=(held(),), equity=points(10))))

    assert msgspec.json.decode(msgspec.json.encode(shown))["halt"]["state"] == "active"


def test_of_many_positions_the_page_gets_the_largest_and_every_one_without_a_stop() -> None:
    small, large = held(mint="s" * 44, cost_lamports=1), held(mint="l" * 44, cost_lamports=SOL)
    stopped = StreamFacts(
        updates=tuple(a_position(mint=one.mint, mark_lamports=one.cost_lamports, stop_base_units=1) for one in (small, large))
    )
    bare = held(mint="b" * 44, cost_lamports=2)
    asked = facts(streams=stopped, ledger=LedgerFacts(positions=(small, bare, large)))

    shown = build(asked, holdings_max=2)

    assert [one.mint[0] for one in shown.holdings] == ["b", "l"]
    assert shown.numbers.open_positions == 3


def test_positions_left_out_are_counted_of_every_mode() -> None:
    positions = (held(), held(mint="other", mode=Mode.LIVE), held(mint="third", mode=Mode.LIVE))

    shown = build(facts(ledger=LedgerFacts(positions=positions)), holdings_max=2)

    assert (len(shown.holdings), shown.held) == (2, 3)


@pytest.mark.parametrize(("cause", "why"), [(None, "test"), (ExitCause.STOP_LOSS, "stop_loss")])
def test_a_fill_says_why_it_was_wished(cause: ExitCause | None, why: str) -> None:
    intent = an_intent()
    fill = a_fill(intent, way=way_of(intent), exit_cause=cause)

    assert [one.cause for one in build(facts(ledger=LedgerFacts(fills=(fill,)))).fills] == [why]
