"""An installation's two namespaces, and a setup that dies when told: what the tests of setup stand on.

Setup itself is handed in, for the runtime knows nothing of the operator's code.
"""

import asyncio
import hashlib
import json
import ssl
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from solders.keypair import Keypair

from memesnipe.approvals import certificates
from memesnipe.approvals.certificates import Files
from memesnipe.approvals.keys import SigningKey
from memesnipe.control.access import service_users
from memesnipe.signer.tls import Channel, Stranger
from memesnipe.testing.cluster import Cluster

NOW = datetime.now(UTC)
ROLES = ("risk", "guard", "lease")
SIGNER_TLS, SIGNER_CLIENT = "memesnipe-signer-tls", "memesnipe-signer-client"
Object = dict[str, Any]


class Killed(BaseException):
    """The process is gone: nothing catches it."""


class Mortal:
    """The API server, until so many writes were made; notes what and when each was."""

    def __init__(self, api: Any, writes_max: int) -> None:
        self._api = api
        self.left, self.times_s, self.written = writes_max, list[float](), list[Object]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def create(self, kind: Any, manifest: Object) -> Object:
        """Create an object, and maybe die."""
        return self._counted(await self._api.create(kind, manifest))

    async def replace(self, kind: Any, manifest: Object) -> Object:
        """Replace an object, and maybe die."""
        return self._counted(await self._api.replace(kind, manifest))

    def _counted(self, written: Object) -> Object:
        self.left -= 1
        self.written.append(written)
        self.times_s.append(asyncio.get_running_loop().time())
        if self.left == 0:
            raise Killed
        return written


class RunSetup(Protocol):
    """Runs setup at a time, against an API server; `changes` replace its settings."""

    def __call__(self, api: Mortal, now: datetime, changes: Mapping[str, Any]) -> Awaitable[None]:
        """Return when it is done."""
        ...


class Pair:
    """Both ends' Secrets, as the pods see them."""

    def __init__(self, signer: dict[str, bytes], guard: dict[str, bytes]) -> None:
        self.signer, self.guard = signer, guard

    def accept_each_other(self, folder: Path, server_name: str) -> bool:
        """Do a whole handshake, both ways, with the code that both ends run."""
        door = Channel(certificates.server(mounted(folder / "signer", self.signer)))
        arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = certificates.client(mounted(folder / "guard", self.guard))
        guard = context.wrap_bio(arriving, leaving, server_hostname=server_name)
        for _ in range(4):
            try:
                guard.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return False
            try:
                door.opened(leaving.read())
            except Stranger:
                return False
            arriving.write(door.leaving())
        return door.guard_is_there


class Installation:
    """Two namespaces and what setup made of them."""

    def __init__(self, cluster: Cluster, api: Any, platform: str, signer: str, run: RunSetup) -> None:
        self.cluster = cluster
        self._api, self._run = api, run
        self.namespace = {"platform": platform, "signer": signer}

    @property
    def server_name(self) -> str:
        """The signer's name, as its certificate must have it."""
        return f"memesnipe-signer.{self.namespace['signer']}.svc"

    async def set_up(self, *, writes_max: int = 10_000, now: datetime = NOW, **changes: Any) -> Mortal:
        """Run setup; `Killed` after so many writes."""
        mortal = Mortal(self._api, writes_max)
        await self._run(mortal, now, changes)
        return mortal

    async def killed_after(self, writes: int) -> None:
        """Run setup until it dies after so many writes. Raises AssertionError when it lives."""
        try:
            await self.set_up(writes_max=writes)
        except Killed:
            return
        raise AssertionError(f"setup was done before its write number {writes}")

    def objects(self) -> dict[str, Object]:
        """Return all that is there, by kind, namespace and name; what the cluster makes by itself left out."""
        found: dict[str, Object] = {}
        for where, namespace in self.namespace.items():
            for plural in ("secrets", "configmaps"):
                listed = self.cluster.call("GET", f"/api/v1/namespaces/{namespace}/{plural}")["items"]
                found |= {f"{where} {plural} {each['metadata']['name']}": each for each in listed}
        return {key: each for key, each in found.items() if not key.endswith("kube-root-ca.crt")}

    def secret(self, name: str, where: str = "platform") -> dict[str, bytes]:
        """Return a Secret's data."""
        return decoded(self.cluster.call("GET", f"/api/v1/namespaces/{self.namespace[where]}/secrets/{name}"))

    def secrets(self) -> dict[str, dict[str, str]]:
        """Return every Secret's data, as it is stored."""
        return {key: each["data"] for key, each in self.objects().items() if " secrets " in key}

    def config(self, name: str, where: str = "platform") -> dict[str, str]:
        """Return a ConfigMap's data."""
        data: dict[str, str] = self.cluster.call("GET", f"/api/v1/namespaces/{self.namespace[where]}/configmaps/{name}")["data"]
        return data

    def pair(self) -> Pair:
        """Return both ends of TLS."""
        return Pair(self.secret(SIGNER_TLS, "signer"), self.secret(SIGNER_CLIENT))

    def make(self, name: str, data: dict[str, bytes], where: str = "platform", kind: str = "Secret") -> Object:
        """Make an object as a person would, without our label."""
        plural, encode = ("secrets", lambda raw: b64encode(raw).decode()) if kind == "Secret" else ("configmaps", bytes.decode)
        body = {"metadata": {"name": name}, "data": {key: encode(raw) for key, raw in data.items()}}
        self.cluster.call("POST", f"/api/v1/namespaces/{self.namespace[where]}/{plural}", body)
        return self.objects()[f"{where} {plural} {name}"]

    def delete(self, name: str, where: str = "platform", plural: str = "secrets") -> None:
        """Delete an object."""
        self.cluster.call("DELETE", f"/api/v1/namespaces/{self.namespace[where]}/{plural}/{name}")

    def password_of(self, user: str) -> str:
        """Return a Redis user's password."""
        return urlsplit(self.secret(f"memesnipe-redis-{user.replace('_', '-')}")["url"].decode()).password or ""

    def misfits(self, folder: Path) -> list[str]:
        """Return what is not derived from what is there, or does not fit it; an empty list is a whole installation."""
        files = {role: self.secret(f"memesnipe-keys-{role}")[f"{role}.key"] for role in ROLES}
        public = {role: SigningKey.parsed(file, role).public_hex for role, file in files.items()}
        pinned = {where: json.loads(self.config("memesnipe-trusted", where)["trusted.json"]) for where in self.namespace}
        operator, admin = self.secret("memesnipe-operator"), self.secret("memesnipe-redis-admin")["password"].decode()
        wallet = Keypair.from_bytes(bytes(json.loads(self.secret("memesnipe-wallet", "signer")["wallet.json"])))
        acl = f"user default on #{sha256(admin)} ~* &* +@all\n".encode()
        fits = {
            "trusted keys": pinned == dict.fromkeys(self.namespace, public),
            "users": json.loads(operator["users.json"]) == {user: sha256(self.password_of(user)) for user in service_users()},
            "passwords.key": len(bytes.fromhex(operator["passwords.key"].decode())) == 32,
            "acl": self.secret("memesnipe-redis-acl")["users.acl"] == acl,
            "wallet": self.config("memesnipe-wallet") == {"pubkey": str(wallet.pubkey())},
            "certificates": self.pair().accept_each_other(folder, self.server_name),
        }
        return [name for name, good in fits.items() if not good]


def decoded(secret: Object) -> dict[str, bytes]:
    """Return the data of a Secret."""
    return {key: b64decode(value) for key, value in secret["data"].items()}


def mounted(folder: Path, data: Mapping[str, bytes]) -> Files:
    """Return a Secret's files as a pod would find them."""
    folder.mkdir(exist_ok=True)
    for name, raw in data.items():
        (folder / name).write_bytes(raw)
        (folder / name).chmod(0o600)
    return Files(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")


def sha256(text: str) -> str:
    """Return the hash that Redis keeps of a password."""
    return hashlib.sha256(text.encode()).hexdigest()
