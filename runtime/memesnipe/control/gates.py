"""What must hold before a strategy may go live, as data: each gate is a condition with a reason a person can act on. Pure.

Gates depend on the chain, known by its genesis hash. On mainnet all must be True. On any other chain (a localnet, devnet)
the evidence gates are waived and say so: `Waived` is never shown as passed.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from memesnipe.messages.bounds import HaltState, Mode

MAINNET_GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"


class Verdict(StrEnum):
    """A condition's status, in Kubernetes' words plus `Waived`."""

    TRUE = "True"
    FALSE = "False"
    WAIVED = "Waived"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates look at, for one strategy."""

    paper_switch: bool
    """The installation's master switch, PAPER_TRADING_MODE: true keeps everything on paper."""
    asked: Mode | None
    genesis: str
    """Empty when the chain could not be asked."""
    spec_hash: str
    evidence_spec_hash: str = ""
    """The spec that the newest passing evidence record is for; empty without one."""
    paper_trades: int = 0
    paper_gap_in_band: bool = False
    policy_bound: bool = False
    capital_lamports: int = 0
    halt: HaltState = HaltState.ACTIVE
    paused: bool = False


class Condition(msgspec.Struct, frozen=True):
    """One gate's answer."""

    type: str
    status: Verdict
    reason: str
    message: str


PAPER_TRADES_MIN = 100


def switch(facts: Facts) -> Condition:
    """The master switch."""
    if facts.paper_switch:
        return Condition(
            "SwitchedLive",
            Verdict.FALSE,
            "PaperSwitch",
            "set PAPER_TRADING_MODE=false (chart: paperTradingMode: false) to allow live trading here",
        )
    return Condition("SwitchedLive", Verdict.TRUE, "SwitchOpen", "this installation allows live trading")


def asked(facts: Facts) -> Condition:
    """Only who asks goes live; on a host an absent mode follows the switch."""
    if facts.asked is Mode.PAPER:
        return Condition("LiveRequested", Verdict.FALSE, "ExplicitPaper", "spec.mode asks for paper; set it to live to ask for live")
    return Condition("LiveRequested", Verdict.TRUE, "Requested", "spec.mode asks for live or follows the switch")


def chain_known(facts: Facts) -> Condition:
    """A chain that cannot be named cannot be judged: refuse."""
    if not facts.genesis:
        return Condition(
            "ChainKnown", Verdict.FALSE, "NoGenesis", "the RPC did not answer getGenesisHash; check MEMESNIPE_RPC_URL (chart: chain.rpcUrl)"
        )
    return Condition("ChainKnown", Verdict.TRUE, "GenesisRead", f"genesis {facts.genesis}")


def evidence(facts: Facts) -> Condition:
    """Backtest, walk-forward and overfit tests, for THIS spec."""
    if not _on_mainnet(facts):
        return Condition("EvidencePassed", Verdict.WAIVED, "NotMainnet", "evidence is not asked for on this chain")
    if facts.evidence_spec_hash != facts.spec_hash or not facts.spec_hash:
        return Condition("EvidencePassed", Verdict.FALSE, "NoEvidence", "no passing evidence record for this spec hash")
    return Condition("EvidencePassed", Verdict.TRUE, "EvidenceRecorded", "evidence passed for this spec hash")


def paper_period(facts: Facts) -> Condition:
    """Enough paper trades, whose gap to live lies in the modelled band."""
    if not _on_mainnet(facts):
        return Condition("PaperProven", Verdict.WAIVED, "NotMainnet", "a paper period is not asked for on this chain")
    if not (facts.paper_trades >= PAPER_TRADES_MIN):
        message = f"{facts.paper_trades} paper trades of the {PAPER_TRADES_MIN} needed"
        return Condition("PaperProven", Verdict.FALSE, "TooFewPaperTrades", message)
    if not facts.paper_gap_in_band:
        return Condition("PaperProven", Verdict.FALSE, "GapOutOfBand", "the paired paper-live gap is outside the modelled band")
    return Condition("PaperProven", Verdict.TRUE, "PaperProven", "paper trades suffice and the gap is in band")


def policy(facts: Facts) -> Condition:
    """Limits must be bound."""
    if not facts.policy_bound:
        return Condition("RiskPolicyBound", Verdict.FALSE, "NoRiskPolicy", "apply a RiskPolicy")
    return Condition("RiskPolicyBound", Verdict.TRUE, "Bound", "a RiskPolicy is applied")


def capital(facts: Facts) -> Condition:
    """Capital must be there to lose."""
    if not facts.capital_lamports > 0:
        return Condition("CapitalAllocated", Verdict.FALSE, "NoCapital", "give the Allocation capitalSol above 0")
    return Condition("CapitalAllocated", Verdict.TRUE, "Allocated", f"{facts.capital_lamports} lamports in the portfolio")


def running(facts: Facts) -> Condition:
    """Neither halted nor paused. A halt does not change the mode of open positions; it stops the lease for new risk."""
    if facts.paused:
        return Condition("NotPaused", Verdict.FALSE, "Paused", "spec.paused is true")
    return Condition("NotPaused", Verdict.TRUE, "Running", "not paused")


GATES: tuple[Callable[[Facts], Condition], ...] = (switch, asked, chain_known, evidence, paper_period, policy, capital, running)


def judge(facts: Facts) -> tuple[Mode, tuple[Condition, ...]]:
    """Return the effective mode and every condition: live only if no gate says False."""
    conditions = tuple(gate(facts) for gate in GATES)
    failing = any(c.status is Verdict.FALSE for c in conditions)
    return (Mode.PAPER if failing else Mode.LIVE), conditions


def _on_mainnet(facts: Facts) -> bool:
    """An unknown chain counts as mainnet: what cannot be checked is not waived."""
    return facts.genesis in ("", MAINNET_GENESIS)
