"""Every kind of look-ahead we know of, planted in a small strategy on a toy runner, is caught; honest strategies are not accused.

The toy strategy buys after a rise of its signal and sells after a fall; each planted one differs from an honest one in one place.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.research.lookahead import Action, Report, replay
from memesnipe.testing import foresight
from memesnipe.testing.foresight import Prices, Signal, momentum

Toy = Callable[[Prices], Sequence[Action]]
PRICES: list[float] = np.exp(np.cumsum(np.random.default_rng(11).normal(0, 0.02, 300))).tolist()


def trade(signal: Sequence[float]) -> list[Action]:
    """Act where the sign of the signal turns."""
    signs = [value > 0 for value in signal]
    return [Action(at, "buy" if now else "sell") for at, (before, now) in enumerate(pairwise(signs), 1) if before != now]


def toy(signal: Signal) -> Toy:
    return lambda prices: trade(signal(prices))


def several_at_once(prices: Prices) -> list[Action]:
    return [Action(action.at, (step, action.what)) for action in trade(momentum(prices)) for step in ("check", "order")]


def sized_by_the_end(prices: Prices) -> list[Action]:
    return [Action(action.at, (action.what, round(1_000 / len(prices)))) for action in trade(momentum(prices))]


def exits_at_the_top(prices: Prices) -> list[Action]:
    top = int(np.argmax(prices))
    return [*(action for action in trade(momentum(prices)) if action.at < top), Action(top, "sell all")]


def remembering_what_it_once_saw() -> Toy:
    seen: dict[int, float] = {}

    def run(prices: Prices) -> list[Action]:
        seen.update(enumerate(prices))
        return trade([seen.get(at + 1, price) - price for at, price in enumerate(prices)])

    return run


HONEST: list[Toy] = [*map(toy, foresight.HONEST), several_at_once]
PLANTED: list[Toy] = [*map(toy, foresight.PLANTED), sized_by_the_end, exits_at_the_top]


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_look_ahead_is_caught(planted: Toy) -> None:
    found = replay(planted, PRICES, seed=1)

    assert not found.clean
    assert found.findings


@pytest.mark.parametrize("honest", HONEST)
def test_an_honest_strategy_is_not_accused(honest: Toy) -> None:
    found = replay(honest, PRICES, seed=1)

    assert found.clean
    assert found.actions > 10
    assert found.prefixes >= 32


def test_a_strategy_that_remembers_the_future_from_an_earlier_run_is_caught() -> None:
    assert not replay(remembering_what_it_once_saw(), PRICES, seed=1).clean


def test_a_strategy_that_rolls_dice_is_not_called_clean() -> None:
    dice = np.random.default_rng(3)

    found = replay(lambda prices: [Action(at, "buy") for at in range(len(prices)) if dice.random() < 0.1], PRICES, seed=1)

    assert not found.deterministic
    assert not found.clean


def test_a_strategy_that_never_acts_shows_nothing() -> None:
    found = replay(lambda prices: [], PRICES, seed=1)

    assert found == Report(prefixes=found.prefixes, actions=0)
    assert not found.clean


def test_a_finding_says_where_the_past_was_another() -> None:
    found = replay(lambda prices: [Action(7, f"saw {len(prices)}")] if len(prices) > 7 else [], PRICES[:12], seed=1)

    assert found.findings[0].sentence() == "with the first 8 events it did 'saw 8' at event 7, with all of them 'saw 12'"


def test_a_few_events_known_a_little_too_early_are_enough() -> None:
    def mostly_honest(prices: Prices) -> list[Action]:
        honest = trade(momentum(prices))
        return [action for action in honest if action.at != 150] + ([Action(150, "buy")] if len(prices) > 151 and prices[151] > 0 else [])

    assert replay(mostly_honest, PRICES, seed=1, prefixes=256).findings


def test_an_action_at_an_event_nobody_showed_is_refused() -> None:
    with pytest.raises(BadInput, match="actions"):
        replay(lambda prices: [Action(len(prices), "buy")], PRICES, seed=1)


def test_one_event_is_no_history() -> None:
    with pytest.raises(BadInput, match="events"):
        replay(toy(momentum), PRICES[:1], seed=1)
