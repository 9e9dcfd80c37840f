"""The signer as a process: crashes, a second signer, a full disk, the wrong door, and what it loads."""

import http.client
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages import codec
from memesnipe.messages.signing import SignedTransaction, SwapTransaction
from memesnipe.signer import audit
from memesnipe.testing import swaps
from memesnipe.testing.builders import an_intent
from memesnipe.testing.swaps import World

START_S_MAX = 60.0


class Process:
    """A running signer and a way to talk to it."""

    def __init__(self, data_dir: Path, world: World, **env: str) -> None:
        self.log = data_dir / f"signer{len(list(data_dir.glob('*.log')))}.log"
        self._log = self.log.open("w")
        wallet_file = data_dir / "wallet.json"
        if not wallet_file.exists():
            world.write(data_dir)
        settings = {"MEMESNIPE_WALLET_FILE": str(wallet_file), "MEMESNIPE_DATA_DIR": str(data_dir), "MEMESNIPE_SIGNER_PORT": "0"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_")}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "memesnipe.signer.service"],
            stderr=self._log,
            env={**clean, **settings, "PAPER_TRADING_MODE": "false", **env},
        )

    def port(self) -> int:
        """Wait until it listens and return the port."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline and self.popen.poll() is None:
            for line in self.log.read_text().splitlines():
                if '"listening"' in line:
                    return int(msgspec.json.decode(line)["port"])
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=20)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def sign(self, request: SwapTransaction) -> SignedTransaction:
        status, body = self.ask("POST", "/sign", codec.encode(request))
        assert status == 200, (status, body)
        return codec.decode(SignedTransaction, body)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        code = self.popen.wait(60)
        self._log.close()
        return code


Start = Callable[..., Process]


@pytest.fixture
def world() -> World:
    return World.make()


@pytest.fixture
def start(world: World, tmp_path: Path) -> Iterator[Start]:
    started: list[Process] = []

    def run(**env: str) -> Process:
        started.append(Process(tmp_path, world, **env))
        return started[-1]

    yield run
    for process in started:
        if process.popen.poll() is None:
            process.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One signer for the tests that only knock."""
    process = Process(Path(tmp_path_factory.mktemp("door")), World.make())
    yield process
    process.stop()


def a_live_request(world: World, **changes: Any) -> SwapTransaction:
    """One that outlives two starts of a signer on a busy machine."""
    now_ns, life = time.time_ns(), {"ttl_ns": 300 * NS_PER_S}
    lease = world.a_lease(issued_ns=now_ns, expires_ns=now_ns + 300 * NS_PER_S)
    return world.a_request(**{"now_ns": now_ns, "lease": lease, "risk": life, "guard": life, **changes})


def test_a_request_is_signed_over_http_and_sigterm_ends_it_cleanly(start: Start, world: World, tmp_path: Path) -> None:
    signer = start()

    signed = signer.sign(a_live_request(world))

    assert signer.ask("GET", "/pubkey") == (200, str(world.wallet).encode())
    assert signed.attempt == 1
    assert signer.stop() == 0
    assert audit.verify(tmp_path / "signer.db") == 1


@pytest.mark.parametrize("point", ["signer.before_persist", "signer.after_persist", "signer.before_answer"])
def test_a_signer_killed_at_a_durable_step_gives_the_same_bytes_after_it_and_spends_once(
    point: str, start: Start, world: World, tmp_path: Path
) -> None:
    request = a_live_request(world)
    dying = start(MEMESNIPE_FAILPOINT=point)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        dying.ask("POST", "/sign", codec.encode(request))
    assert dying.popen.wait(60) == -signal.SIGKILL
    kept = sqlite3.connect(tmp_path / "signer.db").execute("SELECT signature FROM signatures").fetchall()

    again = start()
    signed = [again.sign(request) for _ in range(2)]

    assert len(kept) == (0 if point == "signer.before_persist" else 1)
    assert signed[0] == signed[1]
    assert not kept or signed[0].transaction[1:65] == kept[0][0]
    assert sqlite3.connect(tmp_path / "signer.db").execute("SELECT count(*), sum(spend_lamports) > 0 FROM signatures").fetchone() == (1, 1)
    assert audit.verify(tmp_path / "signer.db") == 1


def test_a_second_signer_on_the_same_store_does_not_start(start: Start, world: World) -> None:
    first = start()
    first.port()

    second = start()
    code = second.popen.wait(60)

    assert code != 0
    assert "another signer holds" in second.log.read_text()
    assert first.ask("GET", "/pubkey")[0] == 200


def test_a_store_that_cannot_be_written_means_no_signature(start: Start, world: World, tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands for a full disk: writes beyond it fail, reads go on. The first signature took the log past it."""
    signer = start()
    signer.sign(a_live_request(world))
    resource.prlimit(signer.popen.pid, resource.RLIMIT_FSIZE, (3_000, resource.RLIM_INFINITY))

    status, body = signer.ask("POST", "/sign", codec.encode(a_live_request(world)))

    assert status == 503, body
    assert audit.verify(tmp_path / "signer.db") == 1
    resource.prlimit(signer.popen.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert signer.sign(a_live_request(world)).signature
    assert audit.verify(tmp_path / "signer.db") == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("GET", "/sign", b"", 404),
        ("POST", "/pubkey", b"", 404),
        ("POST", "/sign", b"", 400),
        ("POST", "/sign", b"\xc1", 400),
        ("POST", "/sign", b"\x93" * 60_000, 400),
        ("POST", "/sign", b"\x00" * 300_000, 413),
    ],
)
def test_whatever_is_no_request_is_answered_and_the_door_stays_open(
    method: str, path: str, body: bytes, status: int, door: Process
) -> None:
    answered = door.ask(method, path, body)[0]

    assert answered == status
    assert door.ask("GET", "/pubkey")[0] == 200


def test_a_refusal_names_its_code_and_what_a_person_can_do(start: Start, world: World) -> None:
    status, body = start().ask("POST", "/sign", codec.encode(a_live_request(world, lease=b"")))

    assert (status, msgspec.msgpack.decode(body)) == (403, {"code": "lease_missing", "detail": "the request carries no lease"})


def test_a_paper_deployment_starts_and_signs_nothing(start: Start, world: World) -> None:
    status, body = start(PAPER_TRADING_MODE="true").ask("POST", "/sign", codec.encode(a_live_request(world)))

    assert (status, msgspec.msgpack.decode(body)["code"]) == (403, "mode_mismatch")


@pytest.mark.parametrize("content", ["", "[]", "[1,2,3]", "[" + "256," * 63 + "1]", "[" + "1," * 63 + "1]", "not a key"])
def test_a_broken_wallet_file_is_a_config_error_that_shows_nothing_of_it(content: str, start: Start, world: World, tmp_path: Path) -> None:
    world.write(tmp_path).write_text(content)

    signer = start()

    assert signer.popen.wait(60) == 78
    assert "wallet" in signer.log.read_text()
    assert content[:20] not in signer.log.read_text() or content in ("", "[]")


def test_a_wallet_file_open_to_others_is_refused(start: Start, world: World, tmp_path: Path) -> None:
    world.write(tmp_path).chmod(0o644)

    signer = start()

    assert signer.popen.wait(60) == 78
    assert "chmod 600" in signer.log.read_text()


def test_the_key_is_in_no_log(start: Start, world: World) -> None:
    signer = start(MEMESNIPE_LOG_LEVEL="DEBUG")
    signer.sign(a_live_request(world))
    signer.ask("POST", "/sign", codec.encode(a_live_request(world, lease=b"")))
    signer.stop()

    log, secret = signer.log.read_text(), bytes(world.keypair)

    assert str(world.wallet) in log
    assert all(text not in log for text in (secret.hex(), secret[:32].hex(), str(world.keypair), world.keypair.to_json()[1:40]))


def test_loading_the_signer_loads_no_other_stage_and_nothing_heavy() -> None:
    code = "import sys, memesnipe.signer.service; print('\\n'.join(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    ours = {name.split(".")[1] for name in loaded if name.startswith("memesnipe.")}
    assert ours == {"approvals", "chain", "kernel", "messages", "signer"}
    heavy = {"pydantic", "redis", "httpx", "aiohttp", "sqlalchemy", "pyarrow", "numpy", "flask", "websockets", "typer", "yaml", "solana"}
    assert heavy.isdisjoint({name.split(".")[0] for name in loaded})


def three_signatures(start: Start, world: World, tmp_path: Path) -> sqlite3.Connection:
    signer = start()
    for intent in (an_intent(), an_intent(), an_intent()):
        signer.sign(a_live_request(world, intent=intent, parts=swaps.a_swap(intent, world.wallet)))
    signer.stop()
    assert audit.verify(tmp_path / "signer.db") == 3
    return sqlite3.connect(tmp_path / "signer.db", isolation_level=None)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE signatures SET spend_lamports = 0 WHERE seq = 2",
        "UPDATE signatures SET signature = zeroblob(64) WHERE seq = 1",
        "UPDATE signatures SET intent_id = 'other' WHERE seq = 3",
        "UPDATE signatures SET hash = zeroblob(32) WHERE seq = 3",
        "DELETE FROM signatures WHERE seq = 1",
        "DELETE FROM signatures WHERE seq = 2",
        "UPDATE signatures SET seq = 9 WHERE seq = 3",
    ],
)
def test_a_changed_audit_line_is_found(tampering: str, start: Start, world: World, tmp_path: Path) -> None:
    three_signatures(start, world, tmp_path).execute(tampering)

    with pytest.raises(audit.AuditBroken):
        audit.verify(tmp_path / "signer.db")


def test_a_missing_store_is_no_valid_audit(tmp_path: Path) -> None:
    with pytest.raises(audit.AuditBroken):
        audit.verify(tmp_path / "signer.db")
