"""May anything trade live here: the switch, what strategies ask for, the gates, halts. Pure."""

from memesnipe.control.status import Verdict
from memesnipe.live_check.facts import Facts, Silent, Unseen
from memesnipe.live_check.finding import Finding, fail, hangs_on, ok, unseen, waits, warn
from memesnipe.messages.bounds import HaltState, Mode

START = "start the stack on paper (`make up`), then run `PAPER_TRADING_MODE=false memesnipe live-check` beside it"
RESUME = "`memesnipe resume`, or killSwitch in the RiskPolicy, when the reason is gone"


def switch(facts: Facts) -> Finding:
    """The installation's own switch; what runs counts more than what the next start would have."""
    seen = facts.switch
    if seen.paper_running is False:
        return ok("the running stack has PAPER_TRADING_MODE=false")
    if seen.paper_here:
        return fail("PAPER_TRADING_MODE is on: nothing is signed", "set PAPER_TRADING_MODE=false (chart: paperTradingMode: false)")
    if seen.paper_running:
        fix = "when all else is well, stop it and start it with PAPER_TRADING_MODE=false: the switch takes effect at start"
        return warn("off in this shell; the stack that runs is still on paper", fix)
    return ok("PAPER_TRADING_MODE=false")


def variables(facts: Facts) -> Finding:
    """A mistyped setting leaves its default in force without a word; a key in the environment is inherited and printed by others."""
    if facts.switch.key_in_environment:
        return fail(facts.switch.key_in_environment, "unset it, and take the key for known to others: make a new one, in a file")
    if not facts.switch.strangers:
        return ok("every MEMESNIPE_ variable here is one that is read")
    named = ", ".join(facts.switch.strangers)
    return warn(
        f"set here and read by nobody: {named}", "correct the name or unset it; docs/howto/one-host.md lists what `memesnipe up` reads"
    )


def strategies(facts: Facts) -> Finding:
    """At least one must be effectively live, and whoever asks for live and is not must know which gate says no."""
    applied = facts.applied
    if isinstance(applied, Silent | Unseen):
        return waits(applied, "limits: policy")
    live = [each.id for each in applied.config.strategies if each.mode is Mode.LIVE and not each.paused]
    closed = _closed_gates(facts)
    found = f"live: {', '.join(live) or 'none'}"
    if closed:
        found += f"; held back: {'; '.join(closed)}"
    if not live and isinstance(facts.genesis, Unseen):
        return unseen(facts.genesis.where, "the chain, which decides the gates")
    if not live:
        return fail(found, "`memesnipe status` (cluster: kubectl get strategies) says for each gate what to do")
    return warn(found, "`memesnipe status` says for each gate what to do") if closed else ok(found)


def _closed_gates(facts: Facts) -> list[str]:
    """Return `strategy: gate, gate` for those that ask for live and are held back by a gate."""
    if not isinstance(facts.applied, Silent | Unseen) and facts.applied.gates is not None:
        shut = {
            name: [each.type for each in conditions if each.status is Verdict.FALSE] for name, conditions in facts.applied.gates.items()
        }
        return [f"{name} by {', '.join(gates)}" for name, gates in sorted(shut.items()) if gates and "LiveRequested" not in gates]
    return []


def gates(facts: Facts) -> Finding:
    """The gates are judged where strategies are applied: control on a host, the operator in a cluster."""
    if isinstance(facts.applied, Silent | Unseen):
        return waits(facts.applied, "limits: policy")
    if facts.applied.gates is None:
        return unseen("kubectl get strategies -n memesnipe-strategies (column WHY, and each condition in .status.conditions)")
    waived = ", ".join(sorted({each.type for group in facts.applied.gates.values() for each in group if each.status is Verdict.WAIVED}))
    return ok(f"{len(facts.applied.gates)} strategies judged{f'; not asked for here: {waived}' if waived else ''}")


def halts(facts: Facts) -> Finding:
    """A halt is right to be there until a person lifts it, but no order goes out under it."""
    if isinstance(facts.halts, Silent | Unseen):
        return hangs_on(
            facts.halts, facts.redis, "stores: redis", "let control (the operator) make the Redis users anew: ours may not read it"
        )
    standing = {scope: state for scope, state in facts.halts.states.items() if state is not HaltState.ACTIVE}
    if not standing:
        return ok(f"nothing is halted (epoch {facts.halts.epoch})")
    named = "; ".join(f"{'everything' if scope == '*' else scope} {state.value}" for scope, state in sorted(standing.items()))
    why = facts.halts.reasons.get("*", "")
    text = f"{named}{f' ({why})' if why else ''}"
    return fail(text, RESUME) if "*" in standing else warn(text, RESUME)
