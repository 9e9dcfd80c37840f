"""Signals that know the future, one of each kind that we know of, and honest ones beside them: prices in, a number for each price out.

All of them happen in real research, most by a library's default. Each planted one differs from an honest one in one place.
"""

from collections.abc import Callable, Sequence

import numpy as np

Prices = Sequence[float]
Signal = Callable[[Prices], list[float]]
"""Buy above 0, sell otherwise."""


def momentum(prices: Prices) -> list[float]:
    """Above the price of five trades ago."""
    return [price - prices[max(0, at - 5)] for at, price in enumerate(prices)]


def mean_so_far(prices: Prices) -> list[float]:
    """Above the mean of all that was."""
    return [price - float(np.mean(prices[: at + 1])) for at, price in enumerate(prices)]


def streaming(prices: Prices) -> list[float]:
    """Above an average that forgets."""
    slow, signal = prices[0], []
    for price in prices:
        slow += 0.1 * (price - slow)
        signal.append(price - slow)
    return signal


def seeded(prices: Prices) -> list[float]:
    """Chance, but the same chance each time."""
    draw = np.random.default_rng(5)
    return [price - prices[max(0, at - 3)] + draw.normal(0, 0.3 * prices[0]) for at, price in enumerate(prices)]


def next_price(prices: Prices) -> list[float]:
    """Above what it costs a trade later: a table joined one row off."""
    return [prices[min(at + 1, len(prices) - 1)] - price for at, price in enumerate(prices)]


def centred_average(prices: Prices) -> list[float]:
    """Above an average with the price in its middle."""
    return [price - float(np.mean(prices[max(0, at - 3) : at + 4])) for at, price in enumerate(prices)]


def scaled_by_the_whole(prices: Prices) -> list[float]:
    """Above the middle between the lowest and the highest there will be."""
    low, high = min(prices), max(prices)
    return [(price - low) / (high - low + 1e-300) - 0.5 for price in prices]


def standardised_by_the_whole(prices: Prices) -> list[float]:
    """Above the mean of the whole series, in its own deviations."""
    return [(price - float(np.mean(prices))) / (float(np.std(prices)) + 1e-300) for price in prices]


def ranked_in_the_whole(prices: Prices) -> list[float]:
    """In the upper half of all prices there will be."""
    ordered = np.sort(prices)
    return [float(np.searchsorted(ordered, price) / len(prices)) - 0.5 for price in prices]


def filled_backwards(prices: Prices) -> list[float]:
    """Above a series whose gaps were filled with what came after them."""
    seen = [price if at % 7 == 0 else None for at, price in enumerate(prices)]
    filled, last = [], prices[-1]
    for value in reversed(seen):
        last = last if value is None else value
        filled.append(last)
    return [price - later for price, later in zip(prices, reversed(filled), strict=True)]


def interpolated(prices: Prices) -> list[float]:
    """Above a line drawn between prices of which one is still to come."""
    known = [*range(0, len(prices), 9)]
    line = np.interp(np.arange(len(prices)), known, [prices[at] for at in known])
    return [price - float(middle) for price, middle in zip(prices, line, strict=True)]


def unfinished_candle(prices: Prices) -> list[float]:
    """Below the close of the candle that the price is in."""
    closes = [prices[min(at - at % 10 + 9, len(prices) - 1)] for at in range(len(prices))]
    return [close - price for close, price in zip(closes, prices, strict=True)]


def fitted_on_the_whole(prices: Prices) -> list[float]:
    """Above a line that was fitted to everything."""
    line = np.polynomial.Polynomial.fit(np.arange(len(prices)), prices, 1 if len(prices) > 1 else 0)
    return [price - float(line(at)) for at, price in enumerate(prices)]


def labels_as_features(prices: Prices) -> list[float]:
    """Whether it will rise by 3%: what was to be learned stands among what it is learned from."""
    return [1.0 if max(prices[at : at + 20]) > 1.03 * price else -1.0 for at, price in enumerate(prices)]


def best_window_of_the_whole(prices: Prices) -> list[float]:
    """Momentum over the window that will have been the best."""

    def signal(window: int) -> list[float]:
        return [price - prices[max(0, at - window)] for at, price in enumerate(prices)]

    def profit(window: int) -> float:
        return float(np.sum(np.sign(signal(window)[:-1]) * np.diff(prices)))

    return signal(max(range(2, 12), key=profit))


def only_winners(prices: Prices) -> list[float]:
    """Momentum, of tokens that will have risen: a list of survivors."""
    return momentum(prices) if prices[-1] > prices[0] else [-1.0] * len(prices)


def only_long_lived(prices: Prices) -> list[float]:
    """Momentum, of tokens that will be traded forty times: a filter on what a token came to."""
    return momentum(prices) if len(prices) >= 40 else [-1.0] * len(prices)


def reversed_smoothing(prices: Prices) -> list[float]:
    """Above an average that ran from the end to the beginning, as zero-lag filters do."""
    smooth, last = [], prices[-1]
    for price in reversed(prices):
        last += 0.3 * (price - last)
        smooth.append(last)
    return [price - later for price, later in zip(prices, reversed(smooth), strict=True)]


def frequency_filter(prices: Prices) -> list[float]:
    """Above the slow part of the whole series' spectrum."""
    spectrum = np.fft.rfft(prices)
    spectrum[6:] = 0
    return [price - float(low) for price, low in zip(prices, np.fft.irfft(spectrum, len(prices)), strict=True)]


def out_at_the_top(prices: Prices) -> list[float]:
    """Momentum, and out for good at the highest price there will be."""
    top = int(np.argmax(prices))
    return [value if at < top else -1.0 for at, value in enumerate(momentum(prices))]


HONEST: tuple[Signal, ...] = (momentum, mean_so_far, streaming, seeded)
PLANTED: tuple[Signal, ...] = (
    next_price,
    centred_average,
    scaled_by_the_whole,
    standardised_by_the_whole,
    ranked_in_the_whole,
    filled_backwards,
    interpolated,
    unfinished_candle,
    fitted_on_the_whole,
    labels_as_features,
    best_window_of_the_whole,
    only_winners,
    only_long_lived,
    reversed_smoothing,
    frequency_filter,
    out_at_the_top,
)
