"""A decision's record: made again from its own inputs it is the same, and whatever was changed in it is found."""

import zlib
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from memesnipe.allocator.adaptive import decided, question_of
from memesnipe.allocator.decide import decide
from memesnipe.allocator.history import CELLS_MAX, terms_within
from memesnipe.allocator.records import again, differences, outcome_of, recorded, split_of
from memesnipe.allocator.weighing.values import Closed, Record, Terms
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.control import RiskBase, Weighing
from memesnipe.messages.decisions import INPUTS_BYTES_MAX, Decision
from memesnipe.testing.builders import SOL, SPEC_HASH, START_NS, a_config, a_strategy

DAY_NS = 86_400 * NS_PER_S
TWO = (a_strategy("alpha"), a_strategy("beta", mode=Mode.LIVE, code_hash="c0de"))


def a_history(name: str, seed: int, mode: Mode = Mode.PAPER) -> Record:
    nets = np.random.default_rng(seed).normal(0.004 * SOL, 0.02 * SOL, 60)
    closed = tuple(Closed(START_NS - day * DAY_NS, round(float(net))) for day, net in zip(range(60, 0, -1), nets, strict=True))
    return Record(name, closed, ((START_NS - 60 * DAY_NS, SOL),), mode)


def by_results(base: RiskBase = RiskBase.HRP, caps_bps: dict[str, int] | None = None) -> Decision:
    config = msgspec.structs.replace(a_config(*TWO), weighing=Weighing(base=base))
    question = question_of(None, config, [a_history("alpha", 1), a_history("beta", 2, Mode.LIVE)], (), START_NS, caps_bps or {})
    return recorded(decided(question, 3), question)


def by_weights(caps_bps: dict[str, int] | None = None) -> Decision:
    config = a_config(*TWO, weights_bps=(6_000, 3_000))
    decision = decide(None, config, START_NS, caps_bps or {})
    assert decision is not None
    return recorded(decision, split_of(config, caps_bps or {}))


RECORDS: dict[str, Callable[[], Decision]] = {
    "fixed": by_weights,
    "fixed and capped": lambda: by_weights({"beta": 1_000}),
    "hrp": by_results,
    "risk parity": lambda: by_results(RiskBase.RISK_PARITY),
    "capped": lambda: by_results(caps_bps={"beta": 1_000}),
}


@pytest.mark.parametrize("which", RECORDS)
def test_a_recorded_decision_is_made_again_to_the_same_weights(which: str) -> None:
    record = decode(Decision, encode(RECORDS[which]()))

    assert differences(record) == []
    assert outcome_of(again(record)) == record.outcome


@pytest.mark.parametrize("which", ["fixed and capped", "capped"])
def test_a_decision_that_is_made_again_says_which_shares_are_for_live_and_for_what(which: str) -> None:
    shares = again(RECORDS[which]()).shares

    assert [(share.strategy, share.live_spec, share.live_code) for share in shares] == [("alpha", "", ""), ("beta", SPEC_HASH, "c0de")]


@pytest.mark.parametrize("which", ["fixed", "hrp"])
def test_a_record_from_before_codes_were_told_is_still_honest(which: str) -> None:
    record = RECORDS[which]()
    text = zlib.decompress(record.inputs)
    of_old = msgspec.structs.replace(record, inputs=zlib.compress(text.replace(b',"codes":{}', b"")))

    assert b'"codes":{}' in text
    assert differences(of_old) == []


def test_a_weight_that_was_changed_is_named_with_both_values() -> None:
    record = by_weights()
    changed = msgspec.structs.replace(record, outcome=record.outcome.replace("6000", "6001"))

    (found,) = differences(changed)

    assert found.startswith("alpha: recorded 6001 bps")
    assert "now 6000 bps" in found


def test_inputs_that_were_changed_are_named_by_their_hash_and_by_what_they_make() -> None:
    record = by_results()
    text = zlib.decompress(record.inputs).decode()
    changed = msgspec.structs.replace(record, inputs=zlib.compress(text.replace('"drawdown_max":0.25', '"drawdown_max":0.001').encode()))

    found = differences(changed)

    assert changed.inputs != record.inputs
    assert any(line.startswith("inputs' hash: ") for line in found)


@pytest.mark.parametrize("changes", [{"reason": "because"}, {"label": "fixed_weight"}, {"time_ns": START_NS + 1}])
def test_a_reason_a_method_or_a_time_that_was_changed_is_found(changes: dict[str, str]) -> None:
    assert len(differences(msgspec.structs.replace(by_results(), **changes))) == 1


def test_a_difference_with_another_solver_names_both() -> None:
    changed = msgspec.structs.replace(by_results(), made_with="memesnipe 1.0", reason="because")

    assert differences(changed)[-1].startswith("recorded with memesnipe 1.0; here is memesnipe ")


@pytest.mark.parametrize("inputs", [b"", b"no zlib", zlib.compress(b"{}"), zlib.compress(b'{"type":"else"}')])
def test_inputs_that_cannot_be_read_are_bad_input(inputs: bytes) -> None:
    with pytest.raises(BadInput, match="inputs"):
        differences(msgspec.structs.replace(by_weights(), inputs=inputs))


def test_as_many_results_as_are_ever_looked_at_fit_into_one_entry() -> None:
    """Each strategy has another capital in each period, and no net result is like another: the worst that zlib can meet."""
    number = 160
    draw, terms = np.random.default_rng(1), terms_within(Terms(), number)
    config = msgspec.structs.replace(a_config(*(a_strategy(f"s{place:03d}") for place in range(number))), weighing=Weighing())
    records = [a_full_record(f"s{place:03d}", terms.periods_max, draw) for place in range(number)]
    decision = decide(None, a_config(*TWO), START_NS)
    assert decision is not None

    record = recorded(decision, question_of(None, config, records, (), START_NS))

    assert number * terms.periods_max == CELLS_MAX
    assert len(record.inputs) < INPUTS_BYTES_MAX
    assert decode(Decision, encode(record)) == record


def a_full_record(name: str, periods: int, draw: np.random.Generator) -> Record:
    times = [START_NS // DAY_NS * DAY_NS - day * DAY_NS for day in range(periods, 0, -1)]
    nets, capitals = draw.integers(-(10**12), 10**12, periods).tolist(), draw.integers(1, 10**12, periods).tolist()
    closed = tuple(Closed(time_ns + 2, net) for time_ns, net in zip(times, nets, strict=True))
    return Record(name, closed, tuple((time_ns + 1, capital) for time_ns, capital in zip(times, capitals, strict=True)))


def test_inputs_that_fit_no_entry_are_refused_before_anything_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memesnipe.allocator.records.INPUTS_BYTES_MAX", 10)

    with pytest.raises(BadInput, match="more than 10"):
        by_weights()
