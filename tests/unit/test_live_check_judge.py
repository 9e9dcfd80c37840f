"""Every judgement of `memesnipe live-check`, as a table: what is wrong -> which check says so, and the fix it gives."""

from typing import Any

import msgspec
import pytest

from memesnipe.bus.folds import Halts
from memesnipe.chain.programs import DEVNET_GENESIS, MAINNET_GENESIS
from memesnipe.control.gates import Condition, Verdict
from memesnipe.guard.settings import GuardSettings
from memesnipe.live_check import facts as seen
from memesnipe.live_check.finding import Status, exit_code
from memesnipe.live_check.judge.table import judged
from memesnipe.live_check.judge.words import sol
from memesnipe.live_check.look import names
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.signer.settings import SignerSettings
from memesnipe.testing.builders import SOL, a_config, a_strategy, limits
from memesnipe.testing.live_facts import NOW_S, ROLES, WALLET, good_facts, said_of

DAY_S = 86_400
OTHER = "7dHbWXmci3dT8UFYWYZweBLXgycu7Y3iL6trKn1Y7ARj"
SHUT = (Condition("SwitchedLive", Verdict.TRUE, "", ""), Condition("EvidencePassed", Verdict.FALSE, "NoEvidence", ""))


def a_policy(**changes: Any) -> seen.Applied:
    return seen.Applied(a_config(a_strategy(mode=Mode.LIVE), limits=limits(**changes)), {})


def keys_with(role: str, key: seen.KeyFile) -> seen.RoleKeys:
    return seen.RoleKeys({name: seen.KeyFile(name, public) for name, public in ROLES.items()} | {role: key}, ROLES)


FAILS: list[tuple[str, str, dict[str, Any], str, str]] = [
    (
        "two roles with one key",
        "keys: role keys",
        {"role_keys": seen.RoleKeys({role: seen.KeyFile(role, "aa" * 32) for role in ROLES}, dict.fromkeys(ROLES, "aa" * 32))},
        "share one key",
        "remove one",
    ),
    (
        "Jito's key is open",
        "keys: jito key",
        {"jito_key": seen.KeyFile("j.json", problem="j.json: chmod 600 it")},
        "j.json",
        "chmod 600 j.json",
    ),
    ("the RPC forbids", "endpoints: rpc", {"health": seen.Silent("forbidden", 403)}, "forbidden", "MEMESNIPE_HELIUS_API_KEY"),
    (
        "nobody tells the time",
        "clock: skew",
        {"offsets": (), "blocks": seen.Blocks(1, 5, 2_000, None)},
        "could not be checked",
        "timedatectl",
    ),
    ("the switch is on paper", "mode: switch", {"switch": seen.Switch(paper_here=True)}, "nothing is signed", "PAPER_TRADING_MODE=false"),
    (
        "a key in the environment",
        "mode: variables",
        {"switch": seen.Switch(paper_here=False, key_in_environment="MY_KEY: holds a secret key")},
        "MY_KEY",
        "unset it",
    ),
    (
        "no strategy is live",
        "mode: strategies",
        {"applied": seen.Applied(a_config(a_strategy()), {"momentum": SHUT})},
        "momentum by EvidencePassed",
        "memesnipe status",
    ),
    ("everything is halted", "mode: halts", {"halts": Halts(1, "1-0", {"*": HaltState.HALTED}, {"*": "why"})}, "halted (why)", "resume"),
    (
        "others can read the wallet",
        "keys: wallet file",
        {"wallet_file": seen.KeyFile("w.json", problem="w.json: open to everyone (mode 644); chmod 600 it")},
        "open to everyone",
        "chmod 600 w.json",
    ),
    (
        "the wallet file is no key",
        "keys: wallet file",
        {"wallet_file": seen.KeyFile("w.json", problem="w.json: must be a JSON array of 64 integers")},
        "must be a JSON array",
        "64 integers",
    ),
    ("the wallet file is another's", "keys: wallet file", {"wallet_file": seen.KeyFile("w.json", OTHER)}, OTHER, "MEMESNIPE_WALLET_PUBKEY"),
    ("Vault refuses", "keys: wallet file", {"wallet_file": seen.KeyFile("Vault", problem="MEMESNIPE_VAULT_KEY: x")}, "x", "keys.md"),
    ("no wallet file", "keys: wallet file", {"wallet_file": seen.Silent("no wallet file is named")}, "no wallet", "MEMESNIPE_WALLET_FILE"),
    ("Jito's key is the wallet's", "keys: jito key", {"jito_key": seen.KeyFile("j.json", WALLET)}, "wallet's own key", "solana-keygen new"),
    (
        "a role key that others can read",
        "keys: role keys",
        {"role_keys": keys_with("risk", seen.KeyFile("risk.key", problem="risk.key: open to everyone (mode 644); chmod 600 it"))},
        "open to everyone",
        "chmod 600 risk.key",
    ),
    (
        "a role key that is not pinned",
        "keys: role keys",
        {"role_keys": keys_with("guard", seen.KeyFile("g", "dd" * 32))},
        "pinned",
        "guard key",
    ),
    (
        "a pinned key is missing",
        "keys: role keys",
        {"role_keys": seen.RoleKeys({}, {}, "trusted.json: must name exactly risk, guard and lease")},
        "must name exactly",
        "trusted.json",
    ),
    ("the signer signs for another", "keys: signer", {"door": seen.Door(OTHER, 3)}, OTHER, "same wallet"),
    ("the signer is away", "keys: signer", {"door": seen.Silent("signer unavailable")}, "unavailable", "MEMESNIPE_SIGNER_URL"),
    ("a certificate ends tomorrow", "keys: certificates", {"certificates": (seen.Certificate("c", NOW_S + DAY_S),)}, "ends in 1", "renew"),
    ("a certificate has ended", "keys: certificates", {"certificates": (seen.Certificate("c", NOW_S - 1),)}, "has expired", "renew"),
    (
        "the RPC refuses its key",
        "endpoints: rpc",
        {"health": seen.Silent("refuses the API key", 401)},
        "refuses",
        "MEMESNIPE_HELIUS_API_KEY",
    ),
    ("the RPC is away", "endpoints: rpc", {"health": seen.Silent("no connection")}, "no connection", "MEMESNIPE_RPC_URL"),
    ("the node is behind", "endpoints: rpc", {"health": seen.Health("behind by 200 slots", 9)}, "200 slots", "another RPC host"),
    ("another chain", "endpoints: chain", {"genesis": seen.Genesis(DEVNET_GENESIS, 9)}, "devnet", "MEMESNIPE_GENESIS"),
    ("the height stands still", "endpoints: blocks", {"blocks": seen.Blocks(100, 100, 2_000, 1.0)}, "stays at 100", "another RPC host"),
    ("no WebSocket", "endpoints: websocket", {"websocket": seen.Silent("no WebSocket")}, "no WebSocket", "MEMESNIPE_WS_URL"),
    ("Jupiter refuses its key", "endpoints: jupiter build", {"quote": seen.Silent("401", 401)}, "401", "MEMESNIPE_JUPITER_API_KEY"),
    ("Jupiter is away", "endpoints: jupiter price", {"price": seen.Silent("no connection")}, "no connection", "MEMESNIPE_JUPITER_URL"),
    ("Jito is away", "endpoints: jito", {"jito": seen.Silent("no connection")}, "no connection", "MEMESNIPE_JITO_URL"),
    ("Sender is away", "endpoints: sender", {"sender": seen.Silent("no connection")}, "no connection", "MEMESNIPE_SENDER_URL"),
    ("asked too often", "endpoints: rate limits", {"headroom": seen.Headroom({}, ("rpc",))}, "429", "MEMESNIPE_RPC_PER_S"),
    ("a clock that is ahead", "clock: skew", {"offsets": (seen.Offset("rpc", 2_100.0, 3_100.0),)}, "2.1 s ahead", "timedatectl"),
    ("a clock that is behind", "clock: skew", {"offsets": (seen.Offset("rpc", -9_000.0, -8_000.0),)}, "8.0 s behind", "timedatectl"),
    (
        "a clock before the newest block",
        "clock: skew",
        {"offsets": (), "blocks": seen.Blocks(1, 5, 2_000, -5_000.0)},
        "in the future",
        "timedatectl",
    ),
    (
        "trade size above a token's exposure",
        "limits: policy",
        {"applied": a_policy(trade_size_lamports_max=2 * SOL, strategy_exposure_lamports_max=3 * SOL)},
        "tradeSizeSolMax 2 SOL is more than tokenExposureSolMax 1 SOL",
        "lower tradeSizeSolMax",
    ),
    ("no slippage is allowed", "limits: policy", {"applied": a_policy(slippage_bps_max=0)}, "slippageBpsMax is 0", "above 0"),
    (
        "the signer's cap is below the policy's",
        "limits: trade size",
        {"signer": SignerSettings(size_lamports_max=SOL // 10)},
        "refuses every buy above 0.1 SOL",
        "MEMESNIPE_SIZE_LAMPORTS_MAX",
    ),
    (
        "the guard's cap is below the policy's",
        "limits: trade size",
        {"guard": GuardSettings(guard_trade_size_lamports_max=1)},
        "0.000000001 SOL",
        "MEMESNIPE_GUARD_TRADE_SIZE_LAMPORTS_MAX",
    ),
    (
        "an hour that one order fills",
        "limits: spend",
        {"applied": a_policy(spend_lamports_per_hour_max=SOL // 2)},
        "one order",
        "raise spend",
    ),
    (
        "an hour of the signer's that one order fills",
        "limits: spend",
        {"signer": SignerSettings(spend_lamports_per_hour_max=1)},
        "MEMESNIPE_SPEND_LAMPORTS_PER_HOUR_MAX",
        "raise the signer's",
    ),
    (
        "the signer refuses our tip",
        "limits: tip and fee",
        {"signer": SignerSettings(tip_lamports_max=1)},
        "MEMESNIPE_TIP_LAMPORTS_MAX",
        "raise MEMESNIPE_TIP_LAMPORTS_MAX",
    ),
    (
        "Sender drops our tip",
        "limits: tip and fee",
        {"guard": GuardSettings(sender_url="https://sender.example"), "applied": a_policy(tip_lamports_max=999_999)},
        "Sender drops",
        "raise tipSolMax",
    ),
    (
        "a second host that is away",
        "endpoints: second rpc",
        {"second_rpc": seen.Silent("no connection")},
        "no connection",
        "MEMESNIPE_RPC_CHECK_URL",
    ),
    (
        "a second host of another chain",
        "endpoints: second rpc",
        {"second_rpc": seen.Genesis(DEVNET_GENESIS, 9)},
        "another chain, devnet",
        "MEMESNIPE_RPC_CHECK_URL",
    ),
    ("no capital", "limits: capital", {"applied": seen.Applied(a_config(capital_lamports=0), {})}, "capitalSol is 0", "capitalSol"),
    (
        "live with a weight of 0",
        "limits: capital",
        {"applied": seen.Applied(a_config(a_strategy(mode=Mode.LIVE), weights_bps=(0,)), {})},
        "momentum",
        "weightsBps",
    ),
    ("an empty wallet", "balances: sol", {"balance": 0}, "holds no SOL", "send SOL"),
    ("a wallet for less than one trade", "balances: sol", {"balance": SOL // 2}, "0.5 SOL; the largest trade", "lower tradeSizeSolMax"),
    (
        "a position that is not on chain",
        "balances: positions",
        {"ledger": seen.Ledger("0002", "0002", {"mint": 5}), "holding": seen.Holding({"mint": 4}, 0)},
        "mint: 5 beside 4 units",
        "memesnipe reconcile",
    ),
    ("a folder that cannot be written", "stores: data folder", {"folder": seen.Folder("d", False, 1 << 40)}, "cannot be written", "user"),
    ("a full disk", "stores: data folder", {"folder": seen.Folder("d", True, 1 << 20)}, "1 MiB free", "make room"),
    ("a broken audit chain", "stores: audit", {"audit": seen.Audit(0, "line 3 does not follow")}, "line 3", "kill --freeze"),
    ("an old ledger", "stores: ledger", {"ledger": seen.Ledger("0001", "0002", {})}, "schema 0001", "migrates"),
    (
        "a token rule that is loosened at one of the two alone",
        "safety: token checks",
        {"guard": GuardSettings(token_transfer_fee_bps_max=100)},
        "transfer_fee_bps_max",
        "give both the same MEMESNIPE_TOKEN_TRANSFER_FEE_BPS_MAX",
    ),
    ("no Redis", "stores: redis", {"redis": seen.Silent("ConnectionError")}, "ConnectionError", "MEMESNIPE_REDIS_URL"),
    (
        "Redis evicts",
        "stores: redis keeps",
        {"redis_server": seen.RedisServer("allkeys-lru", True, "everysec")},
        "allkeys-lru",
        "maxmemory-policy noeviction",
    ),
    (
        "Redis forgets",
        "stores: redis keeps",
        {"redis_server": seen.RedisServer("noeviction", False, "everysec")},
        "appendonly no",
        "appendonly yes",
    ),
]


def test_where_all_is_well_nothing_is_said_to_be_wrong() -> None:
    found = judged(good_facts())

    assert [each for each in found if each.status is not Status.OK] == []
    assert exit_code(found) == 0


@pytest.mark.parametrize(("check", "changes", "found", "fix"), [row[1:] for row in FAILS], ids=[row[0] for row in FAILS])
def test_what_is_wrong_fails_with_its_fix(check: str, changes: dict[str, Any], found: str, fix: str) -> None:
    facts = good_facts(**changes)

    said = said_of(check, facts)

    assert (said.status, found in said.found, fix in said.fix) == (Status.FAIL, True, True), said
    assert exit_code(judged(facts)) == 1


@pytest.mark.parametrize("fact", [name for name in names() if name != "tip_floor"])
def test_a_question_without_an_answer_never_passes(fact: str) -> None:
    found = judged(good_facts(**{fact: seen.Silent("no answer within 15 s")}))

    assert [each for each in found if each.status is Status.FAIL and each.found == "no answer within 15 s" and each.fix]


@pytest.mark.parametrize("fact", [*names(), "signer", "token_watch_s"])
def test_what_cannot_be_seen_from_here_says_where_to_look_and_fails_nothing(fact: str) -> None:
    found = judged(good_facts(**{fact: seen.Unseen("look in the other pod")}))

    assert [each for each in found if each.status is Status.UNSEEN and each.fix == "look in the other pod"]
    assert exit_code(found) == 0


DOWN = seen.Silent("no connection")


@pytest.mark.parametrize(
    ("check", "away"),
    [
        ("limits: policy", ("applied",)),
        ("endpoints: rpc", ("health", "genesis", "blocks", "balance", "holding", "priority_fee")),
        ("stores: redis", ("redis", "redis_server", "halts", "applied")),
        ("endpoints: jupiter build", ("quote", "price")),
        ("keys: certificates", ("certificates", "door")),
    ],
)
def test_one_cause_is_one_failure(check: str, away: tuple[str, ...]) -> None:
    found = judged(good_facts(offsets=(), **dict.fromkeys(away, DOWN)))

    assert [f"{each.area}: {each.check}" for each in found if each.status is Status.FAIL] == [check]
    assert f"first see to `{check}`" in {each.fix for each in found}


def test_another_services_pod_does_not_judge_wallet_guards_settings_by_their_defaults() -> None:
    found = {each.check: each.status for each in judged(good_facts(place="pod", sees_guard=False))}

    hidden = {"trade size", "tip and fee", "token checks", "fill commitment", "rate limits", "second rpc", "jito", "sender", "tip floor"}
    assert {check for check, status in found.items() if status is Status.UNSEEN} == hidden


def test_a_running_stack_that_is_live_counts_more_than_this_shells_switch() -> None:
    assert said_of("mode: switch", good_facts(switch=seen.Switch(paper_here=True, paper_running=False))).status is Status.OK


def test_hosts_that_answer_at_different_instants_narrow_the_clocks_offset() -> None:
    offsets = (seen.Offset("rpc", -900.0, 100.0), seen.Offset("rpc", -40.0, 960.0))

    assert said_of("clock: skew", good_facts(offsets=offsets)).found == "within 100 ms of the hosts' clocks"


def test_a_wrong_genesis_is_told_from_a_wrong_configuration() -> None:
    mainnet = seen.Applied(msgspec.structs.replace(a_config(), genesis=MAINNET_GENESIS))
    facts = good_facts(signer=SignerSettings(), applied=mainnet, genesis=seen.Genesis(DEVNET_GENESIS, 9))

    assert "the applied configuration is for mainnet" in said_of("endpoints: chain", facts).found


def test_a_hosts_words_cannot_steer_the_terminal_they_are_shown_on() -> None:
    said = said_of("endpoints: rpc", good_facts(health=seen.Health("\x1b[2J\u202egood", 9)))

    assert said.found == "the node says: ?[2J?good"


@pytest.mark.parametrize(("lamports", "text"), [(0, "0 SOL"), (1, "0.000000001 SOL"), (1_500_000_000, "1.5 SOL"), (-1, "-0.000000001 SOL")])
def test_amounts_are_told_to_the_lamport(lamports: int, text: str) -> None:
    assert sol(lamports) == text
