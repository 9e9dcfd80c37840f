"""What must hold before a strategy may go live, as data: each gate is a condition with a reason a person can act on. Pure.

Gates depend on the chain, known by its genesis hash. On mainnet all must be True. On any other chain (a localnet, devnet)
the evidence gates are waived and say so: `Waived` is never shown as passed.
No capital without evidence for exactly this spec and code.
"""

from collections.abc import Callable, Iterable

import msgspec

from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.control.evidence import Answer, Asked, answer
from memesnipe.control.promotions import REASONS, said
from memesnipe.control.proofs import Damaged, Sighting
from memesnipe.control.status import Condition as Condition
from memesnipe.control.status import Verdict as Verdict
from memesnipe.evidence.gap import PAIRS_MIN, Gap, objection
from memesnipe.manifests.promotion import Promotion
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.promotion import PromotionStage, PromotionStep


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates look at, for one strategy."""

    paper_switch: bool
    """The installation's master switch, PAPER_TRADING_MODE: true keeps everything on paper."""
    asked: Mode | None
    genesis: str
    """Empty when the chain could not be asked."""
    plugin: str
    """The code's name."""
    spec_hash: str
    now_ns: int
    promotion: Promotion = Promotion()
    """The demands in force."""
    evidence: tuple[Sighting, ...] = ()
    """Every record that may be about it."""
    code_hash: str = ""
    """Of the code as it is registered now; empty: it is not."""
    paper_trades: int | None = None
    """None: nobody said."""
    paper_gap: Gap | Damaged | None = None
    """None: no live order was compared with its paper twin yet."""
    policy_bound: bool = False
    capital_lamports: int = 0
    halt: HaltState = HaltState.ACTIVE
    paused: bool = False
    word: PromotionStep | None = None
    """autonomous_allocator's newest on it. None: it said none, and who was never demoted is not held back."""


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
    """Backtest, walk-forward and overfit tests, for THIS spec and THIS code."""
    if not asks_for_proof(facts.genesis):
        return Condition("EvidencePassed", Verdict.WAIVED, "NotMainnet", "evidence is not asked for on this chain")
    found = evidence_of(facts)
    return Condition("EvidencePassed", Verdict.TRUE if found.passed else Verdict.FALSE, found.reason, found.message)


def evidence_of(facts: Facts) -> Answer:
    """Return what the evidence says, asked for or not."""
    return answer(facts.evidence, Asked(facts.plugin, facts.spec_hash, facts.code_hash, facts.promotion, facts.now_ns))


def paper_period(facts: Facts) -> Condition:
    """Enough paper trades; and where live orders show what paper is worth, a gap within its band.

    Where a person asks for no paper trades the period is waived, and never shown as one that was passed.
    """
    if not asks_for_proof(facts.genesis):
        return Condition("PaperProven", Verdict.WAIVED, "NotMainnet", "a paper period is not asked for on this chain")
    trades, trades_min = facts.paper_trades, facts.promotion.paper_trades_min
    if trades is None:
        return Condition("PaperProven", Verdict.FALSE, "PaperTradesUnknown", "position_manager has not said what was traded on paper")
    if not (trades >= trades_min):
        message = f"{trades} paper trades of the {trades_min} needed; let it run on paper"
        return Condition("PaperProven", Verdict.FALSE, "TooFewPaperTrades", message)
    gap = facts.paper_gap
    if isinstance(gap, Damaged):
        return Condition("PaperProven", Verdict.FALSE, "GapUnknown", f"the gap between live and paper cannot be read: {gap.why}")
    if why := _gap(gap, facts.promotion):
        return Condition("PaperProven", Verdict.FALSE, "GapOutOfBand", f"{why}: what paper shows is not what live gets")
    if not trades_min:
        message = f"paperTradesMin is 0: no paper trades are asked for ({trades} were closed); {_compared(gap)}"
        return Condition("PaperProven", Verdict.WAIVED, "NoPaperTradesAsked", message)
    return Condition("PaperProven", Verdict.TRUE, "PaperProven", f"{trades} paper trades; {_compared(gap)}")


def _gap(gap: Gap | None, promotion: Promotion) -> str:
    """A first live order has no twin to be compared with, so a few are let through: as many as say something."""
    if gap is None or not (gap.pairs >= PAIRS_MIN):
        return ""
    if -gap.median_bps > promotion.paper_gap_bps_max:
        return f"live orders bring {-gap.median_bps} bps less than paper at the median, paperGapBpsMax is {promotion.paper_gap_bps_max}"
    return objection(gap, in_band_bps_min=promotion.paper_in_band_bps_min)


def _compared(gap: Gap | None) -> str:
    if gap is None or not (gap.pairs >= PAIRS_MIN):
        return f"the gap to live is judged from {PAIRS_MIN} live orders on, {gap.pairs if gap else 0} were compared"
    return f"{gap.pairs} live orders compared, their gap is in band"


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


def not_demoted(facts: Facts) -> Condition:
    """Its own live results took it back: only time and a new approval let it go on."""
    if not asks_for_proof(facts.genesis):
        return Condition("NotDemoted", Verdict.WAIVED, "NotMainnet", "nothing is promoted or demoted on this chain")
    if facts.word is not None and facts.word.held:
        return Condition("NotDemoted", Verdict.FALSE, REASONS[facts.word.after], said(facts.word))
    return Condition("NotDemoted", Verdict.TRUE, "NotDemoted", "no demotion is in force")


GATES: tuple[Callable[[Facts], Condition], ...] = (
    switch, asked, chain_known, evidence, paper_period, policy, capital, running, not_demoted,
)  # fmt: skip
NOT_SHOWN = ("SwitchedLive", "LiveRequested", "NotDemoted")
"""Gates that say nothing of what a strategy has shown."""


def judge(facts: Facts) -> tuple[Mode, tuple[Condition, ...]]:
    """Return the effective mode and every condition: live only if no gate says False."""
    conditions = tuple(gate(facts) for gate in GATES)
    failing = any(c.status is Verdict.FALSE for c in conditions)
    return (Mode.PAPER if failing else Mode.LIVE), conditions


def unmet(conditions: Iterable[Condition]) -> tuple[str, ...]:
    """Return the gates that keep a strategy from being proposed."""
    return tuple(one.type for one in conditions if one.status is Verdict.FALSE and one.type not in NOT_SHOWN)


def is_asked(conditions: Iterable[Condition]) -> bool:
    """Return whether live is asked for, in an installation that allows it."""
    return all(one.status is Verdict.TRUE for one in conditions if one.type in ("SwitchedLive", "LiveRequested"))


def promotion(facts: Facts) -> Condition:
    """Where it stands, for a status. It is no gate: what is not said yet stops nobody."""
    if not asks_for_proof(facts.genesis):
        return Condition("Promotion", Verdict.WAIVED, "NotMainnet", "nothing is promoted or demoted on this chain")
    if facts.word is None:
        return Condition("Promotion", Verdict.FALSE, "NotSaid", "autonomous_allocator has not said where it stands; look at its log")
    live = facts.word.after in (PromotionStage.CANARY, PromotionStage.FULL)
    return Condition("Promotion", Verdict.TRUE if live else Verdict.FALSE, REASONS[facts.word.after], facts.word.reason)


def asks_for_proof(genesis: str) -> bool:
    """Return whether evidence and a paper period are asked for on a chain. An unknown one counts as mainnet: nothing is waived blindly."""
    return genesis in ("", MAINNET_GENESIS)
