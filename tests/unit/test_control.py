"""Control: gates, versions and leases."""

from pathlib import Path

import msgspec
import pytest

from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.control.applied import applied, spec_hash
from memesnipe.control.files import password, write_specs
from memesnipe.control.gates import GATES, Facts, Verdict, judge
from memesnipe.control.history import History
from memesnipe.control.leases import leases, removed
from memesnipe.control.proofs import Damaged
from memesnipe.evidence.gap import Gap
from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.promotion import Promotion
from memesnipe.manifests.reading import Manifests, assemble, parse
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import ConfigApplied
from memesnipe.testing.evidence import a_record_for
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

NOW_NS = 1_790_000_000 * 10**9
SPEC, CODE = "0123456789abcdef", "c" * 64
READY = Facts(
    paper_switch=False,
    asked=Mode.LIVE,
    genesis=MAINNET_GENESIS,
    plugin="momentum",
    spec_hash=SPEC,
    now_ns=NOW_NS,
    evidence=(a_record_for(SPEC, CODE),),
    code_hash=CODE,
    paper_trades=1_000,
    policy_bound=True,
    capital_lamports=1,
)


def manifests(fast_s: int = 5) -> Manifests:
    return assemble(parse(f"{a_strategy(spec=f'strategy: momentum, parameters: {{fast_s: {fast_s}}}')}---{PORTFOLIO}".encode(), "test"))


def a_config(*, paper: bool, genesis: str = "Localnet1") -> ConfigApplied:
    return applied(manifests(), version=1, time_ns=NOW_NS, paper_switch=paper, genesis=genesis)


def test_all_gates_open_means_live() -> None:
    assert judge(READY)[0] is Mode.LIVE


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        ({"paper_switch": True}, "SwitchedLive"),
        ({"asked": Mode.PAPER}, "LiveRequested"),
        ({"genesis": ""}, "ChainKnown"),
        ({"evidence": ()}, "EvidencePassed"),
        ({"spec_hash": "another"}, "EvidencePassed"),
        ({"paper_trades": 99}, "PaperProven"),
        ({"paper_trades": None}, "PaperProven"),
        ({"paper_gap": Gap(pairs=20, in_band=20, median_bps=-101)}, "PaperProven"),
        ({"paper_gap": Gap(pairs=20, in_band=17, median_bps=0)}, "PaperProven"),
        ({"paper_gap": Damaged("perf:momentum:paper_gap", "not JSON")}, "PaperProven"),
        ({"policy_bound": False}, "RiskPolicyBound"),
        ({"capital_lamports": 0}, "CapitalAllocated"),
        ({"paused": True}, "NotPaused"),
    ],
)
def test_each_unmet_gate_alone_keeps_a_strategy_on_paper_and_says_why(change: dict[str, object], gate: str) -> None:
    mode, conditions = judge(msgspec.structs.replace(READY, **change))

    failing = [c for c in conditions if c.status is Verdict.FALSE]
    assert mode is Mode.PAPER
    assert gate in [c.type for c in failing]
    assert all(c.message for c in failing)


@pytest.mark.parametrize("gap", [None, Gap(pairs=19, in_band=0), Gap(pairs=20, in_band=18, median_bps=-100), Gap(pairs=20, in_band=20)])
def test_a_gap_within_its_band_or_of_too_few_orders_holds_nothing_up(gap: Gap | None) -> None:
    assert judge(msgspec.structs.replace(READY, paper_gap=gap))[0] is Mode.LIVE


def test_the_demands_of_a_paper_period_are_those_of_the_allocation() -> None:
    facts = msgspec.structs.replace(READY, paper_trades=30, paper_gap=Gap(pairs=20, in_band=15, median_bps=-150))
    laxer = Promotion(paper_trades_min=30, paper_gap_bps_max=150, paper_in_band_bps_min=7_500)

    assert (judge(facts)[0], judge(msgspec.structs.replace(facts, promotion=laxer))[0]) == (Mode.PAPER, Mode.LIVE)


@pytest.mark.parametrize("trades", [0, 7])
def test_a_paper_period_that_nobody_asks_for_is_waived_and_never_shown_as_passed(trades: int) -> None:
    mode, conditions = judge(msgspec.structs.replace(READY, paper_trades=trades, promotion=Promotion(paper_trades_min=0)))

    (found,) = [one for one in conditions if one.type == "PaperProven"]
    assert (mode, found.status, found.reason) == (Mode.LIVE, Verdict.WAIVED, "NoPaperTradesAsked")
    assert found.message.startswith(f"paperTradesMin is 0: no paper trades are asked for ({trades} were closed)")


def test_what_was_traded_on_paper_must_be_known_even_where_nothing_is_asked_for() -> None:
    assert judge(msgspec.structs.replace(READY, paper_trades=None, promotion=Promotion(paper_trades_min=0)))[0] is Mode.PAPER


def test_evidence_is_waived_on_a_localnet_and_never_shown_as_passed() -> None:
    facts = msgspec.structs.replace(READY, genesis="Localnet1", evidence=(), paper_trades=0)

    mode, conditions = judge(facts)

    assert mode is Mode.LIVE
    assert {c.status for c in conditions if c.type in ("EvidencePassed", "PaperProven")} == {Verdict.WAIVED}


def test_every_gate_answers_for_every_fact() -> None:
    assert len(judge(READY)[1]) == len(GATES)


def test_the_spec_hash_follows_parameters_but_not_mode() -> None:
    one, other = manifests(5).strategies[0], manifests(6).strategies[0]

    assert spec_hash(one) != spec_hash(other)
    assert spec_hash(one) == spec_hash(one.model_copy(update={"spec": one.spec.model_copy(update={"mode": Mode.PAPER})}))


def test_an_unchanged_folder_makes_no_new_version(tmp_path: Path) -> None:
    history = History(tmp_path / "config.db")

    taken = [
        history.take_folder(manifests(5), NOW_NS),
        history.take_folder(manifests(5), NOW_NS),
        history.take_folder(manifests(6), NOW_NS),
    ]

    assert taken == [True, False, True]
    assert history.newest() == 2


def test_a_rollback_stays_until_the_folder_changes(tmp_path: Path) -> None:
    history = History(tmp_path / "config.db")
    history.take_folder(manifests(5), NOW_NS)
    history.take_folder(manifests(6), NOW_NS)

    made = history.roll_back(1, NOW_NS)

    assert history.take_folder(manifests(6), NOW_NS) is False
    assert history.manifests(made) == manifests(5)
    assert [v.origin for v in history.versions()] == ["rollback to 1", "folder", "folder"]


def test_rolling_back_to_nowhere_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no version 7"):
        History(tmp_path / "config.db").roll_back(7, NOW_NS)


@pytest.mark.parametrize(
    ("halt", "kinds"),
    [
        (HaltState.ACTIVE, [(False, False), (True, True)]),
        (HaltState.REDUCE_ONLY, [(True, False), (True, True)]),
        (HaltState.HALTED, [(True, True)]),
        (HaltState.FROZEN, []),
    ],
)
def test_a_halt_decides_which_leases_are_granted(halt: HaltState, kinds: list[tuple[bool, bool]]) -> None:
    granted = list(leases(a_config(paper=False), {"momentum": halt}, 3, NOW_NS, paper_switch=False))

    assert sorted((lease.reduce_only, for_exits) for lease, for_exits in granted) == sorted(kinds)


def test_a_paper_installation_grants_no_lease() -> None:
    assert list(leases(a_config(paper=True), {"momentum": HaltState.ACTIVE}, 0, NOW_NS, paper_switch=True)) == []


def test_the_spec_files_are_exactly_the_applied_strategies(tmp_path: Path) -> None:
    (tmp_path / "gone.json").write_text("{}")

    write_specs(manifests(), tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["momentum.json"]


def test_a_password_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first, second = password(tmp_path, "executor"), password(tmp_path, "executor")

    assert first == second
    assert (tmp_path / "executor").stat().st_mode & 0o077 == 0


def test_a_strategy_that_went_back_to_paper_keeps_its_exit_lease_and_nothing_else() -> None:
    config = a_config(paper=False)
    back = msgspec.structs.replace(config, strategies=(msgspec.structs.replace(config.strategies[0], mode=Mode.PAPER),))

    granted = list(leases(back, {"momentum": HaltState.ACTIVE}, 0, NOW_NS, paper_switch=False))

    assert [(lease.reduce_only, for_exits) for lease, for_exits in granted] == [(True, True)]


@pytest.mark.parametrize(("halt", "kept"), [(HaltState.ACTIVE, [True]), (HaltState.HALTED, [True]), (HaltState.FROZEN, [])])
def test_a_strategy_that_is_gone_gets_an_exit_lease_as_far_as_its_halt_allows(halt: HaltState, kept: list[bool]) -> None:
    config = a_config(paper=False)

    halts = {"momentum": HaltState.FROZEN, "old": halt}
    granted = list(leases(config, halts, 0, NOW_NS, paper_switch=False, gone=removed(config, frozenset({"momentum", "old"}))))

    assert [lease.reduce_only for lease, _ in granted if lease.strategy == "old"] == kept


def test_the_exit_lease_is_for_exits_and_the_one_of_reduce_only_for_sells_too() -> None:
    granted = leases(a_config(paper=False), {"momentum": HaltState.REDUCE_ONLY}, 3, NOW_NS, paper_switch=False)

    assert {for_exits: (lease.reduce_only, lease.exits_only) for lease, for_exits in granted} == {True: (True, True), False: (True, False)}
