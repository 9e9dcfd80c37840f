"""The decision by results: applied config, records and the last decision -> shares. Pure, and replayable from what it names."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from memesnipe.allocator.decide import WHOLE_BPS, codes_of, shares_of, specs_of
from memesnipe.allocator.history import condensed, standings_of, terms_within
from memesnipe.allocator.weighing.values import Record, Standing, Terms
from memesnipe.kernel.errors import Bug
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, HeldAccount, Weighing

SEEDS = 2**32


class Subject(msgspec.Struct, frozen=True):
    """What of a configuration is a reason to weigh anew: limits and a strategy's parameters are none."""

    capital_lamports: int
    weighing: Weighing | None
    modes: dict[str, Mode]
    paused: frozenset[str]
    caps_bps: dict[str, int] = {}
    specs: dict[str, str] = {}
    codes: dict[str, str] = {}


class Question(msgspec.Struct, frozen=True, tag="weighed"):
    """Everything that a decision by results depends on: nothing else may change one."""

    capital_lamports: int
    strategies: tuple[str, ...]
    """All applied ones, by name; who has no record below is paused and gets nothing."""
    records: tuple[Record, ...]
    """Of the periods that weighing looks at, summed by period."""
    standings: dict[Mode, Standing]
    terms: Terms
    weights_bps: dict[str, int]
    """In force."""
    now_ns: int
    caps_bps: dict[str, int] = {}
    """What part of its share a live strategy gets where promotion decides; absent: all of it."""
    specs: dict[str, str] = {}
    """The spec of each of these."""
    codes: dict[str, str] = {}
    """The hash of the code of each of these, where it is known."""

    def digest(self) -> str:
        """Return the hash that tells two questions apart. Without codes it is the one of a record from before there were any."""
        told = msgspec.json.encode(self, order="deterministic")
        return derive("weighing", told if self.codes else told.replace(b',"codes":{}', b""))


def subject_of(config: ConfigApplied, caps_bps: Mapping[str, int] = MappingProxyType({})) -> Subject:
    """Return what a configuration asks about, under these caps."""
    modes = {one.id: one.mode for one in config.strategies}
    paused = frozenset(one.id for one in config.strategies if one.paused)
    specs, codes = specs_of(config, caps_bps), codes_of(config, caps_bps)
    return Subject(config.capital_lamports, config.weighing, modes, paused, dict(caps_bps), specs, codes)


def question_of(
    last: AllocationDecision | None,
    config: ConfigApplied,
    records: Sequence[Record],
    accounts: Iterable[HeldAccount],
    now_ns: int,
    caps_bps: Mapping[str, int] = MappingProxyType({}),
) -> Question:
    """Return what is to be decided; `records` of the strategies that are not paused, `accounts` of the ledger.

    Raises Bug where results are not asked for.
    """
    if config.weighing is None:
        raise Bug("the applied config does not ask to weigh by results")
    in_force = {share.strategy: share.weight_bps for share in last.shares} if last else {}
    names = tuple(sorted(strategy.id for strategy in config.strategies))
    terms = terms_within(terms_of(config.weighing), len(records))
    return Question(
        capital_lamports=config.capital_lamports,
        strategies=names,
        records=tuple(condensed(record, terms, now_ns) for record in records),
        standings=standings_of(records, config.capital_lamports, accounts),
        terms=terms,
        weights_bps=in_force,
        now_ns=max(now_ns, config.time_ns),
        caps_bps=dict(caps_bps),
        specs=specs_of(config, caps_bps),
        codes=codes_of(config, caps_bps),
    )


def decided(question: Question, version: int) -> AllocationDecision:
    """Return the decision. Loads the numeric libraries, and takes seconds with hundreds of strategies."""
    from memesnipe.allocator.weighing.weigh import Account, weigh

    digest = question.digest()
    account = Account(question.standings, question.weights_bps, question.caps_bps)
    found = weigh(question.records, account, question.terms, seed=_seed_of(question), now_ns=question.now_ns)
    weights = {name: found.weights_bps.get(name, 0) for name in question.strategies}
    shares = shares_of(weights, question.capital_lamports, version, question.now_ns, question.specs, question.codes)
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
        base=weighing.base,
    )


def changes(last: AllocationDecision | None, decision: AllocationDecision) -> bool:
    """Return whether anybody's capital would change, or what it is for."""
    return last is None or _told(last) != _told(decision)


def _told(decision: AllocationDecision) -> list[tuple[str, int, str, str]]:
    return [(share.strategy, share.capital_lamports, share.live_spec, share.live_code) for share in decision.shares]
