"""`memesnipe live-check` on real parts: a good host passes; each sabotage is named with its fix, and the exit code is 1.

A localnet, a signer process, a Valkey and a migrated ledger, as on a host whose services are started one by one.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from aiohttp import ClientSession, web

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus import topology
from memesnipe.bus.acl import service_rules
from memesnipe.bus.api import Bus
from memesnipe.kernel.clock import NS_PER_S, SystemClock
from memesnipe.kernel.ports import free_port
from memesnipe.ledger.engine import ledger_url
from memesnipe.ledger.migrate import migrate
from memesnipe.live_check.check import check
from memesnipe.live_check.finding import Reported, Status, exit_code
from memesnipe.live_check.gather import chain
from memesnipe.live_check.installation import Running
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.testing.builders import a_config, a_halt, a_strategy, limits
from memesnipe.testing.polling import answers, until
from memesnipe.testing.served import served

SECRET = "s3cretkey"
MANY = 30


class Clock(SystemClock):
    """The machine's clock, set wrong."""

    def __init__(self, ahead_s: int) -> None:
        self._ahead_ns = ahead_s * NS_PER_S

    def now_ns(self) -> int:
        return super().now_ns() + self._ahead_ns


class Host:
    """Keys, a wallet, a ledger and settings of one host; a test spoils one of them before it asks."""

    def __init__(self, folder: Path, redis_url: str, base: str, wallet: Wallet) -> None:
        self.folder, self.keys, self.wallet = folder, folder / "keys", wallet
        self.env = {
            "MEMESNIPE_DATA_DIR": str(folder),
            "MEMESNIPE_REDIS_URL": redis_url,
            "MEMESNIPE_RPC_URL": base,
            "MEMESNIPE_JUPITER_URL": base,
            "MEMESNIPE_JUPITER_API_KEY": SECRET,
            "MEMESNIPE_WS_URL": base.replace("http", "ws", 1),
            "MEMESNIPE_SIGNER_URL": f"http://127.0.0.1:{free_port()}",
            "MEMESNIPE_WALLET_FILE": str(folder / "wallet.json"),
            "MEMESNIPE_WALLET_PUBKEY": wallet.me,
            "PAPER_TRADING_MODE": "false",
        }

    def prepare(self) -> None:
        """Make what setup makes."""
        keys = {role: SigningKey.create(self.keys / f"{role}.key") for role in ("risk", "guard", "lease")}
        TrustedKeys.of(**{role: key.public_hex for role, key in keys.items()}).save(self.keys / "trusted.json")
        path = self.folder / "wallet.json"
        path.write_text(json.dumps(list(bytes(self.wallet.key))))
        path.chmod(0o600)
        migrate(ledger_url(str(self.folder)))

    @contextlib.asynccontextmanager
    async def signer(self) -> AsyncIterator[None]:
        """Run the signer."""
        env = os.environ | self.env | {"MEMESNIPE_SIGNER_PORT": self.env["MEMESNIPE_SIGNER_URL"].rpartition(":")[2]}
        with (self.folder / "signer.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "memesnipe.signer.service", env=env, stdout=log, stderr=log
            )
        try:
            await until(lambda: answers(self.env["MEMESNIPE_SIGNER_URL"] + "/pubkey"))
            yield
        finally:
            process.kill()
            await asyncio.wait_for(process.wait(), 60)

    async def found(self, *, ahead_s: int = 0, **settings: str) -> list[Reported]:
        """Return every finding; `settings` are variables without their prefix."""
        env = self.env | {f"MEMESNIPE_{name}": value for name, value in settings.items()}
        return await check(env, Running(False, {}), Clock(ahead_s))

    async def failing(self, *, ahead_s: int = 0, **settings: str) -> dict[str, Reported]:
        """Return what fails, by check."""
        found = await self.found(ahead_s=ahead_s, **settings)
        assert SECRET not in str(found)
        assert exit_code(found) == int(any(each.status is Status.FAIL for each in found))
        return {f"{each.area}: {each.check}": each for each in found if each.status is Status.FAIL}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A localnet with slots of 25 ms moves within a fraction of a second."""
    monkeypatch.setattr(chain, "BLOCKS_APART_S", 0.3)


@pytest.fixture
async def base() -> AsyncIterator[str]:
    async with running(LocalnetSettings(slot_ms=25)) as url:
        yield url


@pytest.fixture
async def wallet(base: str) -> AsyncIterator[Wallet]:
    async with ClientSession() as session:
        yield Wallet(session, base)


@pytest.fixture
async def host(tmp_path: Path, redis_url: str, base: str, wallet: Wallet) -> Host:
    host = Host(tmp_path, redis_url, base, wallet)
    host.prepare()
    return host


@pytest.fixture
async def funded(host: Host, wallet: Wallet, bus: Bus) -> AsyncIterator[Host]:
    """A host on which nothing is wrong: the wallet has money, a live strategy is applied, the signer runs."""
    await wallet.result("requestAirdrop", wallet.me, 20 * SOL)
    await until(lambda: has_money(wallet))
    genesis = await wallet.result("getGenesisHash")
    await bus.publish(topology.CONFIG.name, a_config(a_strategy(mode=Mode.LIVE), genesis=genesis))
    async with host.signer():
        yield host


async def has_money(wallet: Wallet) -> bool:
    return await wallet.balance() > 0


async def test_a_good_host_has_nothing_that_fails(funded: Host) -> None:
    found = await funded.found()

    assert [each for each in found if each.status in (Status.FAIL, Status.WARN)] == []
    assert {f"{each.area}: {each.check}" for each in found if each.status is Status.UNSEEN} == {"mode: gates"}


async def test_nothing_is_written(funded: Host) -> None:
    with redis.Redis.from_url(funded.env["MEMESNIPE_REDIS_URL"]) as server:
        before = everything(funded, server)

        await funded.found()

        assert everything(funded, server) == before


def everything(host: Host, server: redis.Redis) -> tuple[Any, ...]:
    """Contents and times of the files, those apart that SQLite makes for a reader's lock, and what Redis counts as changes."""
    files = [path for path in host.folder.rglob("*") if path.is_file() and path.suffix not in (".log", ".db-shm", ".db-wal")]
    kept = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    return kept, sorted(server.keys()), server.info("persistence")["rdb_changes_since_last_save"]


async def test_the_command_says_the_same_in_json_and_by_its_exit_code(funded: Host) -> None:
    (funded.keys / "risk.key").chmod(0o644)

    code, output, errors = await command(funded, "--output", "json")

    told = json.loads(output)
    wrong = [each for each in told["findings"] if each["status"] == "fail"]
    assert (code, told["ready"], [each["check"] for each in wrong]) == (1, False, ["role keys"]), errors
    assert wrong[0]["fix"].startswith(f"chmod 600 {funded.keys / 'risk.key'}")


async def test_the_command_ends_with_0_where_all_is_well_and_shows_no_escape_sequences_to_a_file(funded: Host) -> None:
    code, output, errors = await command(funded)

    assert (code, "\x1b" in output, "0 fail" in output) == (0, False, True), output + errors


async def test_a_wrong_option_is_a_mistake_in_usage(host: Host) -> None:
    assert (await command(host, "--output", "xml"))[0] == 2


async def command(host: Host, *arguments: str) -> tuple[int | None, str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "memesnipe", "live-check", *arguments,
        env=kept | host.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, output.decode(), errors.decode()


async def test_a_key_that_others_can_read_is_found(funded: Host) -> None:
    (funded.folder / "wallet.json").chmod(0o640)

    failing = await funded.failing()

    assert list(failing) == ["keys: wallet file"]
    assert failing["keys: wallet file"].fix.startswith(f"chmod 600 {funded.folder / 'wallet.json'}")


async def test_a_wallet_whose_halves_do_not_belong_together_is_found_and_not_shown(funded: Host) -> None:
    keypair = list(bytes(funded.wallet.key))
    (funded.folder / "wallet.json").write_text(json.dumps([*keypair[:63], keypair[63] ^ 1]))

    failing = await funded.failing()

    assert "does not belong" in failing["keys: wallet file"].found
    assert str(keypair[0:3]).strip("[]") not in str(failing)


async def test_another_chain_than_the_signers_is_found(funded: Host) -> None:
    failing = await funded.failing(GENESIS="5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")

    assert list(failing) == ["endpoints: chain"]
    assert "mainnet" in failing["endpoints: chain"].found
    assert "MEMESNIPE_GENESIS" in failing["endpoints: chain"].fix


async def test_a_dead_endpoint_is_found_and_its_key_is_not_shown(funded: Host) -> None:
    failing = await funded.failing(RPC_URL=f"http://127.0.0.1:{free_port()}/?api-key={SECRET}", HELIUS_API_KEY=SECRET)

    assert list(failing) == ["endpoints: rpc"]
    assert "MEMESNIPE_RPC_URL" in failing["endpoints: rpc"].fix


@pytest.mark.parametrize("ahead_s", [5, -5])
async def test_a_wrong_clock_is_found(ahead_s: int, funded: Host) -> None:
    failing = await funded.failing(ahead_s=ahead_s)

    assert list(failing) == ["clock: skew"]
    assert "timedatectl" in failing["clock: skew"].fix


async def test_an_empty_wallet_is_found(host: Host, wallet: Wallet, bus: Bus) -> None:
    genesis = await wallet.result("getGenesisHash")
    await bus.publish(topology.CONFIG.name, a_config(a_strategy(mode=Mode.LIVE), genesis=genesis))
    async with host.signer():
        failing = await host.failing()

    assert list(failing) == ["balances: sol"]
    assert "send SOL" in failing["balances: sol"].fix


async def test_limits_that_contradict_each_other_are_found(funded: Host, bus: Bus, wallet: Wallet) -> None:
    genesis = await wallet.result("getGenesisHash")
    odd = limits(trade_size_lamports_max=3 * SOL)
    await bus.publish(topology.CONFIG.name, a_config(a_strategy(mode=Mode.LIVE), genesis=genesis, limits=odd, version=2))

    failing = await funded.failing(SIZE_LAMPORTS_MAX=str(2 * SOL))

    assert set(failing) == {"limits: policy", "limits: trade size"}
    assert "guardTradeSizeSolMax" in failing["limits: trade size"].fix


async def test_a_role_that_is_not_pinned_is_found(funded: Host) -> None:
    path = funded.keys / "trusted.json"
    path.write_text(json.dumps({role: key for role, key in json.loads(path.read_text()).items() if role != "lease"}))

    failing = await funded.failing()

    assert list(failing) == ["keys: role keys"]
    assert "must name exactly risk, guard and lease" in failing["keys: role keys"].found


async def test_a_key_that_jupiter_refuses_is_found(funded: Host) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"code": 401, "message": "Unauthorized"}, status=401)

    async with serving(refuse) as url:
        failing = await funded.failing(JUPITER_URL=url)

    assert list(failing) == ["endpoints: jupiter build"]
    assert "MEMESNIPE_JUPITER_API_KEY" in failing["endpoints: jupiter build"].fix


async def test_a_host_that_says_it_is_asked_too_often_is_found(funded: Host, wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"too_many_requests": MANY})

    failing = await funded.failing()

    assert "MEMESNIPE_RPC_PER_S" in failing["endpoints: rate limits"].fix


async def test_a_chain_that_stands_still_is_found(funded: Host) -> None:
    async with running(LocalnetSettings(slot_ms=0)) as still:
        failing = await funded.failing(RPC_URL=still)

    assert "another RPC host" in failing["endpoints: blocks"].fix


async def test_a_signer_of_another_wallet_is_found(funded: Host) -> None:
    failing = await funded.failing(WALLET_PUBKEY="7dHbWXmci3dT8UFYWYZweBLXgycu7Y3iL6trKn1Y7ARj")

    assert {"keys: signer", "keys: wallet file"} <= set(failing)


async def test_a_halt_is_found(funded: Host, bus: Bus) -> None:
    await bus.publish(topology.KILL_SWITCH.name, a_halt(HaltState.FROZEN))

    failing = await funded.failing()

    assert list(failing) == ["mode: halts"]
    assert "frozen" in failing["mode: halts"].found


async def test_an_audit_chain_that_somebody_changed_is_found(funded: Host) -> None:
    with contextlib.closing(sqlite3.connect(funded.folder / "signer.db")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(signatures)")]
        blobs = [b"x" if name.endswith(("digest", "signature", "hash")) and name != "policy_hash" else 1 for name in columns]
        database.execute(f"INSERT INTO signatures VALUES ({', '.join('?' * len(columns))})", blobs)
        database.commit()

    failing = await funded.failing()

    assert list(failing) == ["stores: audit"]
    assert "kill --freeze" in failing["stores: audit"].fix


async def test_a_redis_that_evicts_is_found(funded: Host) -> None:
    with redis.Redis.from_url(funded.env["MEMESNIPE_REDIS_URL"]) as server:
        server.config_set("maxmemory-policy", "allkeys-lru")
        try:
            failing = await funded.failing()
        finally:
            server.config_set("maxmemory-policy", "noeviction")

    assert "noeviction" in failing["stores: redis keeps"].fix


@pytest.mark.parametrize(
    ("service", "sees", "does_not_see"),
    [
        ("wallet_guard", {"stores: redis", "mode: halts", "limits: policy"}, {"stores: redis keeps"}),
        ("position_manager", {"stores: redis", "mode: halts", "limits: policy"}, {"stores: redis keeps"}),
        ("data_consumers", {"stores: redis", "limits: policy"}, {"mode: halts", "stores: redis keeps"}),
    ],
)
async def test_a_services_own_redis_user_sees_its_part_and_says_what_it_does_not_see(
    service: str, sees: set[str], does_not_see: set[str], funded: Host
) -> None:
    url = funded.env["MEMESNIPE_REDIS_URL"]
    with redis.Redis.from_url(url) as server:
        server.execute_command("ACL", "SETUSER", service, "reset", "on", ">pw", *service_rules(service))
        try:
            found = await funded.found(REDIS_URL=url.replace("redis://", f"redis://{service}:pw@"))
        finally:
            server.execute_command("ACL", "DELUSER", service)

    status = {f"{each.area}: {each.check}": each.status for each in found}
    assert {check for check in sees if status[check] is Status.OK} == sees
    assert {check for check in does_not_see if status[check] is Status.UNSEEN} == does_not_see


async def test_a_wrong_setting_is_named_and_nothing_else_is_claimed(host: Host) -> None:
    found = await host.found(POLL_MS="soon")

    assert [(each.check, each.status) for each in found] == [("environment", Status.FAIL)]
    assert "MEMESNIPE_POLL_MS" in found[0].found


@contextlib.asynccontextmanager
async def serving(handler: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with served(app) as url:
        yield url
