"""All the looks at once, each under its own time-out, put together as facts. A look that fails is a fact, too."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.kernel.logs import logger
from memesnipe.live_check.facts import Facts, Genesis, Holding, Ledger, Silent, Unseen
from memesnipe.live_check.gather import chain, hosts, keys, stack, stores
from memesnipe.live_check.gather.probe import Probe, Unanswered
from memesnipe.live_check.installation import Installation
from memesnipe.live_check.judge.balances import different
from memesnipe.live_check.judge.mode import START

Look: TypeAlias = Callable[[], Awaitable[Any]]
Done: TypeAlias = Callable[[str], None]
"""Told the name of each look as it ends, for whoever waits."""
LOOK_S_MAX = 15.0
AUDIT_S_MAX = 60.0
"""Some 100,000 signatures a second are verified; a year of trading must not look like a failure."""
AGAIN_S, AGAIN_MAX = 1.5, 6
NOT_IN_THIS_POD = "this pod does not use it: kubectl exec deploy/memesnipe-wallet-guard -- memesnipe live-check"
IN_POSITION_MANAGER = "position_manager knows it: kubectl exec -n memesnipe deploy/memesnipe-position-manager -- memesnipe live-check"
GENESIS_S_MAX = 6.0


async def look(place: Installation, clock: Clock, done: Done) -> Facts:
    """Return what is there to be seen. Never raises for what is wrong with the installation: that is what it is asked for."""
    probe = Probe(clock)
    try:
        return await _look(place, clock, probe, done)
    finally:
        await probe.close()


async def _look(place: Installation, clock: Clock, probe: Probe, done: Done) -> Facts:
    looks = looks_of(place, clock, probe)
    started = {name: asyncio.create_task(_seen(name, one, done)) for name, one in looks.items()}
    seen = {name: await task for name, task in started.items()}
    await _look_again(seen, looks)
    return Facts(
        place=place.place,
        sees_guard=place.sees_guard,
        now_s=clock.now_ns() / NS_PER_S,
        guard=place.guard,
        signer=place.signer,
        wallet=place.wallet,
        switch=stack.switch(place),
        token_watch_s=place.positions.token_watch_s if place.sees_positions else Unseen(IN_POSITION_MANAGER),
        headroom=probe.headroom,
        offsets=tuple(probe.offsets),
        **seen,
    )


async def _look_again(seen: dict[str, Any], looks: Mapping[str, Look]) -> None:
    """Wallet and ledger are read a moment apart: where they differ while orders land, they are looked at until they agree or time is up."""
    for _ in range(AGAIN_MAX):
        holding, ledger = seen["holding"], seen["ledger"]
        if not (isinstance(holding, Holding) and isinstance(ledger, Ledger) and different(holding, ledger)):
            return
        await asyncio.sleep(AGAIN_S)
        pair = ("holding", "ledger")
        seen.update(zip(pair, await asyncio.gather(*(_seen(name, looks[name], _nobody) for name in pair)), strict=True))


def _nobody(_name: str) -> None:
    """Nobody waits for a second look."""


def names() -> tuple[str, ...]:
    """Return the names of the looks, for whoever shows progress."""
    return tuple(name for name in Facts.__struct_fields__ if name not in _KNOWN)


_KNOWN = ("place", "sees_guard", "now_s", "guard", "signer", "wallet", "switch", "token_watch_s", "headroom", "offsets")


def looks_of(place: Installation, clock: Clock, probe: Probe) -> dict[str, Look]:
    """Return one look for each field of the facts that is not a setting."""
    asks_rpc = _unless(place, "rpc_url")
    asks_jupiter = _unless(place, "jupiter_url")
    return {
        "applied": lambda: _configuration(place, clock, probe),
        "halts": lambda: stack.halts(place),
        "wallet_file": lambda: _in_thread(lambda: keys.wallet_file(place)),
        "role_keys": lambda: _in_thread(lambda: keys.role_keys(place)),
        "jito_key": lambda: _in_thread(lambda: keys.jito_key(place)),
        "door": lambda: keys.door(place, clock),
        "certificates": lambda: _in_thread(lambda: keys.certificates(place)),
        "genesis": asks_rpc(lambda: chain.genesis(place, probe)),
        "health": asks_rpc(lambda: chain.health(place, probe)),
        "blocks": asks_rpc(lambda: chain.blocks(place, probe, clock)),
        "priority_fee": asks_rpc(lambda: chain.priority_fee(place, probe)),
        "balance": asks_rpc(lambda: chain.balance(place, probe)),
        "holding": asks_rpc(lambda: chain.holding(place, probe)),
        "websocket": _unless(
            place, "ws_url", "data_consumers uses it: kubectl exec deploy/memesnipe-data-consumers -- memesnipe live-check"
        )(lambda: hosts.websocket(place, clock)),
        "quote": asks_jupiter(lambda: hosts.quote(place, probe)),
        "price": asks_jupiter(lambda: hosts.price(place, probe)),
        "second_rpc": lambda: chain.second_rpc(place, probe),
        "jito": lambda: hosts.jito(place, probe),
        "tip_floor": lambda: hosts.tip_floor(place, probe),
        "sender": lambda: hosts.sender(place, probe),
        "folder": lambda: _in_thread(lambda: stores.folder(place)),
        "audit": lambda: _in_thread(lambda: stores.audit(place)),
        "ledger": lambda: _in_thread(lambda: stores.ledger(place)),
        "redis": lambda: stores.redis(place, clock),
        "redis_server": lambda: stores.redis_server(place),
    }


def _unless(place: Installation, field: str, where: str = NOT_IN_THIS_POD) -> Callable[[Look], Look]:
    """Ask no host that nobody here asks: an embedded chain that is not started, or one that this pod has no address of."""
    if place.embedded_chain and not place.runs:
        return lambda _: lambda: _known(Unseen(START))
    if place.place == "pod" and not place.is_set(field):
        return lambda _: lambda: _known(Unseen(where))
    return lambda one: one


async def _known(fact: Unseen) -> Unseen:
    return fact


async def _in_thread(read: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(read)


async def _configuration(place: Installation, clock: Clock, probe: Probe) -> Any:
    """The gates depend on the chain; one that does not answer is judged as control judges it: as if it were mainnet."""
    genesis = ""
    if place.control is not None and not (place.embedded_chain and not place.runs):
        try:
            async with asyncio.timeout(GENESIS_S_MAX):
                found: Genesis = await chain.genesis(place, probe)
                genesis = found.genesis
        except (Unanswered, TimeoutError):
            genesis = ""
    return await stack.configuration(place, genesis, clock.now_ns())


async def _seen(name: str, one: Look, done: Done) -> Any:
    """Return the fact, or why there is none."""
    within_s = AUDIT_S_MAX if name == "audit" else LOOK_S_MAX
    try:
        async with asyncio.timeout(within_s):
            return await one()
    except TimeoutError:
        return Silent(f"no answer within {within_s:.0f} s")
    except Unanswered as error:
        return Silent(str(error), error.status)
    except MemeSnipeError as error:
        return Silent(str(error))
    except Exception as error:  # a check that breaks must not take the others with it, nor pass for a good one
        logger().exception("look_failed", look=name)
        return Silent(f"the check itself failed: {type(error).__name__}; please report it")
    finally:
        done(name)
