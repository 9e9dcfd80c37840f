"""The signer as a process that fails in every way we know: the key is in nothing that it wrote, said or shows."""

import contextlib
import http.client
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from solders.keypair import Keypair

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.ports import free_port
from memesnipe.messages import codec
from memesnipe.messages.signing import JitoChallenge, SwapTransaction
from memesnipe.testing import swaps
from memesnipe.testing.builders import an_exit, an_intent
from memesnipe.testing.secrets import secrets_in
from memesnipe.testing.swaps import World
from memesnipe.testing.vault import TOKEN, FakeVault, a_vault

START_S_MAX = 60.0
GET_DUMPABLE = 3
"""prctl(2)."""


class Watched:
    """A signer, and every byte that it ever gave to anybody."""

    def __init__(self, folder: Path, world: World, **settings: str) -> None:
        self.folder, self.world, self.said = folder, world, bytearray()
        self.seed, self.jito = bytes(world.keypair)[:32], Keypair()
        world.write(folder)
        self.health = free_port()
        (folder / "jito.json").touch(mode=0o600)
        (folder / "jito.json").write_text(self.jito.to_json())
        given = {
            "WALLET_FILE": str(folder / "wallet.json"), "JITO_AUTH_FILE": str(folder / "jito.json"), "DATA_DIR": str(folder),
            "SIGNER_PORT": "0", "HEALTH_PORT": str(self.health), "LOG_LEVEL": "DEBUG",
        }  # fmt: skip
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_")}
        self._env |= {f"MEMESNIPE_{name}": value for name, value in (given | settings).items()} | {"PAPER_TRADING_MODE": "false"}
        self.start()

    def start(self, **more: str) -> None:
        with (self.folder / "signer.log").open("ab") as log:
            command = [sys.executable, "-X", "faulthandler", "-m", "memesnipe", "signer"]
            env = self._env | {f"MEMESNIPE_{name}": value for name, value in more.items()}
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=env, cwd=self.folder)

    def port(self) -> int:
        """Wait until this process listens; return its port."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            starts = (self.folder / "signer.log").read_text(errors="replace").split('"event":"started"')
            found = [line for line in starts[-1].splitlines() if '"listening"' in line]
            if found and len(starts) == self.starts + 1:
                return int(msgspec.json.decode(found[-1][found[-1].index("{") :])["port"])
            time.sleep(0.02)
        raise AssertionError((self.folder / "signer.log").read_text())

    starts = 1

    def ask(self, method: str, path: str, body: bytes = b"", port: int = 0) -> int:
        """Ask, keep whatever comes back; return the status, 0 when it hung up."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port(), timeout=20)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            self.said += str(response.headers).encode() + response.read()
        except (http.client.HTTPException, ConnectionError):
            return 0
        else:
            return response.status
        finally:
            connection.close()

    def sign(self, request: SwapTransaction) -> int:
        return self.ask("POST", "/sign", codec.encode(request))

    def shown(self) -> bytes:
        """Return what the system shows of it: environment, command line, memory map, open files. Root alone is shown all of it."""
        folder, found = Path(f"/proc/{self.process.pid}"), bytearray()
        for name in ("environ", "cmdline", "maps", "status", "limits"):
            with contextlib.suppress(PermissionError):
                found += (folder / name).read_bytes()
        with contextlib.suppress(PermissionError):
            for one in (folder / "fd").iterdir():
                with contextlib.suppress(FileNotFoundError):  # a connection that was closed while they were listed
                    found += str(one.readlink()).encode() + b"\n"
        return bytes(found)

    def written(self) -> bytes:
        """Return every file beside the key files, logs and databases among them."""
        keys = {"wallet.json", "jito.json"}
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file() and path.name not in keys)

    def memory(self) -> bytes:
        """Return all of its memory that can be read. Skips the test where that is not allowed."""
        found = bytearray()
        try:
            with Path(f"/proc/{self.process.pid}/mem").open("rb", buffering=0) as memory:
                for line in Path(f"/proc/{self.process.pid}/maps").read_text().splitlines():
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    if "r" in line.split()[1] and "[v" not in line:
                        memory.seek(start)
                        found += memory.read(end - start) + b"|"
        except PermissionError:
            pytest.skip("reading another process's memory is not allowed here")
        return bytes(found)

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.wait(60)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    signer = Watched(tmp_path, World.make())
    yield signer
    if signer.process.poll() is None:
        signer.kill()


def a_request(world: World, **changes: object) -> SwapTransaction:
    now_ns, life = time.time_ns(), {"ttl_ns": 300 * NS_PER_S}  # longer than a busy machine takes to start a signer
    lease = world.a_lease(issued_ns=now_ns, expires_ns=now_ns + 300 * NS_PER_S)
    given: dict[str, object] = {"now_ns": now_ns, "lease": lease, "risk": life, "guard": life, **changes}
    return world.a_request(**given)  # type: ignore[arg-type]  # as the test wants it


def no_lease(one: Watched) -> int:
    return one.sign(a_request(one.world, lease=b""))


def replayed(one: Watched) -> int:
    intent = an_intent()
    one.sign(a_request(one.world, intent=intent))
    other = swaps.compiled(swaps.a_swap(intent, one.world.wallet), one.world.wallet, blockhash=2)
    return one.sign(a_request(one.world, intent=intent, message=other))


def full_disk(one: Watched) -> int:
    """The limit stands for it: the store is past it after a few signatures, the signer's log, which is shorter, is not."""
    for _ in range(4):
        one.sign(a_request(one.world))
    limit = (one.folder / "signer.log").stat().st_size + 4_000
    resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        return one.sign(a_request(one.world))
    finally:
        resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


FAILURES: dict[str, tuple[Callable[[Watched], int], tuple[int, ...]]] = {
    "a signature": (lambda one: one.sign(a_request(one.world)), (200,)),
    "an exit": (lambda one: one.sign(a_request(one.world, intent=an_exit())), (200,)),
    "no lease": (no_lease, (403,)),
    "a replay": (replayed, (403,)),
    "not a message": (lambda one: one.sign(a_request(one.world, message=b"\xff" * 200)), (403,)),
    "not msgpack": (lambda one: one.ask("POST", "/sign", b"\xc1"), (400,)),
    "too deep": (lambda one: one.ask("POST", "/sign", b"\x91" * 100_000), (400,)),
    "too long": (lambda one: one.ask("POST", "/sign", bytes(300_000)), (413,)),
    "another path": (lambda one: one.ask("GET", "/keys"), (404,)),
    "a challenge": (lambda one: one.ask("POST", "/jito-challenge", codec.encode(JitoChallenge("q7Fz3KpLx"))), (200,)),
    "no challenge": (lambda one: one.ask("POST", "/jito-challenge", codec.encode(JitoChallenge("no such shape"))), (403,)),
    "metrics": (lambda one: one.ask("GET", "/metrics", port=one.health), (200,)),
    "health": (lambda one: one.ask("GET", "/readyz", port=one.health), (200,)),
    "a full disk": (full_disk, (503,)),
}


def test_after_every_kind_of_failure_the_key_is_in_nothing_that_the_signer_wrote_said_or_shows(watched: Watched) -> None:
    statuses = {name: (fail(watched), wanted) for name, (fail, wanted) in FAILURES.items()}
    shown = watched.shown()
    watched.kill(signal.SIGABRT)  # faulthandler writes every thread's stack; a core would be written here
    everything = bytes(watched.said) + watched.written() + shown

    assert {name: status for name, (status, wanted) in statuses.items() if status not in wanted} == {}
    assert str(watched.world.wallet).encode() in everything
    assert b"Fatal Python error: Aborted" in everything
    assert secrets_in(everything, watched.seed) == []
    assert secrets_in(everything, bytes(watched.jito)[:32]) == []
    assert [path for path in watched.folder.rglob("core*") if path.is_file()] == []


@pytest.mark.parametrize("point", ["signer.before_persist", "signer.after_persist", "signer.before_answer"])
def test_killed_at_a_durable_step_it_leaves_no_key_behind(point: str, watched: Watched) -> None:
    watched.port()
    watched.kill()
    watched.starts += 1
    watched.start(FAILPOINT=point)

    assert watched.sign(a_request(watched.world)) == 0
    watched.process.wait(60)

    assert secrets_in(bytes(watched.said) + watched.written(), watched.seed) == []


def test_in_memory_the_key_is_in_one_locked_page_and_nowhere_else(watched: Watched) -> None:
    for _ in range(3):
        watched.sign(a_request(watched.world))

    memory = watched.memory()

    found = {name: memory.count(secret) for name, secret in (("wallet", watched.seed), ("jito", bytes(watched.jito)[:32]))}
    assert found == {"wallet": 1, "jito": 1}
    assert set(secrets_in(memory, watched.seed)) == {"raw seed"}
    assert locked_kb(watched.process.pid) > 0
    assert watched.ask("GET", "/metrics", port=watched.health) == 200
    assert b"memesnipe_signer_memory_locked 1.0" in bytes(watched.said)


def locked_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmLck")).split()[1])


def test_where_memory_cannot_be_locked_it_says_so_and_signs() -> None:
    code = """
import os, resource
from prometheus_client import REGISTRY
from memesnipe.signer.memory import SecretKey, harden
resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
if os.geteuid() == 0:  # no limit holds root
    os.setresuid(65534, 65534, 65534)
harden()
print(len(SecretKey(bytes(range(32))).sign(b"x")), REGISTRY.get_sample_value("memesnipe_signer_memory_locked"))
"""

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert "64 0.0" in ran.stdout, ran.stderr
    assert "memory_not_locked" in ran.stdout + ran.stderr


def test_the_process_cannot_be_dumped_or_looked_into_by_others_of_its_user() -> None:
    code = "from memesnipe.signer import memory; import ctypes, resource; memory.harden();"
    code += f"print(ctypes.CDLL(None).prctl({GET_DUMPABLE}), resource.getrlimit(resource.RLIMIT_CORE))"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.split("\n")[0] == "0 (0, 0)"


@pytest.mark.parametrize("name", ["MEMESNIPE_WALLET_KEY", "SOLANA_PRIVATE_KEY", "MEMESNIPE_WALLET_FILE"])
def test_a_key_in_the_environment_stops_the_start_and_is_not_repeated(name: str, tmp_path: Path) -> None:
    world = World.make()
    clean = {variable: value for variable, value in os.environ.items() if not variable.startswith("MEMESNIPE_")}

    ran = subprocess.run(
        [sys.executable, "-m", "memesnipe", "signer"],
        env={**clean, "MEMESNIPE_DATA_DIR": str(tmp_path), name: str(world.keypair)},
        capture_output=True,
        timeout=60,
    )

    assert ran.returncode == 78
    assert name.encode() in ran.stderr
    assert secrets_in(ran.stdout + ran.stderr, bytes(world.keypair)[:32]) == []


@pytest.fixture
def by_vault(tmp_path: Path) -> Iterator[tuple[Watched, FakeVault]]:
    world = World.make()
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text(TOKEN)
    with a_vault(FakeVault(wallet=world.keypair)) as vault:
        settings = {"KEY_SOURCE": "vault", "VAULT_URL": vault.url, "VAULT_KEY": "wallet", "VAULT_TOKEN_FILE": str(tmp_path / "token")}
        signer = Watched(tmp_path, world, WALLET_FILE="", WALLET_ADDRESS=str(world.wallet), **settings)
        yield signer, vault
        if signer.process.poll() is None:
            signer.kill()


def test_with_vault_the_signer_signs_and_the_key_is_in_none_of_its_memory(by_vault: tuple[Watched, FakeVault]) -> None:
    signer, _ = by_vault

    status = signer.sign(a_request(signer.world))

    assert status == 200
    assert secrets_in(signer.memory(), signer.seed) == []
    assert TOKEN.encode() not in bytes(signer.said) + signer.shown() + signer.written().replace((signer.folder / "token").read_bytes(), b"")


def test_while_vault_is_sealed_nothing_is_signed_and_then_the_same_request_is(by_vault: tuple[Watched, FakeVault]) -> None:
    signer, vault = by_vault
    request = a_request(signer.world)
    signer.port()
    vault.fault = "sealed"

    sealed = signer.sign(request)
    vault.fault = ""

    assert sealed == 503
    assert signer.sign(request) == 200
    assert b"Vault answered HTTP 503" in bytes(signer.said)


def test_a_vault_that_lies_gets_nothing_signed(by_vault: tuple[Watched, FakeVault]) -> None:
    signer, vault = by_vault
    signer.port()
    vault.fault = "lie"

    status = signer.sign(a_request(signer.world))

    assert status == 503
    assert '"wrong_signature"' in (signer.folder / "signer.log").read_text()


def test_up_does_not_start_with_a_key_in_the_environment_and_does_not_repeat_it(tmp_path: Path) -> None:
    world = World.make()
    clean = {variable: value for variable, value in os.environ.items() if not variable.startswith("MEMESNIPE_")}
    given = {"MEMESNIPE_DATA_DIR": str(tmp_path), "MEMESNIPE_RPC_URL": "http://127.0.0.1:1", "MEMESNIPE_WALLET_FILE": str(world.keypair)}

    ran = subprocess.run([sys.executable, "-m", "memesnipe", "up"], env=clean | given, capture_output=True, timeout=120)

    assert ran.returncode != 0
    assert b"MEMESNIPE_WALLET_FILE" in ran.stdout + ran.stderr
    assert secrets_in(ran.stdout + ran.stderr, bytes(world.keypair)[:32]) == []
