"""The door between wallet_guard and signer under TLS: who gets in, who does not, and what a renewal does to both."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop
from prometheus_client import REGISTRY

from memesnipe.approvals import certificates
from memesnipe.approvals.certificates import GUARD_NAME, Files, Following
from memesnipe.guard.signer_client import SignerClient
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.signer import server
from memesnipe.signer.server import Answer, Serving, serve
from memesnipe.testing.polling import until
from memesnipe.testing.swaps import World
from memesnipe_operator.setup.certificates import CLIENT, SERVER, Authority, Leaf

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=1_000)
WALLET = "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1"
"""What the door of these tests answers to everybody whom it lets in."""


def written(folder: Path, ca: bytes, leaf: Leaf) -> Files:
    folder.mkdir(exist_ok=True)
    for name, pem in (("ca.crt", ca), ("tls.crt", leaf.certificate), ("tls.key", leaf.key)):
        draft = folder / f".{name}"
        draft.write_bytes(pem)
        draft.chmod(0o600)
        draft.replace(folder / name)
    return Files(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")


class Pair:
    """What setup gives to both ends; a test replaces one part of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority = folder, Authority(NOW)
        self.signer = written(folder / "signer", self.authority.certificate, self.authority.leaf(("localhost",), SERVER))
        self.guard = self.knocking(self.authority.leaf((GUARD_NAME,), CLIENT))

    def knocking(self, leaf: Leaf) -> Files:
        """Whoever knocks with this certificate, believing the right CA."""
        return written(self.folder / "guard", self.authority.certificate, leaf)


class Door:
    """A door of the signer's kind that notes what it was asked."""

    def __init__(self, serving: Serving, asked: list[str]) -> None:
        self.asked, self.port = asked, serving.port
        self.url = f"https://localhost:{serving.port}"

    async def ask(self, files: Files | None) -> str:
        client = SignerClient.at(self.url, files, timeout_s=5.0)
        try:
            return await client.wallet()
        finally:
            await client.close()


async def opened(files: Files) -> tuple[Serving, list[str]]:
    asked: list[str] = []

    def answer(method: str, path: str, body: bytes) -> Answer:
        asked.append(path)
        return Answer(200, WALLET.encode(), b"text/plain")

    return await serve(answer, "localhost", 0, Following(files, certificates.server)), asked


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@pytest.fixture
async def door(pair: Pair) -> AsyncIterator[Door]:
    serving, asked = await opened(pair.signer)
    yield Door(serving, asked)
    await serving.close()


async def refused(door: Door, files: Files | None) -> bool:
    with pytest.raises(Unavailable):
        await door.ask(files)
    return door.asked == []


async def test_the_guard_gets_in(door: Door, pair: Pair) -> None:
    assert await door.ask(pair.guard) == WALLET


async def test_each_end_shows_when_the_others_certificate_ends(door: Door, pair: Pair) -> None:
    await door.ask(pair.guard)

    ends_s = [
        REGISTRY.get_sample_value(f"memesnipe_{name}_certificate_expires_timestamp_seconds") for name in ("guard_signer", "signer_guard")
    ]
    assert ends_s == [int((NOW + timedelta(days=825)).timestamp())] * 2


async def test_whoever_shows_no_certificate_is_not_heard(door: Door, pair: Pair) -> None:
    context = ssl.create_default_context(cafile=str(pair.guard.ca))

    assert await unheard(door, context)


async def test_a_certificate_of_another_ca_is_refused(door: Door, pair: Pair) -> None:
    assert await refused(door, pair.knocking(Authority(NOW).leaf((GUARD_NAME,), CLIENT)))


@pytest.mark.parametrize("name", ["dashboard", "wallet-guard.evil", "not-wallet-guard", "WALLET-GUARD"])
async def test_another_name_of_the_right_ca_is_refused_before_its_request_is_read(name: str, door: Door, pair: Pair) -> None:
    assert await refused(door, pair.knocking(pair.authority.leaf((name,), CLIENT)))


async def test_the_signers_own_certificate_opens_no_door(door: Door, pair: Pair) -> None:
    assert await refused(door, pair.knocking(pair.authority.leaf((GUARD_NAME,), SERVER)))


async def test_an_expired_certificate_is_refused(door: Door, pair: Pair) -> None:
    old = Authority(LONG_AGO)
    written(pair.signer.ca.parent, old.certificate, pair.authority.leaf(("localhost",), SERVER))

    assert await refused(door, pair.knocking(old.leaf((GUARD_NAME,), CLIENT)))


async def test_an_older_tls_is_refused(door: Door, pair: Pair) -> None:
    context = certificates.client(pair.guard)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2

    assert await unheard(door, context)


async def test_plain_http_is_refused(door: Door) -> None:
    assert await unheard(door, None)


async def unheard(door: Door, context: ssl.SSLContext | None) -> bool:
    """Ask without the client's own checks; True when nothing came back and nothing was asked."""
    try:
        reader, writer = await asyncio.open_connection("localhost", door.port, ssl=context)
        writer.write(b"GET /pubkey HTTP/1.1\r\nhost: localhost\r\n\r\n")
        said = await asyncio.wait_for(reader.read(1_024), 10.0)
        writer.close()
    except (ssl.SSLError, ConnectionError):
        said = b""
    return WALLET.encode() not in said and door.asked == []


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_both_event_loops_hold_the_same_door(loop: Callable[[], asyncio.AbstractEventLoop], pair: Pair) -> None:
    async def visits() -> tuple[str, bool]:
        serving, asked = await opened(pair.signer)
        door = Door(serving, asked)
        stranger = await refused(door, pair.knocking(pair.authority.leaf(("dashboard",), CLIENT)))
        answer = await door.ask(pair.knocking(pair.authority.leaf((GUARD_NAME,), CLIENT)))
        await serving.close()
        return answer, stranger

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(visits()) == (WALLET, True)


async def test_the_guard_refuses_a_signer_of_another_name(pair: Pair) -> None:
    written(pair.signer.ca.parent, pair.authority.certificate, pair.authority.leaf(("memesnipe-signer.elsewhere.svc",), SERVER))
    serving, asked = await opened(pair.signer)

    assert await refused(Door(serving, asked), pair.guard)
    await serving.close()


async def test_the_guard_refuses_a_signer_of_another_ca(pair: Pair) -> None:
    written(pair.signer.ca.parent, pair.authority.certificate, Authority(NOW).leaf(("localhost",), SERVER))
    serving, asked = await opened(pair.signer)

    assert await refused(Door(serving, asked), pair.guard)
    await serving.close()


async def test_the_guard_refuses_a_signer_whose_certificate_expired(pair: Pair) -> None:
    old = Authority(LONG_AGO)
    written(pair.signer.ca.parent, pair.authority.certificate, old.leaf(("localhost",), SERVER))
    guard = written(pair.folder / "guard", old.certificate, pair.authority.leaf((GUARD_NAME,), CLIENT))
    serving, asked = await opened(pair.signer)

    assert await refused(Door(serving, asked), guard)
    await serving.close()


async def test_who_says_nothing_is_shown_out(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_S_MAX", 0.1)
    serving, _ = await opened(pair.signer)

    reader, _writer = await asyncio.open_connection("localhost", serving.port)

    assert await ended(reader)
    await serving.close()


async def test_unfinished_handshakes_count_as_connections_and_the_guard_gets_in_when_they_are_gone(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 2)
    serving, asked = await opened(pair.signer)
    door = Door(serving, asked)
    silent = [await asyncio.open_connection("localhost", door.port) for _ in range(2)]

    reader, _writer = await asyncio.open_connection("localhost", door.port)

    assert await ended(reader)
    for _, writer in silent:
        writer.close()
    await until(lambda: answers(door, pair.guard))
    await serving.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 60.0) == b""
    except ConnectionError:
        return True


async def answers(door: Door, files: Files) -> bool:
    try:
        return await door.ask(files) == WALLET
    except Unavailable:
        return False


async def test_a_renewal_needs_no_restart_and_neither_end_ever_refuses_the_other(door: Door, pair: Pair) -> None:
    """In the order in which setup writes: the new CA to both ends, then one certificate, then the other."""
    client, new = SignerClient.at(door.url, pair.guard), Authority(NOW)
    both = pair.authority.certificate + new.certificate
    old = {files: Leaf(files.certificate.read_bytes(), files.key.read_bytes()) for files in (pair.signer, pair.guard)}
    signer, guard = new.leaf(("localhost",), SERVER), new.leaf((GUARD_NAME,), CLIENT)
    states = [(old[pair.signer], old[pair.guard]), (signer, old[pair.guard]), (signer, guard)]

    for at_signer, at_guard in states:
        written(pair.signer.ca.parent, both, at_signer)
        written(pair.guard.ca.parent, both, at_guard)
        assert await client.wallet() == WALLET

    await client.close()
    written(pair.signer.ca.parent, new.certificate, signer)
    assert await refused_now(door, pair.knocking(old[pair.guard]))


async def refused_now(door: Door, files: Files) -> bool:
    door.asked.clear()
    return await refused(door, files)


@pytest.mark.parametrize("end", ["signer", "guard"])
async def test_files_that_cannot_be_read_leave_the_last_good_ones_in_use(end: str, door: Door, pair: Pair) -> None:
    client = SignerClient.at(door.url, pair.guard)
    await client.wallet()

    (pair.folder / end / "tls.crt").write_text("half a certif")
    answered = await client.wallet()

    assert answered == WALLET
    await client.close()


@pytest.mark.parametrize("part", ["ca.crt", "tls.crt", "tls.key"])
@pytest.mark.parametrize("make", [certificates.server, certificates.client])
def test_a_broken_file_at_start_is_an_error_that_names_it_and_shows_nothing_of_it(
    part: str, make: Callable[[Files], ssl.SSLContext], pair: Pair
) -> None:
    (pair.folder / "guard" / part).write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")

    with pytest.raises(ConfigError) as raised:
        make(pair.guard)

    assert str(pair.folder / "guard") in str(raised.value)
    assert "c2Vj" not in str(raised.value)


def test_a_key_that_others_can_read_is_refused(pair: Pair) -> None:
    pair.signer.key.chmod(0o644)

    with pytest.raises(ConfigError, match=r"tls\.key: open to everyone"):
        certificates.server(pair.signer)


@pytest.fixture
def signer_process(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(world: World, **settings: str) -> "subprocess.Popen[bytes]":
        env = {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_")} | {"PAPER_TRADING_MODE": "false"}
        common = {"WALLET_FILE": str(world.write(tmp_path)), "DATA_DIR": str(tmp_path), "SIGNER_PORT": "0"}
        env |= {f"MEMESNIPE_{name}": value for name, value in (common | settings).items()}
        with (tmp_path / "log").open("w") as log:
            started.append(subprocess.Popen([sys.executable, "-m", "memesnipe.signer.service"], stderr=log, env=env))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGKILL)
        process.wait(60)


async def test_the_signer_signs_for_the_guard_under_tls(signer_process: Any, pair: Pair, tmp_path: Path) -> None:
    world, files = World.make(), pair.signer
    signer_process(
        world, SIGNER_HOST="0.0.0.0", TLS_CERT_FILE=str(files.certificate), TLS_KEY_FILE=str(files.key), TLS_CLIENT_CA_FILE=str(files.ca)
    )
    client = SignerClient.at(f"https://localhost:{await port_in(tmp_path / 'log')}", pair.guard)
    now_ns = time.time_ns()
    request = world.a_request(now_ns=now_ns, lease=world.a_lease(issued_ns=now_ns, expires_ns=now_ns + 60 * NS_PER_S))

    signed = await client.sign(request)

    assert signed.intent_id == request.intent.id
    assert await client.wallet() == str(world.wallet)
    await client.close()


def test_the_signer_does_not_start_on_an_open_address_without_tls(signer_process: Any, tmp_path: Path) -> None:
    process = signer_process(World.make(), SIGNER_HOST="0.0.0.0")

    assert process.wait(60) == 78
    assert "is not loopback and needs TLS" in (tmp_path / "log").read_text()


async def port_in(log: Path) -> int:
    found: list[int] = []

    async def listening() -> bool:
        found.extend(int(msgspec.json.decode(line)["port"]) for line in log.read_text().splitlines() if '"listening"' in line)
        return bool(found)

    await until(listening)
    return found[0]
