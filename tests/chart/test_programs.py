"""The small programs that the chart carries, run as they are rendered: Redis' configuration and start, and the tests of page and signer."""

import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis

from memesnipe.bus.embedded import binary
from memesnipe.kernel.ports import free_port
from memesnipe.testing.chart.pods import pod_of
from memesnipe.testing.chart.render import VALUE_SETS, one, render
from memesnipe.testing.stacks import until
from memesnipe_operator.setup import redis_users
from memesnipe_operator.setup.certificates import SERVER, Authority

PASSWORD = "not-a-real-password"
NAMES = ("valkey-server", "redis-server")
"""What the server's program is called, depending on the image."""


class Place:
    """A folder that stands for the pod's file system: paths of the manifest are below it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.set_up(PASSWORD)
        conf = one(render(), "ConfigMap", "memesnipe-redis")["data"]["redis.conf"]
        self.port = free_port()
        self.path("/etc/memesnipe/redis/redis.conf").write_text(self.below(conf).replace("port 6379", f"port {self.port}"))
        self.path("/data/x").parent.mkdir(exist_ok=True)

    def path(self, path: str) -> Path:
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        return there

    def below(self, text: str) -> str:
        return text.replace("/data", str(self.root / "data")).replace("/etc/memesnipe", str(self.root / "etc/memesnipe"))

    def set_up(self, password: str) -> None:
        """Do what setup does: say who the administrator is."""
        self.path("/etc/memesnipe/acl/users.acl").write_bytes(redis_users.acl_file(password))

    def command(self, container: str) -> list[str]:
        (found,) = [one for one in pod_of(render(), "redis").containers if one["name"] == container]
        return [self.below(word) for word in found["command"]]

    @contextmanager
    def redis(self, name: str = NAMES[0], password: str = PASSWORD) -> Iterator[redis.Redis]:
        """Start the pod's containers in their order, with the server's program under this name."""
        programs = self.root / "bin" / name
        programs.mkdir(parents=True, exist_ok=True)
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to(binary())
        self.set_up(password)
        subprocess.run(self.command("users"), check=True)
        env = {"PATH": f"{programs}:{os.environ['PATH']}"}
        process = subprocess.Popen(self.command("redis"), env=env, cwd=self.root, stdout=subprocess.DEVNULL)
        try:
            client = redis.Redis(port=self.port, username="default", password=password)
            until(lambda: answers(client), 10, "Redis answers")
            yield client
        finally:
            process.terminate()
            process.wait()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_redis_starts_as_rendered_whatever_its_program_is_called(place: Place, name: str) -> None:
    with place.redis(name) as client:
        settings = client.config_get()

    wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "save": "", "maxmemory": str(768 << 20)}
    assert {key: settings[key] for key in wanted} == wanted


def test_a_stranger_without_the_password_is_not_let_in(place: Place) -> None:
    with place.redis(), pytest.raises(redis.AuthenticationError):
        redis.Redis(port=place.port).ping()


def test_users_that_the_operator_made_are_there_after_a_restart_and_after_a_new_password_of_the_administrator(place: Place) -> None:
    with place.redis() as client:
        client.acl_setuser("executor-momentum", enabled=True, passwords=["+secret"], commands=["+ping"])
        client.acl_save()

    with place.redis(password="another") as client:
        users = client.acl_users()

    assert set(users) == {"default", "executor-momentum"}


def test_the_first_file_of_users_is_whole_and_nobody_elses_to_read(place: Place) -> None:
    subprocess.run(place.command("users"), check=True)

    written = place.path("/data/users.acl")
    assert written.read_bytes() == redis_users.acl_file(PASSWORD)
    assert written.stat().st_mode & 0o077 == 0


def test_a_first_file_that_was_cut_short_by_a_kill_is_written_again(place: Place) -> None:
    place.path("/data/users.acl").write_text("")
    place.path("/data/users.acl.new").write_text("user def")

    subprocess.run(place.command("users"), check=True)

    assert place.path("/data/users.acl").read_bytes() == redis_users.acl_file(PASSWORD)


@pytest.mark.parametrize(("status", "passes"), [(200, True), (503, False)])
def test_the_test_of_the_page_says_what_the_page_says(status: int, passes: bool) -> None:
    program = program_of("memesnipe-test-page").replace("range(60)", "range(1)")

    with served(status) as port:
        done = run(program.replace("memesnipe-dashboard.memesnipe.svc:8080", f"127.0.0.1:{port}"))

    assert (done.returncode == 0) is passes
    assert ("the ledger does not answer" in done.stderr) is not passes


@pytest.mark.parametrize(("asks", "passes"), [(True, True), (False, False)])
def test_the_test_of_the_signer_passes_when_a_stranger_is_turned_away(asks: bool, passes: bool, tmp_path: Path) -> None:
    with served(200, certified(tmp_path, asks)) as port:
        done = run(program_of("memesnipe-test-signer").replace("memesnipe-signer.memesnipe-signer.svc:8091", f"127.0.0.1:{port}"))

    assert (done.returncode == 0) is passes, done.stderr
    assert ("somebody without a certificate" in done.stderr) is not passes


def test_the_test_of_the_signer_passes_where_its_packets_do_not_arrive() -> None:
    done = run(program_of("memesnipe-test-signer").replace("memesnipe-signer.memesnipe-signer.svc:8091", f"127.0.0.1:{free_port()}"))

    assert done.returncode == 0, done.stderr


def program_of(pod: str) -> str:
    container = one(render(VALUE_SETS["live on the localnet"]), "Pod", pod)["spec"]["containers"][0]
    assert container["command"] == ["python", "-c"]
    return str(container["args"][0])


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def certified(folder: Path, asks: bool) -> ssl.SSLContext:
    """Return a server's TLS as the signer has it; without `asks` it takes everybody."""
    authority = Authority(datetime.now(UTC))
    leaf = authority.leaf(("localhost",), SERVER)
    (folder / "tls.crt").write_bytes(leaf.certificate)
    (folder / "tls.key").write_bytes(leaf.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.load_verify_locations(cadata=authority.certificate.decode())
    context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
    return context


@contextmanager
def served(status: int, context: ssl.SSLContext | None = None) -> Iterator[int]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"the ledger does not answer")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
