"""On a host evidence is files in a folder: a strategy is live while a record for exactly its spec and code passes, no look longer."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from memesnipe.bus import topology
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.control.applied import hash_of
from memesnipe.control.metrics import EVIDENCE_ERRORS, EVIDENCE_RECORDS
from memesnipe.control.service import Control
from memesnipe.control.settings import ControlSettings
from memesnipe.evidence.gap import Gap
from memesnipe.evidence.record import RECORD_BYTES_MAX, Record, to_json
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode
from memesnipe.messages.control import HeldAccount, Holdings, StrategyRegistered
from memesnipe.testing.builders import START_NS
from memesnipe.testing.chains import a_chain
from memesnipe.testing.evidence import a_record_for
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

CODE, OTHER_CODE = "c" * 64, "d" * 64
SPEC = hash_of("momentum", {})
LEASE, EXIT_LEASE = (key.format(strategy="momentum") for key in (topology.LEASE_KEY, topology.EXIT_LEASE_KEY))


class Host:
    """One control over a folder, beside a chain that says it is mainnet."""

    def __init__(self, bus: RedisBus, folder: Path, rpc_url: str) -> None:
        self.bus, self.folder = bus, folder
        self.evidence = folder / "evidence"
        (folder / "manifests").mkdir()
        self.write(PORTFOLIO)
        settings = ControlSettings(
            data_dir=str(folder),
            manifests=str(folder / "manifests"),
            evidence=str(self.evidence),
            rpc_url=rpc_url,
            paper_trading_mode=False,
        )
        self.control = Control(settings, Running("control", SystemClock(), Health("control"), asyncio.Event()), bus)

    def write(self, portfolio: str) -> None:
        (self.folder / "manifests" / "all.yaml").write_text(f"{portfolio}---\n{a_strategy(spec='strategy: momentum, mode: live')}")

    def keep(self, record: Record | bytes, name: str = "momentum.evidence.json") -> Path:
        self.evidence.mkdir(exist_ok=True)
        path = self.evidence / name
        path.write_bytes(record if isinstance(record, bytes) else to_json(record))
        return path

    async def register(self, code_hash: str) -> None:
        registered = StrategyRegistered("momentum", "1", code_hash, ("price",), b"{}", b"{}", START_NS)
        await self.bus.publish(topology.REGISTRY.name, registered)

    async def trade_on_paper(self, closed: int) -> None:
        held = Holdings((HeldAccount("momentum", Mode.PAPER, 0, (), (), closed),))
        await self.bus.put(topology.HOLDINGS_KEY, encode(held))

    async def ready(self) -> None:
        """Everything but evidence."""
        await self.register(CODE)
        await self.trade_on_paper(100)

    async def verdict(self) -> tuple[Mode, dict[str, str]]:
        """Take a turn; the mode in force, and the gates that are shut, with their reasons."""
        await self.control.turn()
        (strategy,) = json.loads((self.folder / "run" / "status.json").read_bytes())["strategies"]
        mode = (await self.bus.fold(topology.CONFIG.name))[-1].message.strategies[0].mode
        assert strategy["mode"] == mode
        return mode, {one["type"]: one["reason"] for one in strategy["conditions"] if one["status"] == "False"}


@pytest.fixture(scope="module")
def mainnet() -> Iterator[str]:
    with a_chain(MAINNET_GENESIS) as url:
        yield url


@pytest.fixture
def host(bus: RedisBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mainnet: str) -> Host:
    monkeypatch.setattr("memesnipe.control.service.LOOK_NS", 0)
    return Host(bus, tmp_path, mainnet)


async def test_a_strategy_goes_live_by_its_evidence_and_back_when_that_is_withdrawn(host: Host) -> None:
    await host.ready()
    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "NoEvidence"})
    assert await host.bus.get(LEASE) is None

    path = host.keep(a_record_for(SPEC, CODE))
    assert await host.verdict() == (Mode.LIVE, {})
    assert await host.bus.get(LEASE) is not None

    path.unlink()
    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "NoEvidence"})
    assert (await host.bus.get(LEASE), await host.bus.get(EXIT_LEASE) is not None) == (None, True)


async def test_other_code_under_the_same_spec_goes_back_to_paper(host: Host) -> None:
    await host.ready()
    host.keep(a_record_for(SPEC, CODE))
    assert (await host.verdict())[0] is Mode.LIVE

    await host.register(OTHER_CODE)

    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "EvidenceForOtherCode"})
    await host.register(CODE)
    assert (await host.verdict())[0] is Mode.LIVE


async def test_raised_demands_take_a_passed_record_back(host: Host) -> None:
    await host.ready()
    host.keep(a_record_for(SPEC, CODE))
    assert (await host.verdict())[0] is Mode.LIVE

    host.write(PORTFOLIO.replace("capitalSol: 20", "capitalSol: 20, promotion: {dsrMin: 0.98}"))

    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "EvidenceBelowThresholds"})


async def test_a_tampered_record_is_refused_once_and_never_a_crash(host: Host) -> None:
    await host.ready()
    errors = EVIDENCE_ERRORS._value.get()
    raw = to_json(a_record_for(SPEC, CODE, dsr=0.90))

    host.keep(raw.replace(b'"dsr":0.9,', b'"dsr":0.99,'))

    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "EvidenceDamaged"})
    assert (await host.verdict())[0] is Mode.PAPER
    assert EVIDENCE_ERRORS._value.get() == errors + 1


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b"\xff\xfe", b"[" * 60_000, b" " * (RECORD_BYTES_MAX + 1)])
async def test_a_file_that_is_no_record_is_in_nobodys_way(host: Host, raw: bytes) -> None:
    await host.ready()
    host.keep(raw, "aaa.evidence.json")
    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "EvidenceDamaged"})

    host.keep(a_record_for(SPEC, CODE))

    assert (await host.verdict())[0] is Mode.LIVE
    assert EVIDENCE_RECORDS._value.get() == 1


async def test_what_is_no_file_is_not_waited_for(host: Host) -> None:
    await host.ready()
    (host.evidence / "folder.evidence.json").mkdir(parents=True)
    os.mkfifo(host.evidence / "pipe.evidence.json")
    (host.evidence / "nowhere.evidence.json").symlink_to("nothing")

    async with asyncio.timeout(30):
        assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "EvidenceDamaged"})


async def test_a_record_that_is_exchanged_is_read_anew(host: Host) -> None:
    await host.ready()
    host.keep(a_record_for(SPEC, OTHER_CODE))
    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "EvidenceForOtherCode"})

    host.keep(a_record_for(SPEC, CODE))

    assert (await host.verdict())[0] is Mode.LIVE


async def test_a_record_of_another_strategy_is_not_spoken_of(host: Host) -> None:
    await host.ready()

    host.keep(a_record_for(SPEC, CODE, strategy="launch-sniper"))

    assert await host.verdict() == (Mode.PAPER, {"EvidencePassed": "NoEvidence"})


@pytest.mark.parametrize(
    ("gap", "reason"),
    [
        (msgspec.json.encode(Gap(pairs=20, in_band=20, median_bps=-500)), "GapOutOfBand"),
        (b"{", "GapUnknown"),
    ],
)
async def test_live_orders_that_bring_less_than_paper_send_it_back(host: Host, gap: bytes, reason: str) -> None:
    await host.ready()
    host.keep(a_record_for(SPEC, CODE))
    assert (await host.verdict())[0] is Mode.LIVE

    await host.bus.put(topology.PAPER_GAP_KEY.format(strategy="momentum"), gap)

    assert await host.verdict() == (Mode.PAPER, {"PaperProven": reason})


async def test_paper_trades_that_nobody_can_tell_count_as_none(host: Host) -> None:
    await host.ready()
    host.keep(a_record_for(SPEC, CODE))

    await host.bus.put(topology.HOLDINGS_KEY, b"nonsense")

    assert await host.verdict() == (Mode.PAPER, {"PaperProven": "PaperTradesUnknown"})


async def test_a_redis_that_lost_everything_neither_demotes_nor_brings_back(host: Host) -> None:
    await host.ready()
    host.keep(a_record_for(SPEC, CODE))
    gap = topology.PAPER_GAP_KEY.format(strategy="momentum")
    assert (await host.verdict())[0] is Mode.LIVE
    await host.bus.drop(topology.HOLDINGS_KEY)
    assert (await host.verdict())[0] is Mode.LIVE

    await host.bus.put(gap, msgspec.json.encode(Gap(pairs=20, in_band=0)))
    assert (await host.verdict())[0] is Mode.PAPER
    await host.bus.drop(gap)

    assert (await host.verdict())[0] is Mode.PAPER


async def test_counting_paper_trades_makes_no_new_configuration(host: Host) -> None:
    await host.ready()
    for closed in (1, 2, 3):
        await host.trade_on_paper(closed)
        await host.verdict()

    assert len(await host.bus.fold(topology.CONFIG.name)) == 1
