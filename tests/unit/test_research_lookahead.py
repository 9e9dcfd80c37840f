"""Every kind of look-ahead we know of, planted in a small strategy on a toy runner, is caught; honest strategies are not accused.

The toy strategy buys after a rise of its signal and sells after a fall; each planted one differs from an honest one in one place.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.research.lookahead import Action, Report, replay

Prices = Sequence[float]
Toy = Callable[[Prices], Sequence[Action]]
PRICES: list[float] = np.exp(np.cumsum(np.random.default_rng(11).normal(0, 0.02, 300))).tolist()


def trade(signal: Sequence[float]) -> list[Action]:
    """Act where the sign of the signal turns."""
    signs = [value > 0 for value in signal]
    return [Action(at, "buy" if now else "sell") for at, (before, now) in enumerate(pairwise(signs), 1) if before != now]


def momentum(prices: Prices) -> list[Action]:
    return trade([price - prices[max(0, at - 5)] for at, price in enumerate(prices)])


def mean_so_far(prices: Prices) -> list[Action]:
    return trade([price - float(np.mean(prices[: at + 1])) for at, price in enumerate(prices)])


def streaming(prices: Prices) -> list[Action]:
    slow, signal = prices[0], []
    for price in prices:
        slow += 0.1 * (price - slow)
        signal.append(price - slow)
    return trade(signal)


def seeded(prices: Prices) -> list[Action]:
    draw = np.random.default_rng(5)
    return trade([price - prices[max(0, at - 3)] + draw.normal(0, 0.01) for at, price in enumerate(prices)])


def several_at_once(prices: Prices) -> list[Action]:
    return [Action(action.at, (step, action.what)) for action in momentum(prices) for step in ("check", "order")]


def next_price(prices: Prices) -> list[Action]:
    return trade([prices[min(at + 1, len(prices) - 1)] - price for at, price in enumerate(prices)])


def centred_average(prices: Prices) -> list[Action]:
    return trade([price - float(np.mean(prices[max(0, at - 3) : at + 4])) for at, price in enumerate(prices)])


def scaled_by_the_whole(prices: Prices) -> list[Action]:
    low, high = min(prices), max(prices)
    return trade([(price - low) / (high - low + 1e-12) - 0.5 for price in prices])


def standardised_by_the_whole(prices: Prices) -> list[Action]:
    return trade([(price - float(np.mean(prices))) / (float(np.std(prices)) + 1e-12) for price in prices])


def filled_backwards(prices: Prices) -> list[Action]:
    seen = [price if at % 7 == 0 else None for at, price in enumerate(prices)]
    filled, last = [], prices[-1]
    for value in reversed(seen):
        last = last if value is None else value
        filled.append(last)
    return trade([price - later for price, later in zip(prices, reversed(filled), strict=True)])


def interpolated(prices: Prices) -> list[Action]:
    known = [*range(0, len(prices), 9)]
    line = np.interp(np.arange(len(prices)), known, [prices[at] for at in known])
    return trade([price - float(middle) for price, middle in zip(prices, line, strict=True)])


def unfinished_candle(prices: Prices) -> list[Action]:
    closes = [prices[min(at - at % 10 + 9, len(prices) - 1)] for at in range(len(prices))]
    return trade([close - price for close, price in zip(closes, prices, strict=True)])


def fitted_on_the_whole(prices: Prices) -> list[Action]:
    line = np.polynomial.Polynomial.fit(np.arange(len(prices)), prices, 1 if len(prices) > 1 else 0)
    return trade([price - float(line(at)) for at, price in enumerate(prices)])


def labels_as_features(prices: Prices) -> list[Action]:
    label = [1.0 if max(prices[at : at + 20]) > 1.03 * price else -1.0 for at, price in enumerate(prices)]
    return trade(label)


def best_window_of_the_whole(prices: Prices) -> list[Action]:
    def signal(window: int) -> list[float]:
        return [price - prices[max(0, at - window)] for at, price in enumerate(prices)]

    def profit(window: int) -> float:
        return float(np.sum(np.sign(signal(window)[:-1]) * np.diff(prices)))

    return trade(signal(max(range(2, 12), key=profit)))


def only_winners(prices: Prices) -> list[Action]:
    return momentum(prices) if prices[-1] > prices[0] else []


def sized_by_the_end(prices: Prices) -> list[Action]:
    return [Action(action.at, (action.what, round(1_000 / len(prices)))) for action in momentum(prices)]


def reversed_smoothing(prices: Prices) -> list[Action]:
    smooth, last = [], prices[-1]
    for price in reversed(prices):
        last += 0.3 * (price - last)
        smooth.append(last)
    return trade([price - later for price, later in zip(prices, reversed(smooth), strict=True)])


def frequency_filter(prices: Prices) -> list[Action]:
    spectrum = np.fft.rfft(prices)
    spectrum[6:] = 0
    return trade([price - float(low) for price, low in zip(prices, np.fft.irfft(spectrum, len(prices)), strict=True)])


def exits_at_the_top(prices: Prices) -> list[Action]:
    top = int(np.argmax(prices))
    return [*(action for action in momentum(prices) if action.at < top), Action(top, "sell all")]


def remembering_what_it_once_saw() -> Toy:
    seen: dict[int, float] = {}

    def run(prices: Prices) -> list[Action]:
        seen.update(enumerate(prices))
        return trade([seen.get(at + 1, price) - price for at, price in enumerate(prices)])

    return run


HONEST: list[Toy] = [momentum, mean_so_far, streaming, seeded, several_at_once]
PLANTED: list[Toy] = [
    next_price,
    centred_average,
    scaled_by_the_whole,
    standardised_by_the_whole,
    filled_backwards,
    interpolated,
    unfinished_candle,
    fitted_on_the_whole,
    labels_as_features,
    best_window_of_the_whole,
    only_winners,
    sized_by_the_end,
    reversed_smoothing,
    frequency_filter,
    exits_at_the_top,
]


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
        honest = momentum(prices)
        return [action for action in honest if action.at != 150] + ([Action(150, "buy")] if len(prices) > 151 and prices[151] > 0 else [])

    assert replay(mostly_honest, PRICES, seed=1, prefixes=256).findings


def test_an_action_at_an_event_nobody_showed_is_refused() -> None:
    with pytest.raises(BadInput, match="actions"):
        replay(lambda prices: [Action(len(prices), "buy")], PRICES, seed=1)


def test_one_event_is_no_history() -> None:
    with pytest.raises(BadInput, match="events"):
        replay(momentum, PRICES[:1], seed=1)
