"""Do the hosts outside answer, with what we need, quickly enough? Pure."""

from memesnipe.chain.programs import MAINNET_GENESIS, NETWORKS
from memesnipe.live_check.facts import Facts, Route, Seen, Silent, Unseen, Unused
from memesnipe.live_check.finding import Finding, fail, hangs_on, ok, unseen, untold, waits, warn
from memesnipe.live_check.judge.words import sol

SLOW_MS = 1_000
"""A quote older than a second is a worse price; a host that takes longer costs on every order."""
HEADROOM_MIN = 2
RPC_FIX = "correct MEMESNIPE_RPC_URL (chart: chain.rpcUrl), or wait until that host is well"
REFUSED_KEY = (401, 403)
SECOND_FIX = "name a second RPC host, of somebody else, by MEMESNIPE_RPC_CHECK_URL"


def rpc(facts: Facts) -> Finding:
    """The RPC host answers and says that it is well."""
    seen = facts.health
    if isinstance(seen, Silent | Unseen):
        if isinstance(seen, Silent) and seen.status in REFUSED_KEY:
            return fail(seen.why, "set MEMESNIPE_HELIUS_API_KEY to a key that this host accepts")
        return untold(seen, RPC_FIX)
    if seen.behind:
        return fail(f"the node says: {seen.behind}", "wait until it has caught up, or use another RPC host")
    return _timed(f"well ({seen.latency_ms} ms)", seen.latency_ms)


def chain(facts: Facts) -> Finding:
    """Which chain it is, by genesis; that is what decides whether the evidence gates apply."""
    seen = facts.genesis
    if isinstance(seen, Silent | Unseen):
        return hangs_on(seen, facts.health, "endpoints: rpc", RPC_FIX)
    name = NETWORKS.get(seen.genesis, "a localnet (its genesis is of no public chain)")
    expected = {where: genesis for where, genesis in _expected(facts) if genesis and genesis != seen.genesis}
    if expected:
        where, genesis = next(iter(expected.items()))
        fix = "point MEMESNIPE_RPC_URL at the chain that is meant, or correct MEMESNIPE_GENESIS (chart: chain.genesis)"
        return fail(f"this is {name}, {seen.genesis}; {where} is for {NETWORKS.get(genesis, genesis)}", fix)
    return ok(f"{name}, {seen.genesis}")


def _expected(facts: Facts) -> list[tuple[str, str]]:
    signer = "" if isinstance(facts.signer, Silent | Unseen) else facts.signer.genesis
    applied = "" if isinstance(facts.applied, Silent | Unseen) else facts.applied.config.genesis
    return [("the signer (MEMESNIPE_GENESIS)", signer), ("the applied configuration", applied)]


def blocks(facts: Facts) -> Finding:
    """A node whose height stands still answers everything, and nothing lands."""
    seen = facts.blocks
    if isinstance(seen, Silent | Unseen):
        return hangs_on(seen, facts.health, "endpoints: rpc", RPC_FIX)
    if not (seen.second > seen.first):
        return fail(f"the block height stays at {seen.first} for {seen.apart_ms} ms", "use another RPC host: this one stands still")
    return ok(f"height {seen.second}, {seen.second - seen.first} more in {seen.apart_ms} ms")


def headroom(facts: Facts) -> Finding:
    """A host that refuses now will refuse in the middle of an order."""
    seen = facts.headroom
    if seen.refused:
        fix = "use a larger plan, or lower MEMESNIPE_RPC_PER_S and MEMESNIPE_JUPITER_PER_S to what the plan grants"
        return fail(f"answered 429 while we looked: {', '.join(seen.refused)}", fix)
    if isinstance(facts.health, Unseen):
        return unseen(facts.health.where)
    settings = f"we ask at most {facts.guard.rpc_per_s:g} and {facts.guard.jupiter_per_s:g} a second of RPC and Jupiter"
    low = {host: left for host, left in seen.left.items() if left < HEADROOM_MIN}
    if low:
        named = ", ".join(f"{host} {left}" for host, left in low.items())
        return warn(f"calls left by the hosts' own count: {named}; {settings}", "stop what else uses this key, or use a larger plan")
    told = ", ".join(f"{host} {left} left" for host, left in seen.left.items()) or "no host tells how many calls are left"
    return ok(f"{told}; {settings}")


def websocket(facts: Facts) -> Finding:
    """Prices and launches come by it; without it strategies see nothing."""
    return _route(facts.websocket, "correct MEMESNIPE_WS_URL (chart: chain.wsUrl); the host must grant WebSocket subscriptions")


def jupiter_build(facts: Facts) -> Finding:
    """A quote for a little SOL, built as an order's swap would be; it is thrown away."""
    seen = facts.quote
    if isinstance(seen, Silent | Unseen):
        return _jupiter(seen)
    return _timed(f"a swap was built ({seen.latency_ms} ms)", seen.latency_ms)


def jupiter_price(facts: Facts) -> Finding:
    """price/v3 prices what was graduated, and the page."""
    seen = facts.price
    if isinstance(seen, Silent) and isinstance(facts.quote, Silent):
        return waits(seen, "endpoints: jupiter build")
    if isinstance(seen, Silent | Unseen):
        return _jupiter(seen)
    return _timed(f"SOL at {seen.usd:.2f} USD ({seen.latency_ms} ms)", seen.latency_ms)


def _jupiter(seen: Silent | Unseen) -> Finding:
    if isinstance(seen, Silent) and seen.status in REFUSED_KEY:
        return fail(seen.why, "set MEMESNIPE_JUPITER_API_KEY to a key from portal.jup.ag, or unset it to go without one")
    return untold(
        seen, "set MEMESNIPE_JUPITER_URL (chart: chain.jupiterUrl; the real one is https://api.jup.ag), or wait until that host is well"
    )


def second_rpc(facts: Facts) -> Finding:
    """One host that lies about heights could have an order made twice; two of different owners would have to lie alike."""
    seen = facts.second_rpc
    if isinstance(seen, Silent | Unseen):
        return untold(seen, "correct MEMESNIPE_RPC_CHECK_URL: without its word nothing new is bought")
    on_mainnet = not isinstance(facts.genesis, Silent | Unseen) and facts.genesis.genesis == MAINNET_GENESIS
    if isinstance(seen, Unused):
        return warn("none: one host is believed on what expired", SECOND_FIX) if on_mainnet else ok("none")
    if not isinstance(facts.genesis, Silent | Unseen) and seen.genesis != facts.genesis.genesis:
        return fail(
            f"it is on another chain, {NETWORKS.get(seen.genesis, seen.genesis)}",
            "name a host of the same chain by MEMESNIPE_RPC_CHECK_URL",
        )
    return _timed(f"answers ({seen.latency_ms} ms)", seen.latency_ms)


def jito(facts: Facts) -> Finding:
    """Bundles are one way into a block."""
    return _route(facts.jito, "correct MEMESNIPE_JITO_URL (chart: chain.jitoUrl), or unset it to send by the RPC host alone")


def tip_floor(facts: Facts) -> Finding:
    """What others tip; a cap below the median of what lands seldom lands."""
    seen = facts.tip_floor
    if isinstance(seen, Silent):
        return warn(f"{seen.why}: tips are the constant {sol(facts.guard.tip_lamports)}", "correct MEMESNIPE_TIP_FLOOR_URL")
    if isinstance(seen, Unseen):
        return unseen(seen.where)
    if isinstance(seen, Unused):
        return ok("not used")
    if isinstance(facts.applied, Silent | Unseen):
        return ok(f"half of the tips that land are above {sol(seen)}")
    cap = facts.applied.config.limits.tip_lamports_max
    if not (seen <= cap):
        return warn(
            f"half of the tips that land are above {sol(seen)}, our cap is {sol(cap)}",
            "raise tipSolMax in the RiskPolicy, or expect orders that do not land",
        )
    return ok(f"half of the tips that land are above {sol(seen)}; our cap is {sol(cap)}")


def sender(facts: Facts) -> Finding:
    """Another way into a block."""
    return _route(facts.sender, "correct MEMESNIPE_SENDER_URL (chart: chain.senderUrl), or unset it to send by the RPC host alone")


def priority_fee(facts: Facts) -> Finding:
    """What the chain asks now, beside what the policy lets us pay."""
    seen, guard = facts.priority_fee, facts.guard
    if isinstance(seen, Silent | Unseen):
        if isinstance(seen, Silent) and not seen.status:
            return hangs_on(seen, facts.health, "endpoints: rpc", RPC_FIX)
        if isinstance(seen, Silent):
            price = f"{guard.compute_unit_price_micro_lamports} micro-lamports a unit"
            return warn(
                f"{seen.why}: orders pay what Jupiter advises, else {price}",
                "use a host that has getPriorityFeeEstimate (Helius), if swaps do not land",
            )
        return hangs_on(seen, facts.health, "endpoints: rpc", RPC_FIX)
    fee = -(-seen * guard.compute_units // 1_000_000)
    found = f"{seen} micro-lamports a unit, {sol(fee)} for an order"
    if isinstance(facts.applied, Silent | Unseen):
        return ok(found)
    cap = facts.applied.config.limits.priority_fee_lamports_max
    if not (fee <= cap):
        return warn(
            f"{found}; the policy's cap is {sol(cap)}", "raise priorityFeeSolMax, or expect orders that do not land while it is this busy"
        )
    return ok(f"{found}, under the policy's {sol(cap)}")


def _route(seen: Seen[Route | Unused], fix: str) -> Finding:
    if isinstance(seen, Unused):
        return ok("not used")
    if isinstance(seen, Silent | Unseen):
        return untold(seen, fix)
    return _timed(f"answers ({seen.latency_ms} ms)", seen.latency_ms)


def _timed(found: str, latency_ms: int) -> Finding:
    if not (latency_ms <= SLOW_MS):
        return warn(f"{found}: slow", "use a host nearer to this machine; a late order gets a worse price")
    return ok(found)
