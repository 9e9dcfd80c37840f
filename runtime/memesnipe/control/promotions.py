"""autonomous_allocator's newest word on each strategy, folded, and what the gates and a status make of it. Pure.

A word that a strategy is demoted is kept outside Redis, too: a Redis that lost everything must not give back what was taken.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from memesnipe.bus.api import Entry
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.promotion import PromotionStage, PromotionStep

Words = Mapping[str, PromotionStep]
"""By strategy."""
REASONS = {
    PromotionStage.PAPER: "Paper",
    PromotionStage.PROPOSED: "Proposed",
    PromotionStage.CANARY: "Canary",
    PromotionStage.FULL: "Full",
    PromotionStage.DEMOTED: "Demoted",
    PromotionStage.COOL_DOWN: "CoolDown",
}
"""A condition's one word for programs."""


def fold_words(words: Words, entries: Iterable[Entry], *, again: bool) -> Words:
    """Return the newest words after these entries. `again`: they come from the stream's start, so older ones than the known are skipped."""
    found = dict(words)
    for entry in entries:
        word: PromotionStep = entry.message
        known = found.get(word.strategy)
        if not (again and known is not None and word.time_ns < known.time_ns):
            found[word.strategy] = word
    return found


def held(words: Words) -> dict[str, PromotionStep]:
    """Return the words by which a strategy's effective mode is paper."""
    return {name: word for name, word in words.items() if word.held}


def cooling_until_ns(word: PromotionStep | None) -> int:
    """Return the end of a cool-down that is in force, 0 without one."""
    return word.until_ns if word is not None and word.held else 0


def said(word: PromotionStep) -> str:
    """Say a demotion to a person: why, and until when."""
    until = datetime.fromtimestamp(word.until_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return f"{word.reason}; on paper until {until} and until it is approved anew"


def shown(word: PromotionStep | None) -> dict[str, object] | None:
    """Return a word as a status file shows it."""
    if word is None:
        return None
    return {
        "stage": word.after.value,
        "step": word.step,
        "steps": word.steps,
        "weight_bps": word.weight_bps,
        "reason": word.reason,
        "since_ns": word.time_ns,
        "until_ns": word.until_ns,
    }
