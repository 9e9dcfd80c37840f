"""What `memesnipe live-check` warns of, as a table: a live order would go out, and somebody should know first."""

from typing import Any

import pytest

from memesnipe.bus.folds import Halts
from memesnipe.control.gates import Condition, Verdict
from memesnipe.guard.settings import GuardSettings
from memesnipe.live_check import facts as seen
from memesnipe.live_check.finding import Status, exit_code
from memesnipe.live_check.judge.table import judged
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.signer.settings import SignerSettings
from memesnipe.testing.builders import SOL, a_config, a_strategy, limits
from memesnipe.testing.live_facts import NOW_S, good_facts, said_of

DAY_S = 86_400
SHUT = (Condition("SwitchedLive", Verdict.TRUE, "", ""), Condition("EvidencePassed", Verdict.FALSE, "NoEvidence", ""))


def a_policy(**changes: Any) -> seen.Applied:
    return seen.Applied(a_config(a_strategy(mode=Mode.LIVE), limits=limits(**changes)), {})


WARNS: list[tuple[str, str, dict[str, Any], str, str]] = [
    (
        "one is live and one held back",
        "mode: strategies",
        {"applied": seen.Applied(a_config(a_strategy(mode=Mode.LIVE), a_strategy("sniper")), {"sniper": SHUT})},
        "live: momentum; held back: sniper by EvidencePassed",
        "memesnipe status",
    ),
    ("nobody says which wallet", "keys: signer", {"wallet": ""}, "is not set", "MEMESNIPE_WALLET_PUBKEY"),
    (
        "a host without fee estimates",
        "endpoints: priority fee",
        {"priority_fee": seen.Silent("no such method", 200)},
        "what Jupiter advises",
        "getPriorityFeeEstimate",
    ),
    ("still on paper", "mode: switch", {"switch": seen.Switch(False, paper_running=True)}, "still on paper", "start it with"),
    (
        "a mistyped variable",
        "mode: variables",
        {"switch": seen.Switch(False, strangers=("MEMESNIPE_RCP_URL",))},
        "RCP_URL",
        "correct the name",
    ),
    ("one strategy is halted", "mode: halts", {"halts": Halts(1, "1-0", {"momentum": HaltState.HALTED})}, "momentum halted", "resume"),
    (
        "a certificate to be renewed",
        "keys: certificates",
        {"certificates": (seen.Certificate("c", NOW_S + 60 * DAY_S),)},
        "60 days",
        "renew",
    ),
    ("a slow host", "endpoints: rpc", {"health": seen.Health("", 1_001)}, "slow", "nearer"),
    ("no calls left", "endpoints: rate limits", {"headroom": seen.Headroom({"jupiter": 1})}, "jupiter 1", "larger plan"),
    ("a cap below the floor", "endpoints: tip floor", {"tip_floor": 6_000_000}, "0.006 SOL", "tipSolMax"),
    ("no tip floor", "endpoints: tip floor", {"tip_floor": seen.Silent("no connection")}, "the constant", "MEMESNIPE_TIP_FLOOR_URL"),
    ("one RPC host on mainnet", "endpoints: second rpc", {"second_rpc": seen.Unused()}, "one host", "MEMESNIPE_RPC_CHECK_URL"),
    ("a busy chain", "endpoints: priority fee", {"priority_fee": 10**9}, "0.4 SOL", "priorityFeeSolMax"),
    ("a clock a little off", "clock: skew", {"offsets": (seen.Offset("rpc", 1_200.0, 2_200.0),)}, "1.2 s ahead", "timedatectl"),
    (
        "hosts that contradict each other",
        "clock: skew",
        {"offsets": (seen.Offset("rpc", 4_000.0, 5_000.0), seen.Offset("jupiter", -500.0, 500.0))},
        "3.5 s apart",
        "timedatectl",
    ),
    ("a node that stands still", "clock: skew", {"blocks": seen.Blocks(1, 5, 2_000, 90_000.0)}, "90 s old", "stand still"),
    (
        "a tip that the policy lowers",
        "limits: tip and fee",
        {"applied": a_policy(tip_lamports_max=5_000)},
        "is above",
        "MEMESNIPE_TIP_LAMPORTS",
    ),
    ("more capital than money", "balances: capital", {"balance": 5 * SOL}, "capitalSol is 10 SOL", "lower capitalSol"),
    ("wrapped SOL left over", "balances: wrapped sol", {"holding": seen.Holding({}, SOL)}, "1 SOL", "unwrap"),
    ("a token that nobody knows of", "balances: positions", {"holding": seen.Holding({"dust": 1}, 0)}, "dust", "reconcile"),
    ("a disk that fills", "stores: data folder", {"folder": seen.Folder("d", True, 1 << 30)}, "1,024 MiB", "make room"),
    ("no ledger yet", "stores: ledger", {"ledger": seen.Ledger("", "0002", {}, exists=False)}, "none yet", "position_manager"),
    ("what is held is not watched", "safety: token watch", {"token_watch_s": 0.0}, "not looked at", "MEMESNIPE_TOKEN_WATCH_S"),
    (
        "tokens that may be frozen",
        "safety: token checks",
        {"guard": GuardSettings(token_freeze_authority="allowed"), "signer": SignerSettings(token_freeze_authority="allowed")},
        "freeze_authority",
        "MEMESNIPE_TOKEN_FREEZE_AUTHORITY to refused",
    ),
]


@pytest.mark.parametrize(("check", "changes", "found", "fix"), [row[1:] for row in WARNS], ids=[row[0] for row in WARNS])
def test_what_somebody_should_know_is_a_warning_and_no_failure(check: str, changes: dict[str, Any], found: str, fix: str) -> None:
    facts = good_facts(**changes)

    said = said_of(check, facts)

    assert (said.status, found in said.found, fix in said.fix) == (Status.WARN, True, True), said
    assert exit_code(judged(facts)) == 0
