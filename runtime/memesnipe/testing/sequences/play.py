"""One sequence, and many: `play` draws a course of events, winds it down, and says how often everything happened."""

import random
from collections import Counter
from collections.abc import Iterable

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, HaltCommand
from memesnipe.testing.sequences import moves, protection
from memesnipe.testing.sequences.policies import STRATEGIES, a_start
from memesnipe.testing.sequences.promises import PERSON
from memesnipe.testing.sequences.world import World

STEPS = 24
ROUNDS_MAX = 12
"""Of winding down. An exit without an outcome is asked for again after 120 s, and a round is 31 s."""
_MOVES, _WEIGHTS = zip(*moves.MOVES, strict=True)


def play(seed: int, steps: int = STEPS) -> Counter[str]:
    """Return what happened in one sequence. Raises Broken, which names the seed and the steps."""
    draw = random.Random(seed)  # noqa: S311 - a course of events, not a secret
    world = World(draw.getrandbits(63), a_start(draw))
    done: list[str] = []
    try:
        for move in draw.choices(_MOVES, _WEIGHTS, k=steps):
            done.append(move.__name__)
            move(world)
        done.append("wind down")
        wind_down(world)
    except Exception as error:
        error.add_note(f"play({seed}): {', '.join(done)}")
        raise
    world.tally["steps"] += steps
    return world.tally


def play_many(seeds: Iterable[int]) -> Counter[str]:
    """Return what happened in all of them together. Raises Broken."""
    told = Counter[str]()
    for seed in seeds:
        told.update(play(seed))
        told["sequences"] += 1
    return told


def broken_within(seeds: Iterable[int]) -> str:
    """Return what breaks first, a promise or a stage itself, "" if nothing does: for a stage with a bug in it."""
    for seed in seeds:
        try:
            play(seed)
        except Exception as broken:
            return f"{type(broken).__name__}: {broken}"
    return ""


def wind_down(world: World) -> None:
    """Let what is under way end, let every price fall, and give exits their time; then nothing may be left that nobody knows of."""
    state = world.draw.choice((HaltState.ACTIVE, HaltState.REDUCE_ONLY, HaltState.HALTED))
    for scope in (PORTFOLIO, *STRATEGIES):
        world.command(HaltCommand(world.fresh("halt"), scope, state, PERSON, "the end", world.now_ns))
    world.seal_works = True
    for left in range(ROUNDS_MAX, -1, -1):
        _everything_ends(world, surely=left < ROUNDS_MAX // 2)
        if left < ROUNDS_MAX - 1 and not protection.must_end(world):
            break
        for mint in sorted({key[2] for key in world.positions.open}):
            moves.move_price(world, mint, 0.5 if left == ROUNDS_MAX else 1e-6)
        world.now_ns += (31 if left else world.limits.time_stop_s) * NS_PER_S
        world.time_goes_on()
    _everything_ends(world, surely=True)
    protection.flat_or_told(world)


def _everything_ends(world: World, *, surely: bool) -> None:
    """Give each order that is under way an outcome, and let the stages hear of it."""
    _drain(world)
    while world.flying:
        (moves.dies if not surely and world.draw.random() < 0.3 else moves.fill)(world)
    _drain(world)


def _drain(world: World) -> None:
    while world.to_risk or world.to_positions or world.to_switch:
        moves.stages_read(world)
