"""A server that speaks what the signer asks of Vault's transit engine, and can be told to misbehave.

Shapes and status codes after Vault 1.x (`builtin/logical/transit`, `path_keys.go` and `path_sign_verify.go`): 403 `{"errors":
["permission denied"]}` without a good token, 404 for a key that is not there, 400 for what cannot be signed, 503 while sealed.
"""

import base64
import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from solders.keypair import Keypair

TOKEN = "hvs.CAESIJ-a-token-for-tests-alone"  # noqa: S105 - of this double alone


class FakeVault:
    """Holds keys by name, each with its versions. Set `fault` to make it misbehave."""

    def __init__(self, **keys: Keypair) -> None:
        self.keys = {name: [key] for name, key in keys.items()}
        self.kind = "ed25519"
        self.fault = ""
        """sealed, lie and tail: a bad answer; silent, trickle, garbage, huge, echo, half and hang_up: none (`_misbehaves`)."""
        self.asked: list[tuple[str, str, bytes]] = []
        """(method, path, body) of each call."""
        self.connections = 0
        self.url = ""

    def told(self, method: str, path: str, token: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answer one call as Vault would."""
        self.asked.append((method, path, body))
        _, _, mount, verb, name = (*path.split("/"), "", "", "")[:5]
        if self.fault == "sealed":
            return 503, {"errors": ["Vault is sealed"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied", f"token {token}"]}
        if mount != "transit" or name not in self.keys:
            return 404, {"errors": []}
        return self._described(name) if (method, verb) == ("GET", "keys") else self._signed(name, json.loads(body))

    def _described(self, name: str) -> tuple[int, dict[str, Any]]:
        versions = self.keys[name]
        public: dict[str, Any] = {
            str(at + 1): {"public_key": _b64(bytes(key.pubkey())), "name": "ed25519", "creation_time": "2026-01-01T00:00:00Z"}
            for at, key in enumerate(versions)
        }
        if self.kind.startswith("aes"):  # Vault's default kind, which has no public half
            public = dict.fromkeys(public, 1_790_000_000)
        return 200, {"data": {"name": name, "type": self.kind, "latest_version": len(versions), "exportable": False, "keys": public}}

    def _signed(self, name: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        version = asked.get("key_version") or len(self.keys[name])
        if version > len(self.keys[name]):
            return 400, {"errors": ["requested version for signing is higher than the latest key version"]}
        signature = bytes(self.keys[name][version - 1].sign_message(base64.b64decode(asked["input"], validate=True)))
        if self.fault == "lie":
            signature = bytes(Keypair().sign_message(b"something else"))
        tail = ":and-more" if self.fault == "tail" else ""
        return 200, {"data": {"key_version": version, "signature": f"vault:v{version}:{_b64(signature)}{tail}"}}


@contextlib.contextmanager
def a_vault(vault: FakeVault, context: ssl.SSLContext | None = None) -> Iterator[FakeVault]:
    """Serve it on a free port, under TLS with a context; `vault.url` says where."""
    closing = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            vault.connections += 1

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = vault.told(self.command, self.path, self.headers.get("X-Vault-Token", ""), body)
            raw = json.dumps(said).encode()
            if _misbehaves(vault.fault, self.connection, raw, closing):
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = _answer  # noqa: N815 - the standard library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    vault.url = f"{'https' if context else 'http'}://localhost:{server.server_address[1]}"
    try:
        yield vault
    finally:
        closing.set()
        server.shutdown()
        server.server_close()


def _misbehaves(fault: str, wire: socket.socket, raw: bytes, closing: threading.Event) -> bool:
    """Say something else than an answer; return whether it did."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    instead = {
        "garbage": b"\x16\x03\x01 this is no HTTP\r\n\r\n",
        "huge": head % (10**6) + b"x" * 10**6,
        "half": head % len(raw) + raw[: len(raw) // 2],
        "hang_up": b"",
        "echo": head % 24 + b'{"data": {"signature": 1}',
    }
    with contextlib.suppress(OSError):
        if fault == "silent":
            closing.wait(30)
        elif fault == "trickle":
            _trickle(wire, head % len(raw) + raw, closing)
        elif fault in instead:
            wire.sendall(instead[fault])
            wire.shutdown(socket.SHUT_RDWR)
        else:
            return False
    return True


def _trickle(wire: socket.socket, raw: bytes, closing: threading.Event) -> None:
    """A byte now and then, so that no single read ever times out."""
    for at in range(len(raw)):
        if closing.is_set():
            return
        wire.sendall(raw[at : at + 1])
        time.sleep(0.05)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
