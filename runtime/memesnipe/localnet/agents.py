"""Seeded traders that move the pools: trend followers, noise, and creators who pull the rug.

What happens in a slot is a pure function of (seed, slot, pools), so one seed gives one market, across restarts too. Every trade is put
into history as a transaction in the shape a subscriber gets from Helius, with pump.fun's events in its logs; its signature verifies
against nothing, and the traders' own balances are not kept.
"""

import math
import random

import msgspec
from solders.pubkey import Pubkey

from memesnipe.localnet import accounts, pools, seeds, synthetic
from memesnipe.localnet.chain import FIRST_SLOT, Chain
from memesnipe.localnet.market import blank_pool
from memesnipe.localnet.pools import Pool, Side

WALLETS = 64
FOUNDING_CURVES = 4
FOUNDING_PRODUCTS = 2
SLOTS_PER_LAUNCH = 30
ATTENTION_SLOTS = 900
TRADES_PER_SLOT_MAX = 3
FIRST_WORDS = ("Turbo", "Sad", "Giga", "Moon", "Baby", "Based", "Quantum", "Sleepy", "Neon", "Grumpy", "Tiny", "Cosmic")
LAST_WORDS = ("Frog", "Wif", "Cat", "Pepe", "Otter", "Toad", "Shrimp", "Goose", "Llama", "Dog", "Yak", "Hat")


def found_market(chain: Chain) -> None:
    """The tokens a fresh localnet starts with: a few curves already trading and two old constant-product pools."""
    for number in range(FOUNDING_CURVES + FOUNDING_PRODUCTS):
        pool = _invent(chain, f"founding-{number}", "bonding_curve" if number < FOUNDING_CURVES else "constant_product")
        rng = seeds.rng(chain.settings.seed, "founding", number)
        if pool.kind == "constant_product":
            held = pool.supply_units * rng.randint(20, 40) // 100
            pool = _with_reserves(pool, rng.randint(80, 400) * 10**9, held, pool.supply_units - held)
        chain.market.open(pool)
        if pool.kind == "bonding_curve":
            _swap(chain, pool, "buy", rng.randint(3, 30) * 10**9, _wallet(chain, rng), record=False)


def act(chain: Chain) -> None:
    """One slot of trading."""
    rng = seeds.rng(chain.settings.seed, "slot", chain.slot)
    if rng.random() < 1 / SLOTS_PER_LAUNCH:
        _launch(chain, rng)
    for _ in range(rng.randint(0, TRADES_PER_SLOT_MAX)):
        if pool := _choose(chain, rng):
            _trade(chain, pool, rng)


def _launch(chain: Chain, rng: random.Random) -> None:
    pool = _invent(chain, f"launch-{chain.slot}", "bonding_curve")
    if chain.market.get(pool.mint):
        return
    chain.market.open(pool)
    synthetic.record_create(chain, pool)
    _swap(chain, pool, "buy", rng.randint(1, 30) * 10**8, pool.creator)


def _choose(chain: Chain, rng: random.Random) -> Pool | None:
    """A pool to trade: the founders always, launches while they have attention."""
    listed = chain.market.all()
    weights = [_attention(chain.slot - pool.created_slot, pool.created_slot == FIRST_SLOT) for pool in listed]
    return rng.choices(listed, weights)[0] if sum(weights) > 0 else None


def _attention(age: int, founder: bool) -> float:
    if founder:
        return 1.0
    return max(0.0, 1 - age / ATTENTION_SLOTS) * 1.5


def _trade(chain: Chain, pool: Pool, rng: random.Random) -> None:
    side: Side = "buy" if rng.random() < _appetite(pool, chain.slot) else "sell"
    wallet = _wallet(chain, rng)
    if pool.personality == "rug" and _pulled(pool, chain.slot):
        share = rng.uniform(0.3, 0.6)
        _swap(chain, pool, "sell", int(pool.agent_base_units * share), pool.creator)
    elif side == "buy":
        depth = min(pool.virtual_quote_lamports // 40, 3 * 10**9)
        _swap(chain, pool, "buy", max(int(depth * rng.lognormvariate(-1.2, 0.8)), 1_000_000), wallet)
    else:
        _swap(
            chain,
            pool,
            "sell",
            int(min(pool.agent_base_units, pool.virtual_base_units // 40) * min(rng.lognormvariate(-1.2, 0.8), 1)),
            wallet,
        )


def _appetite(pool: Pool, slot: int) -> float:
    """Probability that the next trade is a buy."""
    phase = sum(pool.mint.encode()) % 97
    wave = math.sin((slot + phase * 7) / (60 + phase))
    if pool.personality == "trend":
        return 0.5 + 0.3 * wave
    if pool.personality == "rug":
        return 0.8
    return 0.5 + 0.08 * wave


def _pulled(pool: Pool, slot: int) -> bool:
    return slot - pool.created_slot > 60 + sum(pool.mint.encode()) % 120


def _swap(chain: Chain, pool: Pool, side: Side, amount_in: int, wallet: str, record: bool = True) -> None:
    """An agent's trade: refused quietly when the pool cannot serve it, or when it would fill the curve."""
    outcome = pools.quote(pool, side, amount_in)
    if outcome is None or pool.real_base_units + outcome.base_delta_units < pool.supply_units // 50:
        return
    moved = chain.market.agent_swap(pool, side, amount_in, outcome, chain.slot)
    if record:
        synthetic.record_trade(chain, pool, moved, side, amount_in, outcome, wallet)


def _invent(chain: Chain, label: str, kind: pools.Kind) -> Pool:
    seed = chain.settings.seed
    rng = seeds.rng(seed, "token", label)
    name = f"{rng.choice(FIRST_WORDS)} {rng.choice(LAST_WORDS)}"
    symbol = "".join(word[:3] for word in name.upper().split())
    mint = seeds.pubkey(seed, "mint", label)
    token = accounts.TOKEN_2022 if kind == "bonding_curve" and rng.random() < 0.3 else accounts.TOKEN
    pool = blank_pool(seed, mint, kind, symbol, name, str(seeds.pubkey(seed, "creator", label)), Pubkey.from_bytes(bytes(token)))
    personality = rng.choices(("trend", "noise", "rug"), (5, 3, 2 if label.startswith("launch") else 0))[0]
    born = {"created_slot": chain.slot, "created_unix_s": chain.unix_s, "last_slot": chain.slot}
    return msgspec.structs.replace(pool, personality=personality, **born)


def _with_reserves(pool: Pool, quote: int, base: int, agents: int) -> Pool:
    return msgspec.structs.replace(
        pool,
        virtual_quote_lamports=quote,
        virtual_base_units=base,
        real_quote_lamports=quote,
        real_base_units=base,
        agent_base_units=agents,
    )


def _wallet(chain: Chain, rng: random.Random) -> str:
    return str(seeds.pubkey(chain.settings.seed, "wallet", rng.randrange(WALLETS)))
