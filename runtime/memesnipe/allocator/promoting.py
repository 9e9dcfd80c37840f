"""Where each strategy stands between paper and its whole share: the promotion machine's step for all of them. Pure.

The machine itself is `memesnipe.promotion`; its memory is a part of this stage's stored state, so it survives a kill with it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import ConfigApplied, StrategyConfig
from memesnipe.messages.decisions import INPUTS_BYTES_MAX, Decision, DecisionKind, packed, unpacked
from memesnipe.messages.promotion import HELD, PromotionStep, PromotionTerms
from memesnipe.promotion.machine import step, word_of
from memesnipe.promotion.values import Facts, Standing, weight_bps

Standings = Mapping[str, Standing]
"""By strategy."""


class Asked(msgspec.Struct, frozen=True):
    """Everything that one word depended on."""

    standing: Standing | None
    facts: Facts
    now_ns: int
    terms: PromotionTerms


class Moved(msgspec.Struct, frozen=True):
    """One word, and what it depended on."""

    word: PromotionStep
    asked: Asked


_asked = msgspec.json.Decoder(Asked)


def moved(standings: Standings, told: Iterable[Facts], now_ns: int, terms: PromotionTerms) -> tuple[dict[str, Standing], list[Moved]]:
    """Return where the strategies stand after these facts, and each word that is new."""
    after, words = dict(standings), []
    for facts in told:
        before = standings.get(facts.strategy)
        after[facts.strategy], word = step(before, facts, now_ns, terms)
        if word is not None:
            words.append(Moved(word, Asked(before, facts, now_ns, terms)))
    return after, words


def caps_of(standings: Standings, config: ConfigApplied) -> dict[str, int]:
    """Return what part of its share each live strategy gets; what trades on paper risks nothing and is not named.

    One of which nothing is known yet gets the first step of a canary.
    """
    if config.promotion is None:
        return {}
    live = [one.id for one in config.strategies if one.mode is Mode.LIVE]
    return {name: weight_bps(standings.get(name, Standing()), config.promotion) for name in live}


def is_settled(standing: Standing | None) -> bool:
    """Return whether time alone changes nothing: then equal facts need no second step."""
    return standing is not None and standing.stage not in HELD


def words_of(standings: Standings, terms: PromotionTerms) -> list[PromotionStep]:
    """Return the newest word on each strategy, as it was said: what a lost stream is filled with."""
    return [word_of(name, one, terms) for name, one in sorted(standings.items()) if one.version]


def recorded(found: Moved) -> Decision:
    """Return the record of a word for the ledger. One whose inputs fit no entry of a stream goes without them."""
    word, inputs = found.word, packed(found.asked)
    return Decision(
        kind=DecisionKind.PROMOTION,
        id=word.id,
        subject=word.strategy,
        version=word.version,
        time_ns=word.time_ns,
        label=f"{word.before}->{word.after}",
        reason=word.reason,
        outcome=msgspec.json.encode({"stage": word.after, "step": word.step, "weight_bps": word.weight_bps}).decode(),
        inputs_hash=word.facts_hash,
        inputs=inputs if len(inputs) <= INPUTS_BYTES_MAX else b"",
    )


def again(record: Decision) -> PromotionStep | None:
    """Decide again what a record tells of, with the code of today. Raises BadInput where its inputs cannot be read."""
    asked = unpacked(record, _asked)
    return step(asked.standing, asked.facts, asked.now_ns, asked.terms)[1]


def own_trip(strategy: StrategyConfig, standing: Standing | None, trips: Mapping[str, tuple[int, str]]) -> str:
    """Return why a strategy's own breaker stopped it since it is live; "" where none did."""
    time_ns, reason = trips.get(strategy.id, (0, ""))
    return reason if standing is not None and standing.live and time_ns >= standing.run.began_ns else ""
