"""The decision by results: applied config, records and the last decision -> shares. Pure, and replayable from what it names."""

from collections.abc import Sequence

import msgspec

from memesnipe.allocator.decide import WHOLE_BPS, shares_of
from memesnipe.allocator.history import equity_of
from memesnipe.allocator.weighing.values import Record, Terms
from memesnipe.kernel.errors import Bug
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, Weighing

SEEDS = 2**32


class Subject(msgspec.Struct, frozen=True):
    """What of a configuration is a reason to weigh anew: limits and a strategy's parameters are none."""

    capital_lamports: int
    weighing: Weighing | None
    modes: dict[str, Mode]
    paused: frozenset[str]


class Question(msgspec.Struct, frozen=True):
    """Everything that a decision by results depends on: nothing else may change one."""

    capital_lamports: int
    strategies: tuple[str, ...]
    """All applied ones, by name; who has no record below is paused and gets nothing."""
    records: tuple[Record, ...]
    weighing: Weighing
    weights_bps: dict[str, int]
    """In force."""
    now_ns: int

    def digest(self) -> str:
        """Return the hash that tells two questions apart."""
        return derive("weighing", msgspec.json.encode(self, order="deterministic"))


def subject_of(config: ConfigApplied) -> Subject:
    """Return what a configuration asks about."""
    modes = {one.id: one.mode for one in config.strategies}
    return Subject(config.capital_lamports, config.weighing, modes, frozenset(one.id for one in config.strategies if one.paused))


def question_of(last: AllocationDecision | None, config: ConfigApplied, records: Sequence[Record], now_ns: int) -> Question:
    """Return what is to be decided; `records` of the strategies that are not paused. Raises Bug where results are not asked for."""
    if config.weighing is None:
        raise Bug("the applied config does not ask to weigh by results")
    in_force = {share.strategy: share.weight_bps for share in last.shares} if last else {}
    names = tuple(sorted(strategy.id for strategy in config.strategies))
    return Question(config.capital_lamports, names, tuple(records), config.weighing, in_force, max(now_ns, config.time_ns))


def decided(question: Question, version: int) -> AllocationDecision:
    """Return the decision. Loads the numeric libraries, and takes seconds with hundreds of strategies."""
    from memesnipe.allocator.weighing.weigh import Account, weigh

    digest = question.digest()
    equity, peak = equity_of(question.records, question.capital_lamports)
    account = Account(equity, peak, question.weights_bps)
    found = weigh(question.records, account, terms_of(question.weighing), seed=_seed_of(question), now_ns=question.now_ns)
    weights = {name: found.weights_bps.get(name, 0) for name in question.strategies}
    shares = shares_of(weights, question.capital_lamports, version, question.now_ns)
    return AllocationDecision(version, question.now_ns, digest, found.method, found.reason, shares)


def _seed_of(question: Question) -> int:
    """The same strategies meet the same luck at each review: with other draws, weights would move although nothing was learnt."""
    return int(derive("draws", *question.strategies), 16) % SEEDS


def terms_of(weighing: Weighing) -> Terms:
    """Return the terms of weighing that a config asks for; the rest is as it ships."""
    return Terms(
        period_s=weighing.period_s,
        floor=weighing.floor_bps / WHOLE_BPS,
        drawdown_max=weighing.drawdown_bps_max / WHOLE_BPS,
        turnover_bps=weighing.turnover_bps,
    )


def changes(last: AllocationDecision | None, decision: AllocationDecision) -> bool:
    """Return whether anybody's capital would change."""
    return last is None or [(s.strategy, s.capital_lamports) for s in last.shares] != [
        (s.strategy, s.capital_lamports) for s in decision.shares
    ]
