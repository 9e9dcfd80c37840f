"""The lane's integers, pools, ids and draws are the ones of the code that trades, to the last unit."""

import random

import numpy as np
import pytest

from memesnipe.guard.paper import stir_bps
from memesnipe.kernel.ids import derive
from memesnipe.market.curves import PUMPFUN, Pool, buy_exact_in, sell_exact_in
from memesnipe.research.lane import digest, exact
from memesnipe.research.lane.jit import entry
from memesnipe.testing.builders import a_tick

TRIES = 3_000
pytestmark = pytest.mark.timeout(600)


def divided(a: int, b: int, c: int) -> tuple[int, int]:
    return exact.muldiv(a, b, c)


def compared(a: int, b: int, c: int, d: int) -> bool:
    return exact.at_most(a, b, c, d)


def traded(lamports: int, units: int, quote: int, base: int, fees: tuple[int, int], curve: int) -> tuple[int, int, int, int, int]:
    bought = exact.buy(lamports, quote, base, fees[0], fees[1], curve, base // 4)
    sold = exact.sell(units, quote, base, fees[0], fees[1], quote // 3)
    return bought[0], bought[1], bought[2], sold[0], sold[1]


def moved(quote_before: int, base_before: int, quote: int, base: int) -> int:
    return exact.stir_of(quote_before, base_before, quote, base)


def drawn(text: digest.Bytes, words: digest.Words, part: digest.Bytes, number: int, within: int) -> tuple[int, int, int, int]:
    at = digest.put_number(text, digest.put(text, 0, part, part.shape[0]), number)
    one, other = digest.finish(text, words, at)
    slots, share = digest.luck(one, other, within)
    return one, other, slots, share


def test_quotients_and_comparisons_are_exact_beyond_64_bits() -> None:
    draw, divide, compare = random.Random(1), entry(divided, exact.muldiv), entry(compared, exact.muldiv)

    for _ in range(TRIES):
        a, b, c = (draw.getrandbits(draw.randint(1, bits)) for bits in (55, 55, 60))
        if a * b // (c + 1) < 2**61:
            quotient = a * b // (c + 1)
            assert divide(a, b, c + 1) == divmod(a * b, c + 1)
            assert compare(a, b, c + 1, quotient) == (a * b <= (c + 1) * quotient)
            assert compare(c + 1, quotient, a, b)
            assert not compare(c + 1, quotient + 1, a, b)


def test_products_at_the_edge_of_the_proof_are_compared_by_their_true_difference() -> None:
    a, b, c, d = 36028707109072867, 144114447316272918, 72057584141586344, 72057053735545799

    assert abs(a * b - c * d) > 2**63
    assert entry(compared, exact.muldiv)(a, b, c, d) == (a * b <= c * d)


def test_a_product_beyond_the_proof_is_refused() -> None:
    with pytest.raises(OverflowError):
        entry(divided, exact.muldiv)(2**60, 2**60, 2**61)


def test_pools_give_and_take_what_the_curves_do() -> None:
    draw, trade = random.Random(2), entry(traded, exact.muldiv)

    for _ in range(TRIES):
        quote, base, curve = draw.randint(1, 2**40), draw.randint(1, 2**50), draw.random() < 0.5
        pool = Pool(PUMPFUN if curve else "raydium", quote, base, draw.randint(0, 300), draw.randint(0, 100), quote // 3, base // 4)
        lamports, units = draw.getrandbits(draw.randint(1, 40)), draw.randint(0, base)
        bought, sold = buy_exact_in(pool, lamports), sell_exact_in(pool, units)
        fees = bought.protocol_fee + bought.creator_fee
        expected = (bought.units, bought.quote_lamports + fees, fees, sold.lamports_net, sold.protocol_fee + sold.creator_fee)
        assert trade(lamports, units, quote, base, (pool.fee_bps, pool.creator_fee_bps), int(curve)) == expected


def test_a_markets_unrest_is_what_paper_draws_by() -> None:
    draw, move = random.Random(3), entry(moved, exact.muldiv)

    for _ in range(TRIES):
        quote, base = draw.randint(1, 2**40), draw.randint(1, 2**50)
        after = max(1, int(quote * (1 + draw.choice((0.0, 1e-4, 3e-4, 0.01, -0.02, 0.5, -0.5, 2.0)))) + draw.randint(-2, 2))
        last = a_tick(quote_lamports=after, base_units=base + 3)
        assert move(quote, base, after, base + 3) == stir_bps(a_tick(quote_lamports=quote, base_units=base), last, last.slot)


def test_ids_and_draws_are_derived_as_everywhere() -> None:
    draw, text, made = random.Random(4), np.zeros(1_024, dtype=np.uint8), entry(drawn, digest.blake2b)

    for _ in range(300):
        part, number, within = draw.randbytes(draw.randint(0, 300)), draw.getrandbits(draw.randint(1, 40)), draw.randint(1, 40)
        one, other, slots, share = made(text, text.view(np.uint64), np.frombuffer(part, dtype=np.uint8).copy(), number, within)
        spelled = (int(one).to_bytes(8, "little") + int(other).to_bytes(8, "little")).hex()
        assert spelled == derive(part, number)
        assert (slots, share) == (int(spelled, 16) % within, int(spelled, 16) // within % 10_000)
