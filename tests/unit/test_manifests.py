"""Manifests: what a person may write, and what they are told when they may not."""

from pathlib import Path

import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import RiskPolicy, Strategy, lamports
from memesnipe.manifests.reading import parse, read

STRATEGY = """
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: momentum}
spec: {strategy: momentum}
"""
ALLOCATION = """
apiVersion: memesnipe.io/v1alpha1
kind: Allocation
metadata: {name: default}
spec: {capitalSol: 20}
"""
POLICY = """
apiVersion: memesnipe.io/v1alpha1
kind: RiskPolicy
metadata: {name: default}
spec: {tradeSizeSolMax: %s}
"""


def the_policy(size: str) -> RiskPolicy:
    found = parse((POLICY % size).encode(), "test")[0]
    assert isinstance(found, RiskPolicy)
    return found


@pytest.mark.parametrize(("written", "expected"), [("0.1", 100_000_000), ("0.000000001", 1), ("3", 3_000_000_000), ('"0.3"', 300_000_000)])
def test_sol_amounts_become_exact_lamports(written: str, expected: int) -> None:
    assert lamports(the_policy(written).spec.trade_size_sol_max) == expected


@pytest.mark.parametrize("written", [".nan", ".inf", "-1", "0.0000000001", "true", "1e99", "abc"])
def test_an_amount_that_is_no_amount_is_refused_by_field_name(written: str) -> None:
    with pytest.raises(ConfigError, match="tradeSizeSolMax"):
        the_policy(written)


def test_a_misspelt_limit_is_refused_rather_than_ignored() -> None:
    with pytest.raises(ConfigError, match="tradeSizeSolMx"):
        parse((POLICY % "1").replace("SolMax", "SolMx").encode(), "policy.yaml")


@pytest.mark.parametrize("mode", ["Live", "'live '", "on", "1"])
def test_a_mode_is_paper_or_live_and_nothing_like_it(mode: str) -> None:
    with pytest.raises(ConfigError, match="mode"):
        parse(STRATEGY.replace("{strategy: momentum}", f"{{strategy: momentum, mode: {mode}}}").encode(), "test")


def test_yaml_aliases_are_refused_before_they_can_expand() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

    with pytest.raises(ConfigError, match="aliases are not allowed"):
        parse(bomb.encode(), "bomb.yaml")


def test_a_repeated_key_is_refused_rather_than_dropped() -> None:
    with pytest.raises(ConfigError, match="repeated"):
        parse((STRATEGY + "spec: {strategy: other}\n").encode(), "twice.yaml")


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(ConfigError):
        parse(b"a: " + b"[" * 5_000 + b"]" * 5_000, "deep.yaml")


def test_an_oversized_file_is_refused_unread() -> None:
    with pytest.raises(ConfigError, match="more than"):
        parse(b"#" * 300_000, "big.yaml")


def test_a_folder_needs_exactly_one_policy_and_one_allocation(tmp_path: Path) -> None:
    (tmp_path / "strategy.yaml").write_text(STRATEGY)

    with pytest.raises(ConfigError, match="Allocation: exactly one is needed, 0 found"):
        read([tmp_path])


def test_two_strategies_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text("---".join([STRATEGY, STRATEGY, ALLOCATION, POLICY % 1]))

    with pytest.raises(ConfigError, match="more than once: momentum"):
        read([tmp_path])


def test_weights_must_name_applied_strategies(tmp_path: Path) -> None:
    weights = ALLOCATION.replace("{capitalSol: 20}", "{capitalSol: 20, method: fixed, weightsBps: {other: 1}}")
    (tmp_path / "all.yaml").write_text("---".join([STRATEGY, weights, POLICY % 1]))

    with pytest.raises(ConfigError, match="names no applied Strategy: other"):
        read([tmp_path])


def test_a_complete_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text("---".join([STRATEGY, ALLOCATION, POLICY % 1]))

    found = read([tmp_path])

    assert [s.metadata.name for s in found.strategies] == ["momentum"]
    assert isinstance(found.strategies[0], Strategy)
