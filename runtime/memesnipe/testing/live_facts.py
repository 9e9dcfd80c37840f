"""What `memesnipe live-check` sees on a host where all is well: a test spoils one fact and reads what is said of it."""

from typing import Any

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.control.gates import Condition, Verdict
from memesnipe.guard.settings import GuardSettings
from memesnipe.live_check import facts as seen
from memesnipe.live_check.facts import Facts
from memesnipe.live_check.finding import Reported
from memesnipe.live_check.judge.table import judged
from memesnipe.messages.bounds import Mode
from memesnipe.signer.settings import SignerSettings
from memesnipe.testing.builders import GENESIS, SOL, a_config, a_strategy

WALLET = "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1"
NOW_S = 1_760_000_000.0
ROLES = {"risk": "aa" * 32, "guard": "bb" * 32, "lease": "cc" * 32}
OPEN = (Condition("SwitchedLive", Verdict.TRUE, "SwitchOpen", ""), Condition("EvidencePassed", Verdict.TRUE, "EvidenceRecorded", ""))


def good_facts(**changes: Any) -> Facts:
    """Return facts that give no finding worse than ok; `changes` replace some."""
    facts = Facts(
        place="host",
        sees_guard=True,
        now_s=NOW_S,
        guard=GuardSettings(),
        signer=SignerSettings(genesis=GENESIS),
        wallet=WALLET,
        switch=seen.Switch(paper_here=False),
        applied=seen.Applied(a_config(a_strategy(mode=Mode.LIVE)), {"momentum": OPEN}),
        halts=Halts(),
        wallet_file=seen.KeyFile("my_wallet.json", WALLET),
        jito_key=seen.Unused(),
        role_keys=seen.RoleKeys({role: seen.KeyFile(f"keys/{role}.key", public) for role, public in ROLES.items()}, ROLES),
        door=seen.Door(WALLET, 3),
        certificates=(seen.Certificate("tls.crt", NOW_S + 800 * 86_400),),
        genesis=seen.Genesis(GENESIS, 20),
        health=seen.Health("", 20),
        blocks=seen.Blocks(100, 105, 2_000, 600.0),
        websocket=seen.Route(40),
        quote=seen.Quote(1_000, 90),
        price=seen.Price(150.0, 80),
        second_rpc=seen.Genesis(GENESIS, 30),
        jito=seen.Unused(),
        tip_floor=seen.Unused(),
        sender=seen.Unused(),
        priority_fee=40_000,
        headroom=seen.Headroom({"rpc": 40}),
        offsets=(seen.Offset("rpc", -500.0, 500.0),),
        balance=20 * SOL,
        holding=seen.Holding({}, 0),
        token_watch_s=10.0,
        folder=seen.Folder("shared", writable=True, free_bytes=100 << 30),
        audit=seen.Audit(12),
        ledger=seen.Ledger("0002", "0002", {}),
        redis=2,
        redis_server=seen.RedisServer("noeviction", append_only=True, fsync="everysec"),
    )
    return msgspec.structs.replace(facts, **changes)


def said_of(check: str, facts: Facts) -> Reported:
    """Return what one check says; `check` is `area: name`."""
    return next(each for each in judged(facts) if f"{each.area}: {each.check}" == check)
