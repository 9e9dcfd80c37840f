"""What may happen in a sequence, one function each, and how often: the table at the end is what a course of events is drawn from."""

from collections.abc import Callable

import msgspec

from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import AMOUNT_MAX, HaltState, Mode, Side
from memesnipe.messages.control import PORTFOLIO, CloseRequest, HaltCommand, StrategyConfig
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import Fill, FillStatus, Intent, OrderIntent, Rejection
from memesnipe.positions.decide import on_token_worse
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL
from memesnipe.testing.sequences.policies import STRATEGIES, a_policy, spec_of
from memesnipe.testing.sequences.promises import PERSON
from memesnipe.testing.sequences.world import World

MINTS = (MINT, OTHER_MINT, "So11111111111111111111111111111111111111112")
START = (30 * SOL, 1_000_000 * 10**6)
"""Reserves of a pool that nobody traded on yet."""
FEE_LAMPORTS = 5_000
ENDINGS = (ReasonCode.EXPIRED, ReasonCode.CHAIN_FAILED, ReasonCode.TX_MIN_OUT, ReasonCode.NO_ROUTE)


def buy(world: World) -> None:
    """A strategy asks to buy; now and then more, later, or with more slippage than it may."""
    lamports = round(world.draw.choice((0.2, 0.5, 1, 2, 3.2)) * SOL)
    ask(world, world.draw.choice(STRATEGIES), world.draw.choice(MINTS), lamports=lamports)


def sell(world: World) -> None:
    """A strategy asks to sell what it may hold, or more."""
    held = [key for key in world.happened.held if key[1] in STRATEGIES]
    if not held:
        return buy(world)
    key = world.draw.choice(held)
    units = max(1, int(world.happened.units(key) * world.draw.choice((0.3, 0.5, 1, 1, 1.01))))
    return ask(world, key[1], key[2], units=units)


def ask(world: World, strategy: str, mint: str, *, lamports: int = 0, units: int = 0) -> None:
    """Put a wish on a strategy's stream, mostly one that may be granted."""
    odd = world.draw.random()
    side, event_id, spec = Side.SELL if units else Side.BUY, world.fresh("event"), spec_of(world.config, strategy)
    time_ns = world.now_ns - (6_000 if odd < 0.02 else -2_500 if odd < 0.04 else world.draw.choice((0, 400))) * NS_PER_MS
    slippage = 1_200 if 0.04 <= odd < 0.06 else 300
    spec = "c0" * 32 if 0.06 <= odd < 0.08 else spec
    lamports, units = (lamports or 1, units or 1) if 0.08 <= odd < 0.1 else (lamports, units)
    own = derive("intent", strategy, spec, event_id, 0) if not 0.1 <= odd < 0.12 else world.fresh("forged")
    said = "somebody-else" if 0.12 <= odd < 0.14 else strategy
    intent = OrderIntent(own, said, spec, event_id, 0, time_ns, world.slot, mint, side, lamports, units, slippage, *pool_of(world, mint))
    world.wish(strategy, intent)


def stages_read(world: World) -> None:
    """Each stage takes what waits for it, one more and the other less."""
    if world.to_switch and world.draw.random() < 0.15:
        world.command(world.to_switch.popleft())
    for _ in range(world.draw.randint(1, 3)):
        if world.to_risk:
            world.risk_reads()
    for _ in range(world.draw.randint(1, 3)):
        if world.to_positions:
            world.positions_read()


def said_again(world: World) -> None:
    """The bus gives an entry once more: to whom it was given before."""
    if world.risk_heard:
        world.risk_reads(world.draw.choice(world.risk_heard))
    if world.positions_heard:
        world.positions_read(world.draw.choice(world.positions_heard))


def fill(world: World) -> None:
    """An order that is under way lands, as it asked or for a little less."""
    if world.flying:
        mode, intent = world.flying.pop(world.draw.choice(list(world.flying)))
        world.ends(filled(world, mode, intent))


def filled(world: World, mode: Mode, intent: Intent) -> Fill:
    """Return what a landed order did."""
    quote, base = pool_of(world, intent.mint)
    if isinstance(intent, OrderIntent) and intent.side is Side.BUY:
        rent, lamports = world.draw.choice((0, 2_039_280)), -intent.size_lamports
        units = max(1, min(intent.size_lamports * base * 99 // (quote * 100), AMOUNT_MAX >> 4))
    else:
        rent, units, lamports = 0, -intent.size_units, min(intent.size_units * quote * 99 // (base * 100), 10_000 * SOL)
    return a_fill(world, mode, intent, FillStatus.FILLED, lamports - FEE_LAMPORTS - rent, units, rent)


def fails_on_chain(world: World) -> None:
    """An attempt lands and fails: its fee is gone, and the order goes on."""
    if world.flying:
        mode, intent = world.flying[world.draw.choice(list(world.flying))]
        world.ends(a_fill(world, mode, intent, FillStatus.FAILED, -FEE_LAMPORTS, 0, 0))


def a_fill(world: World, mode: Mode, intent: Intent, status: FillStatus, lamports: int, units: int, rent: int) -> Fill:
    """Return a Fill of these movements."""
    world.slot += 1
    side = intent.side if isinstance(intent, OrderIntent) else Side.SELL
    cause = None if isinstance(intent, OrderIntent) else intent.cause
    attempt = world.number = world.number + 1
    return Fill(
        intent.id, intent.strategy, mode, attempt, f"{intent.id}:{attempt}", status, side, intent.mint, world.slot, world.now_ns,
        lamports, units, FEE_LAMPORTS, 0, rent, 0, abs(units), intent.time_ns, exit_cause=cause,
    )  # fmt: skip


def dies(world: World) -> None:
    """An order that is under way ends without a fill."""
    if world.flying:
        _, intent = world.flying.pop(world.draw.choice(list(world.flying)))
        side = intent.side if isinstance(intent, OrderIntent) else Side.SELL
        reason = world.draw.choice(ENDINGS)
        world.ends(Rejection(intent.id, intent.strategy, "wallet_guard", reason, "ended", world.now_ns, intent.mint, side))


def pool_of(world: World, mint: str) -> tuple[int, int]:
    """Return a token's reserves as they are now: lamports and units."""
    tick = world.prices.get(mint)
    return (tick.quote_lamports, tick.base_units) if tick is not None else START


def price_moves(world: World) -> None:
    """Somebody trades: a price goes a step, or a long way."""
    move_price(world, world.draw.choice(MINTS), world.draw.choice((0.5, 0.79, 0.9, 0.97, 1.03, 1.1, 1.6)))


def a_crash(world: World) -> None:
    """A held token falls to nothing, and the strategies go on buying: a halt takes its time to reach them."""
    move_price(world, a_held_mint(world), 0.02)
    for _ in range(3):
        buy(world)


def a_losing_trade(world: World) -> None:
    """A strategy buys, is stopped out, and wants the same token and another one again."""
    strategy, mint = world.draw.choice(STRATEGIES), world.draw.choice(MINTS)
    ask(world, strategy, mint, lamports=SOL // 5)
    _goes_through(world)
    move_price(world, mint, 0.3)
    _goes_through(world)
    for wanted in (mint, *MINTS):
        ask(world, strategy, wanted, lamports=SOL // 5)
        stages_read(world)


def _goes_through(world: World) -> None:
    for _ in range(4):
        stages_read(world)
    while world.flying:
        fill(world)
    for _ in range(4):
        stages_read(world)


def liquidity_leaves(world: World) -> None:
    """Both reserves fall, mostly of a token that is held; the price stays."""
    mint, share = a_held_mint(world), world.draw.choice((0.9, 0.4, 0.3, 0.05))
    quote, base = pool_of(world, mint)
    for part in (1.0, share):
        reserves_are(world, mint, int(quote * part), int(base * part))


def minutes_go_by(world: World) -> None:
    """A held token rises for some minutes, and falls a little in the next."""
    mint = a_held_mint(world)
    for factor in (1.02, 1.02, 1.02, 0.9):
        world.now_ns += 61 * NS_PER_S
        move_price(world, mint, factor)
        stages_read(world)


def a_held_mint(world: World) -> str:
    """Return a token that somebody holds, any if nobody does."""
    held = sorted({key[2] for key in world.happened.held})
    return world.draw.choice(held or MINTS)


def move_price(world: World, mint: str, factor: float) -> None:
    """Move one price by a factor as a trade does, the product of the reserves kept; now and then to an absurd one."""
    quote, base = pool_of(world, mint)
    if world.draw.random() < 0.001:
        return reserves_are(world, mint, AMOUNT_MAX, base)
    return reserves_are(world, mint, int(quote * factor**0.5), int(base / factor**0.5))


def reserves_are(world: World, mint: str, quote: int, base: int) -> None:
    """Say a token's reserves; now and then at a time to come."""
    time_ns = world.now_ns + (10 * NS_PER_S if world.draw.random() < 0.01 else 0)
    quote, base = (max(1, min(reserve, AMOUNT_MAX)) for reserve in (quote, base))
    world.slot += 1
    world.price(PriceTick(world.fresh("tick"), time_ns, world.slot, mint, "pumpfun", quote, base, 6))


def time_passes(world: World) -> None:
    """Seconds go by; position_manager looks at its clock."""
    world.now_ns += world.draw.choice((1, 3, 20, 31, 61, 121)) * NS_PER_S
    world.time_goes_on()


def a_person_commands(world: World) -> None:
    """Somebody halts or resumes everything or one strategy."""
    state = world.draw.choice((*[HaltState.ACTIVE] * 3, HaltState.REDUCE_ONLY, HaltState.HALTED, HaltState.FROZEN))
    scope = world.draw.choice((PORTFOLIO, PORTFOLIO, *STRATEGIES))
    world.command(HaltCommand(world.fresh("halt"), scope, state, PERSON, "because", world.now_ns))


def a_machine_commands(world: World) -> None:
    """A machine may only make it worse, whatever it says."""
    state = world.draw.choice((HaltState.ACTIVE, HaltState.REDUCE_ONLY))
    world.command(HaltCommand(world.fresh("halt"), PORTFOLIO, state, "position_manager", "the ledger", world.now_ns))


def a_person_closes(world: World) -> None:
    """Somebody wants a position closed, held or not."""
    request = CloseRequest(world.fresh("close"), world.draw.choice(STRATEGIES), world.draw.choice(MINTS), PERSON, world.now_ns)
    world.to_positions.append(request)


def a_token_turns_bad(world: World) -> None:
    """The watch on held mints found something."""
    world.exits_of(on_token_worse(world.positions, world.draw.choice(MINTS), "somebody new can freeze it", world.position_rules()))


def another_policy(world: World) -> None:
    """A person applies other limits, other strategies or other weights."""
    kept = tuple(changed(world, one) for one in world.config.strategies)
    weights = world.draw.choice(((), (), (5_000, 3_000, 2_000), (9_000, 9_000, 0), (0, 5_000, 100)))
    changes = {"version": world.config.version + 1, "limits": a_policy(world.draw), "strategies": kept, "weights_bps": weights}
    world.apply(msgspec.structs.replace(world.config, **changes))


def changed(world: World, one: StrategyConfig) -> StrategyConfig:
    """Return a strategy as it was, or paused, of another spec, or in the other mode."""
    odd = world.draw.random()
    if odd < 0.2:
        return msgspec.structs.replace(one, paused=not one.paused)
    if odd < 0.3:
        return msgspec.structs.replace(one, spec_hash=derive("spec", world.number))
    return msgspec.structs.replace(one, mode=Mode.LIVE if one.mode is Mode.PAPER else Mode.PAPER) if odd < 0.35 else one


def killed(world: World) -> None:
    """A stage dies and starts from what it stored."""
    world.kill_risk()
    world.kill_positions()


def the_key_is_gone(world: World) -> None:
    """Live orders cannot be sealed for a while."""
    world.seal_works = not world.seal_works


Move = Callable[[World], None]
MOVES: tuple[tuple[Move, int], ...] = (
    (stages_read, 60),
    (buy, 34),
    (fill, 26),
    (price_moves, 22),
    (a_crash, 3),
    (a_losing_trade, 4),
    (liquidity_leaves, 5),
    (minutes_go_by, 3),
    (sell, 6),
    (time_passes, 8),
    (dies, 5),
    (fails_on_chain, 3),
    (said_again, 5),
    (a_person_commands, 3),
    (a_machine_commands, 1),
    (a_person_closes, 2),
    (a_token_turns_bad, 1),
    (another_policy, 2),
    (killed, 4),
    (the_key_is_gone, 1),
)
"""(move, how often)."""
