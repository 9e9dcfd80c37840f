"""The machine: standing + facts + time + terms -> standing + what to say. No clock, no I/O. Read this file to know who gets real money.

PAPER -> PROPOSED -> CANARY 1..n -> FULL by what was shown; from CANARY or FULL to DEMOTED by one alarm, then COOL_DOWN, then PAPER.
Who is taken live is decided by the gates and a person (or by whoever holds the verb); how much it gets, and whether it goes on, here.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode
from memesnipe.messages.promotion import HELD, PromotionStage, PromotionStep, PromotionTerms
from memesnipe.promotion.alarms import first_alarm
from memesnipe.promotion.counting import begun, counted, next_step
from memesnipe.promotion.identity import is_another, renewed, what_is_new
from memesnipe.promotion.sequential import floor_ppm
from memesnipe.promotion.steps import cool_down_s, missing_on_paper, missing_on_step, paper_results, unseen
from memesnipe.promotion.values import Facts, Run, Standing, ladder, weight_bps

PAPER, PROPOSED, CANARY = PromotionStage.PAPER, PromotionStage.PROPOSED, PromotionStage.CANARY
FULL, DEMOTED, COOL_DOWN = PromotionStage.FULL, PromotionStage.DEMOTED, PromotionStage.COOL_DOWN


def step(standing: Standing | None, facts: Facts, now_ns: int, terms: PromotionTerms) -> tuple[Standing, PromotionStep | None]:
    """Return where a strategy stands now, and the word on it where that is news. `standing` is None for one that is met for the first time.

    One step at a time: a strategy that has shown enough for two takes two calls.
    """
    before = standing if standing is not None else Standing(since_ns=now_ns, spec_hash=facts.spec_hash, code_hash=facts.code_hash)
    if _is_older_copy(before, facts):
        after = _cooling(before, facts, now_ns)
    else:
        after = STEPS[before.stage](counted(before, facts), facts, now_ns, terms)
    if standing is not None and _said_of(after) == _said_of(before):
        return after, None
    news = {"version": before.version + 1, "before": before.stage, "said_ns": now_ns, "facts_hash": facts.digest()}
    after = msgspec.structs.replace(after, **news)
    return after, word_of(facts.strategy, after, terms)


def word_of(strategy: str, after: Standing, terms: PromotionTerms) -> PromotionStep:
    """Return the newest word on where a strategy stands: the same each time, so that it may be said again."""
    return PromotionStep(
        id=derive("promotion", strategy, after.version, after.facts_hash),
        strategy=strategy,
        version=after.version,
        before=after.before,
        after=after.stage,
        step=after.step if after.stage is CANARY else 0,
        steps=terms.canary_steps,
        weight_bps=weight_bps(after, terms),
        reason=after.reason[:1_024],
        facts_hash=after.facts_hash,
        spec_hash=after.spec_hash,
        time_ns=after.said_ns,
        until_ns=after.until_ns if after.stage in HELD else 0,
        code_hash=after.code_hash,
    )


def _said_of(standing: Standing) -> tuple[PromotionStage, int, str, str, str]:
    """What a word tells: where any of it changes, there is a word."""
    return standing.stage, standing.step, standing.reason, standing.spec_hash, standing.code_hash


def _is_older_copy(standing: Standing, facts: Facts) -> bool:
    """Whether control keeps a demotion that is not known here: everything here was lost, or fell back to before it."""
    return standing.stage not in HELD and facts.until_ns > standing.until_ns


def _cooling(standing: Standing, facts: Facts, now_ns: int) -> Standing:
    """The cool-down goes on; what the demotion takes is taken here, too."""
    changes: dict[str, Any] = {"step": 0, "floor_ppm": 0, "demotions": standing.demotions + 1, "until_ns": facts.until_ns}
    return _moved(standing, COOL_DOWN, now_ns, "a cool-down that control kept", demoted_ns=now_ns, withdrawn=not facts.asked, **changes)


def _on_paper(standing: Standing, facts: Facts, now_ns: int, terms: PromotionTerms) -> Standing:
    """PAPER and PROPOSED: live by the gates' word makes a canary, whatever is thought here of its paper results."""
    if is_another(standing, facts):
        standing = renewed(standing, facts, now_ns)
    if facts.mode is Mode.LIVE:
        return _on_step(standing, standing.step or 1, facts, now_ns, terms, run=begun(now_ns))
    results = paper_results(standing, facts)
    floor = floor_ppm(results) if results else standing.floor_ppm
    if missing := missing_on_paper(standing, facts, results, terms):
        return _moved(standing, PAPER, now_ns, missing, floor_ppm=floor)
    return _moved(standing, PROPOSED, now_ns, _proposal(standing, facts, terms, shown=bool(results)), floor_ppm=floor)


def _proposal(standing: Standing, facts: Facts, terms: PromotionTerms, *, shown: bool) -> str:
    first = ladder(terms)[min(max(standing.step, 1), terms.canary_steps) - 1]
    holds = "every gate holds" if shown else "every gate holds, and paper showed nothing, for paperTradesMin is 0"
    how = "live is asked for: it goes live once this installation allows it" if facts.asked else "take it live: set spec.mode to live"
    return f"{holds}; {how}, it begins with {first} bps of its share"


def _on_step(standing: Standing, place: int, facts: Facts, now_ns: int, terms: PromotionTerms, *, run: Run, because: str = "") -> Standing:
    """Put a live strategy on a step of the canary. One whose results cannot be judged gets the first, until they can be."""
    missing = unseen(facts)
    place = 1 if missing else min(place, terms.canary_steps)
    why = f", without {', '.join(missing)}" if missing else because
    reason = f"canary step {place} of {terms.canary_steps}: {ladder(terms)[place - 1]} bps of its share{why}"
    return _moved(standing, CANARY, now_ns, reason, step=place, run=run, unwatched=bool(missing))


def _while_live(standing: Standing, facts: Facts, now_ns: int, terms: PromotionTerms) -> Standing:
    """CANARY and FULL: an alarm comes before everything, what was taken back before what was earned."""
    if why := first_alarm(standing, facts, terms):
        return _demoted(standing, facts, now_ns, terms, why)
    if facts.mode is not Mode.LIVE:
        why = f"not live any more: {', '.join(facts.unmet)}" if facts.unmet else "live is no longer asked for or allowed"
        return _moved(standing, PAPER, now_ns, f"{why}; it comes back on canary step {standing.step}")
    if is_another(standing, facts):
        because = f", for it runs {what_is_new(standing, facts)} now"
        return _on_step(renewed(standing, facts, now_ns), 1, facts, now_ns, terms, run=begun(now_ns), because=because)
    if standing.unwatched is not bool(unseen(facts)):
        return _on_step(standing, 1, facts, now_ns, terms, run=next_step(standing.run))
    if standing.stage is FULL or missing_on_step(standing, facts, terms):
        return standing
    because, run = f", by {_shown(standing)}", next_step(standing.run)
    if standing.step < terms.canary_steps:
        return _on_step(standing, standing.step + 1, facts, now_ns, terms, run=run, because=because)
    return _moved(standing, FULL, now_ns, f"its whole share{because}", run=run)


def _shown(standing: Standing) -> str:
    return f"{standing.run.step_trades} live trades that do not lose, with their gap to paper in band"


def _demoted(standing: Standing, facts: Facts, now_ns: int, terms: PromotionTerms, why: str) -> Standing:
    demotions = standing.demotions + 1
    until_ns = now_ns + cool_down_s(demotions, terms) * NS_PER_S
    changes: dict[str, Any] = {"step": 0, "floor_ppm": 0, "demotions": demotions, "until_ns": until_ns, "demoted_ns": now_ns}
    return _moved(standing, DEMOTED, now_ns, why, withdrawn=not facts.asked, **changes)


def _held(standing: Standing, facts: Facts, now_ns: int, terms: PromotionTerms) -> Standing:
    """DEMOTED and COOL_DOWN: time has to pass, and live has to be asked for anew, which takes having been withdrawn."""
    standing = msgspec.structs.replace(standing, withdrawn=standing.withdrawn or not facts.asked)
    if standing.stage is DEMOTED:
        return standing if facts.mode is Mode.LIVE else _moved(standing, COOL_DOWN, now_ns, f"cooling down after: {standing.reason}")
    if now_ns < standing.until_ns:
        return standing
    if not standing.withdrawn:
        return _moved(standing, COOL_DOWN, now_ns, "the cool-down is over: to approve it anew set spec.mode to paper, then to live")
    return _moved(standing, PAPER, now_ns, "the cool-down is over")


def _moved(standing: Standing, stage: PromotionStage, now_ns: int, reason: str, **changes: Any) -> Standing:
    since_ns = standing.since_ns if standing.stage is stage and "step" not in changes else now_ns
    return msgspec.structs.replace(standing, stage=stage, since_ns=since_ns, reason=reason, **changes)


STEPS: dict[PromotionStage, Callable[[Standing, Facts, int, PromotionTerms], Standing]] = {
    PAPER: _on_paper,
    PROPOSED: _on_paper,
    CANARY: _while_live,
    FULL: _while_live,
    DEMOTED: _held,
    COOL_DOWN: _held,
}
