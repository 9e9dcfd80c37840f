"""Setup against a real API server: killed anywhere, run twice, beside what others made, and with no right too many."""

import asyncio
import hashlib
import json
import os
import ssl
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes.aio.client import ApiClient
from solders.keypair import Keypair

from memesnipe.approvals import certificates
from memesnipe.approvals.certificates import Files
from memesnipe.approvals.keys import SigningKey
from memesnipe.control.access import service_users
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.signer.tls import Channel, Stranger
from memesnipe.testing.cluster import Cluster
from memesnipe_operator.api import Api
from memesnipe_operator.connection import connected
from memesnipe_operator.kinds import Kind
from memesnipe_operator.setup import objects, steps
from memesnipe_operator.setup.certificates import CLIENT, SERVER, Authority
from memesnipe_operator.setup.keeping import Keeping
from memesnipe_operator.setup.settings import SetupSettings

pytestmark = pytest.mark.xdist_group("cluster")
NOW = datetime.now(UTC)
WRITES = (
    len(objects.ROLES) + len(service_users()) + len(("admin", "acl", "wallet", "operator", "signer", "guard")) + len(("trusted",) * 2) + 1
)
"""Of a fresh installation on a localnet; the last is the ConfigMap with the wallet's address."""
TLS = (objects.SIGNER_TLS, objects.SIGNER_CLIENT)
Object = dict[str, Any]


class Killed(BaseException):
    """The process is gone: nothing catches it."""


class Mortal(Api):
    """The API server, until so many writes were made; notes what and when each was."""

    def __init__(self, client: ApiClient, writes_max: int = 10_000) -> None:
        super().__init__(client)
        self.left, self.times_s, self.written = writes_max, list[float](), list[Object]()

    async def create(self, kind: Kind, manifest: Object) -> Object:
        return self._counted(await super().create(kind, manifest))

    async def replace(self, kind: Kind, manifest: Object) -> Object:
        return self._counted(await super().replace(kind, manifest))

    def _counted(self, written: Object) -> Object:
        self.left -= 1
        self.written.append(written)
        self.times_s.append(asyncio.get_running_loop().time())
        if self.left == 0:
            raise Killed
        return written


class Installation:
    """Two namespaces and what setup made of them."""

    def __init__(self, cluster: Cluster, api: Api, platform: str, signer: str) -> None:
        self.cluster, self.api = cluster, api
        self.settings = SetupSettings(
            namespace=platform, signer_namespace=signer, redis_address="memesnipe-redis:6379", localnet=True, settle_s=0
        )
        self.namespace = {"platform": platform, "signer": signer}

    async def set_up(self, *, writes_max: int = 10_000, now: datetime = NOW, **changes: Any) -> Mortal:
        """Run setup; `Killed` after so many writes."""
        settings = SetupSettings(**{f: getattr(self.settings, f) for f in self.settings.__struct_fields__} | changes)
        mortal = Mortal(self.api._client, writes_max)
        await steps.run(Keeping(mortal), settings, now)
        return mortal

    async def killed_after(self, writes: int, **changes: Any) -> None:
        with pytest.raises(Killed):
            await self.set_up(writes_max=writes, **changes)

    def objects(self) -> dict[str, Object]:
        """All that is there, by kind, namespace and name; what the cluster makes by itself left out."""
        found: dict[str, Object] = {}
        for where, namespace in self.namespace.items():
            for plural in ("secrets", "configmaps"):
                listed = self.cluster.call("GET", f"/api/v1/namespaces/{namespace}/{plural}")["items"]
                found |= {f"{where} {plural} {each['metadata']['name']}": each for each in listed}
        return {key: each for key, each in found.items() if not key.endswith("kube-root-ca.crt")}

    def secret(self, name: str, where: str = "platform") -> dict[str, bytes]:
        return decoded(self.cluster.call("GET", f"/api/v1/namespaces/{self.namespace[where]}/secrets/{name}"))

    def secrets(self) -> dict[str, dict[str, str]]:
        """Every Secret's data, as it is stored."""
        return {key: each["data"] for key, each in self.objects().items() if " secrets " in key}

    def config(self, name: str, where: str = "platform") -> dict[str, str]:
        data: dict[str, str] = self.cluster.call("GET", f"/api/v1/namespaces/{self.namespace[where]}/configmaps/{name}")["data"]
        return data

    def pair(self) -> "Pair":
        return Pair(self.secret(objects.SIGNER_TLS, "signer"), self.secret(objects.SIGNER_CLIENT))

    def make(self, name: str, data: dict[str, bytes], where: str = "platform", kind: str = "Secret") -> Object:
        """Make an object as a person would, without our label."""
        plural, encode = ("secrets", lambda raw: b64encode(raw).decode()) if kind == "Secret" else ("configmaps", bytes.decode)
        body = {"metadata": {"name": name}, "data": {key: encode(raw) for key, raw in data.items()}}
        self.cluster.call("POST", f"/api/v1/namespaces/{self.namespace[where]}/{plural}", body)
        return self.objects()[f"{where} {plural} {name}"]

    def delete(self, name: str, where: str = "platform", plural: str = "secrets") -> None:
        self.cluster.call("DELETE", f"/api/v1/namespaces/{self.namespace[where]}/{plural}/{name}")


class Pair:
    """Both ends' Secrets, as the pods see them."""

    def __init__(self, signer: dict[str, bytes], guard: dict[str, bytes]) -> None:
        self.signer, self.guard = signer, guard

    def accept_each_other(self, folder: Path, server_name: str) -> bool:
        """A whole handshake, both ways, with the code that both ends run."""
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


def decoded(secret: Object) -> dict[str, bytes]:
    return {key: b64decode(value) for key, value in secret["data"].items()}


def mounted(folder: Path, data: dict[str, bytes]) -> Files:
    folder.mkdir(exist_ok=True)
    for name, raw in data.items():
        (folder / name).write_bytes(raw)
        (folder / name).chmod(0o600)
    return Files(folder / "ca.crt", folder / "tls.crt", folder / "tls.key")


def server_name(installation: Installation) -> str:
    return f"memesnipe-signer.{installation.namespace['signer']}.svc"


def fits_together(installation: Installation, folder: Path) -> bool:
    """Whether all that is derived is derived from what is there, and both ends of TLS accept each other."""
    public = {
        role: SigningKey.parsed(installation.secret(f"memesnipe-keys-{role}")[f"{role}.key"], role).public_hex for role in objects.ROLES
    }
    for where in ("platform", "signer"):
        assert json.loads(installation.config("memesnipe-trusted", where)["trusted.json"]) == public
    users = {user: password_of(installation, user) for user in service_users()}
    operator = installation.secret("memesnipe-operator")
    assert json.loads(operator["users.json"]) == {user: sha256(password) for user, password in users.items()}
    assert len(bytes.fromhex(operator["passwords.key"].decode())) == 32
    admin = installation.secret("memesnipe-redis-admin")["password"].decode()
    assert installation.secret("memesnipe-redis-acl")["users.acl"] == f"user default on #{sha256(admin)} ~* &* +@all\n".encode()
    wallet = Keypair.from_bytes(bytes(json.loads(installation.secret("memesnipe-wallet", "signer")["wallet.json"])))
    assert installation.config("memesnipe-wallet") == {"pubkey": str(wallet.pubkey())}
    return installation.pair().accept_each_other(folder, server_name(installation))


def password_of(installation: Installation, user: str) -> str:
    return urlsplit(installation.secret(f"memesnipe-redis-{user.replace('_', '-')}")["url"].decode()).password or ""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def signer_namespace(cluster: Cluster, namespace: str) -> Iterator[str]:
    name = f"{namespace}-signer"
    cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    cluster.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
async def installation(cluster: Cluster, namespace: str, signer_namespace: str) -> AsyncIterator[Installation]:
    async with connected(str(cluster.kubeconfig)) as api:
        yield Installation(cluster, api, namespace, signer_namespace)


async def test_a_fresh_installation_gets_all_it_needs_and_it_fits_together(installation: Installation, tmp_path: Path) -> None:
    mortal = await installation.set_up()

    assert len(mortal.times_s) == WRITES
    assert fits_together(installation, tmp_path)


async def test_run_twice_it_changes_nothing(installation: Installation) -> None:
    await installation.set_up()
    before = installation.objects()

    mortal = await installation.set_up(now=NOW + timedelta(days=365))

    assert mortal.times_s == []
    assert installation.objects() == before


@pytest.mark.parametrize("writes", range(1, WRITES))
async def test_killed_after_any_write_and_run_again_it_fits_together_and_no_secret_was_made_anew(
    writes: int, installation: Installation, tmp_path: Path
) -> None:
    await installation.killed_after(writes)
    before = installation.secrets()

    await installation.set_up()

    after = installation.secrets()
    assert fits_together(installation, tmp_path)
    assert {key: _without_ca(data) for key, data in before.items()} == {key: _without_ca(after[key]) for key in before}


def _without_ca(data: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in data.items() if key != "ca.crt"}


async def test_two_at_once_and_one_more_make_one_consistent_set(installation: Installation, tmp_path: Path) -> None:
    ends = await asyncio.gather(installation.set_up(), installation.set_up(), return_exceptions=True)

    await installation.set_up()

    assert all(isinstance(end, Mortal | Unavailable) for end in ends)
    assert fits_together(installation, tmp_path)


async def test_a_key_that_was_deleted_is_made_anew_and_everybody_learns_its_public_half(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up()
    before = installation.config("memesnipe-trusted")
    installation.delete("memesnipe-keys-risk")

    await installation.set_up()

    assert installation.config("memesnipe-trusted") != before
    assert fits_together(installation, tmp_path)


async def test_keys_and_the_wallet_cannot_be_changed_in_place(installation: Installation) -> None:
    await installation.set_up()

    fixed = {key for key, each in installation.objects().items() if each.get("immutable")}

    assert fixed == {*(f"platform secrets memesnipe-keys-{role}" for role in objects.ROLES), "signer secrets memesnipe-wallet"}


async def test_without_a_localnet_no_wallet_is_made_or_looked_at(installation: Installation) -> None:
    mine = installation.make("memesnipe-wallet", {"wallet.json": b"a person's own"}, "signer")

    await installation.set_up(localnet=False)

    assert installation.objects()["signer secrets memesnipe-wallet"] == mine
    assert "platform configmaps memesnipe-wallet" not in installation.objects()


async def test_certificates_near_their_end_are_renewed_and_nothing_else(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up(now=NOW - timedelta(days=825 - 89))
    before = installation.objects()

    await installation.set_up()

    changed = {key.split()[2] for key, each in installation.objects().items() if each != before[key]}
    assert changed == set(TLS)
    assert fits_together(installation, tmp_path)


async def test_certificates_with_time_left_are_not_renewed(installation: Installation) -> None:
    await installation.set_up(now=NOW - timedelta(days=825 - 92))

    mortal = await installation.set_up()

    assert mortal.times_s == []


async def test_during_a_renewal_both_ends_accept_each_other_whichever_of_its_states_each_pod_has_seen(
    installation: Installation, tmp_path: Path
) -> None:
    """The new CA has reached both, for that is waited for; a pod may be behind by all that comes after."""
    await installation.set_up(now=NOW - timedelta(days=800))
    before = installation.pair()

    mortal = await installation.set_up()

    states = {name: [decoded(each) for each in mortal.written if each["metadata"]["name"] == name] for name in TLS}
    seen = [Pair(signer, guard) for signer in states[objects.SIGNER_TLS] for guard in states[objects.SIGNER_CLIENT]]
    spreading = [Pair(states[objects.SIGNER_TLS][0], before.guard), Pair(before.signer, states[objects.SIGNER_CLIENT][0])]
    assert len(seen) == 4
    assert all(pair.accept_each_other(tmp_path, server_name(installation)) for pair in [before, *spreading, *seen])


@pytest.mark.parametrize("writes", range(1, 4))
async def test_a_renewal_killed_after_any_write_leaves_ends_that_accept_each_other_and_is_done_by_the_next_run(
    writes: int, installation: Installation, tmp_path: Path
) -> None:
    await installation.set_up(now=NOW - timedelta(days=800))
    await installation.killed_after(writes)
    left = installation.pair().accept_each_other(tmp_path, server_name(installation))

    await installation.set_up()

    assert left
    assert fits_together(installation, tmp_path)
    assert (await installation.set_up()).times_s == []


async def test_the_new_ca_is_given_time_to_spread_before_a_certificate_of_it_is_shown(installation: Installation) -> None:
    await installation.set_up(now=NOW - timedelta(days=800))

    mortal = await installation.set_up(settle_s=0.5)

    spread, shown = mortal.times_s[:2], mortal.times_s[2:]
    assert len(shown) == 2
    assert shown[0] - spread[1] >= 0.5


@pytest.mark.parametrize("gone", TLS)
async def test_one_end_that_was_deleted_is_made_anew_and_the_other_keeps_its_certificate(
    gone: str, installation: Installation, tmp_path: Path
) -> None:
    await installation.set_up()
    before = installation.pair()
    installation.delete(gone, "signer" if gone == objects.SIGNER_TLS else "platform")

    await installation.set_up()

    after = installation.pair()
    kept = (before.guard, after.guard) if gone == objects.SIGNER_TLS else (before.signer, after.signer)
    assert kept[0]["tls.crt"] == kept[1]["tls.crt"]
    assert fits_together(installation, tmp_path)


async def test_two_ends_that_do_not_fit_are_made_to_fit(installation: Installation, tmp_path: Path) -> None:
    """As after a restored backup of one of them: both are ours, and neither believes the other."""
    await installation.set_up()
    path = f"/api/v1/namespaces/{installation.namespace['signer']}/secrets/{objects.SIGNER_TLS}"
    stranger, there = Authority(NOW), installation.cluster.call("GET", path)
    leaf = stranger.leaf(("memesnipe-signer",), SERVER)
    old = {"ca.crt": stranger.certificate, "tls.crt": leaf.certificate, "tls.key": leaf.key}
    installation.cluster.call("PUT", path, there | {"data": {key: b64encode(raw).decode() for key, raw in old.items()}})

    await installation.set_up()

    assert fits_together(installation, tmp_path)


async def test_the_address_of_redis_may_change_and_no_password_with_it(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up()
    before = {user: password_of(installation, user) for user in service_users()}

    await installation.set_up(redis_address="redis.example.internal:6380")

    urls = [installation.secret(f"memesnipe-redis-{user.replace('_', '-')}")["url"].decode() for user in service_users()]
    assert all(url.endswith("@redis.example.internal:6380/0") for url in urls)
    assert before == {user: password_of(installation, user) for user in service_users()}
    assert fits_together(installation, tmp_path)


async def test_a_redis_of_ones_own_is_taken_as_it_is_named(installation: Installation) -> None:
    own = "rediss://root:se%40cret@redis.example:6379/3"

    await installation.set_up(redis_address="redis.example:6379", redis_admin_url=own)

    assert installation.secret("memesnipe-redis-admin")["url"].decode() == own
    assert installation.secret("memesnipe-redis-cli")["url"].decode().startswith("rediss://cli:")
    assert installation.secret("memesnipe-redis-cli")["url"].decode().endswith("@redis.example:6379/3")
    assert "platform secrets memesnipe-redis-acl" not in installation.objects()


async def test_back_from_a_redis_of_ones_own_the_charts_has_its_old_password(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up()
    before = installation.secret("memesnipe-redis-admin")
    await installation.set_up(redis_admin_url="redis://root:other@redis.example:6379/0")

    await installation.set_up()

    assert installation.secret("memesnipe-redis-admin") == before
    assert fits_together(installation, tmp_path)


async def test_an_admin_secret_of_a_persons_own_is_used_and_left_alone(installation: Installation) -> None:
    mine = installation.make("memesnipe-redis-admin", {"url": b"rediss://root:mine@redis.example:6379/0"})

    await installation.set_up()

    assert installation.objects()["platform secrets memesnipe-redis-admin"] == mine
    assert installation.secret("memesnipe-redis-cli")["url"].startswith(b"rediss://cli:")
    assert "platform secrets memesnipe-redis-acl" not in installation.objects()


async def test_a_key_of_a_persons_own_is_used_and_left_alone(installation: Installation, tmp_path: Path) -> None:
    mine = installation.make("memesnipe-keys-risk", {"risk.key": b"07" * 32})

    await installation.set_up()

    assert installation.objects()["platform secrets memesnipe-keys-risk"] == mine
    assert fits_together(installation, tmp_path)


STRANGERS = [
    ("memesnipe-keys-guard", "platform", "Secret", {"something": b"else"}, "lacks guard.key"),
    ("memesnipe-keys-guard", "platform", "Secret", {"guard.key": b"c2VjcmV0IHRleHQ"}, "32-byte seed"),
    (
        "memesnipe-redis-risk-guardian",
        "platform",
        "Secret",
        {"url": b"redis://other:c2VjcmV0@x:1/0"},
        "user risk_guardian and its password",
    ),
    ("memesnipe-redis-admin", "platform", "Secret", {"url": b"http://root:c2VjcmV0@x:1/0"}, "redis://"),
    ("memesnipe-operator", "platform", "Secret", {"passwords.key": b"11" * 32}, "users.json must differ"),
    ("memesnipe-signer-tls", "signer", "Secret", {"tls.crt": b"c2VjcmV0"}, "lacks ca.crt, tls.key"),
    ("memesnipe-wallet", "signer", "Secret", {"wallet.json": b"c2VjcmV0"}, "not a Solana wallet file"),
    ("memesnipe-trusted", "signer", "ConfigMap", {"trusted.json": b"{}"}, "trusted.json must differ"),
]


@pytest.mark.parametrize(("name", "where", "kind", "data", "why"), STRANGERS)
async def test_what_somebody_else_made_under_our_name_is_left_alone_and_named(
    name: str, where: str, kind: str, data: dict[str, bytes], why: str, installation: Installation
) -> None:
    mine = installation.make(name, data, where, kind)

    with pytest.raises(ConfigError) as raised:
        await installation.set_up()

    plural = "secrets" if kind == "Secret" else "configmaps"
    assert name in str(raised.value)
    assert why in str(raised.value)
    assert "c2VjcmV0" not in str(raised.value)
    assert installation.objects()[f"{where} {plural} {name}"] == mine


def an_own_pair(installation: Installation, now: datetime = NOW) -> dict[str, dict[str, bytes]]:
    authority, days = Authority(now), 825
    leaves = {
        "signer": authority.leaf((server_name(installation),), SERVER, days),
        "guard": authority.leaf(("wallet-guard",), CLIENT, days),
    }
    return {end: {"ca.crt": authority.certificate, "tls.crt": leaf.certificate, "tls.key": leaf.key} for end, leaf in leaves.items()}


async def test_certificates_of_a_persons_own_are_used_and_never_renewed(installation: Installation, tmp_path: Path) -> None:
    own = an_own_pair(installation, NOW - timedelta(days=800))
    installation.make(objects.SIGNER_TLS, own["signer"], "signer")
    installation.make(objects.SIGNER_CLIENT, own["guard"])

    await installation.set_up()

    assert (installation.pair().signer, installation.pair().guard) == (own["signer"], own["guard"])
    assert fits_together(installation, tmp_path)


async def test_one_end_of_a_persons_own_wants_the_other_too(installation: Installation) -> None:
    installation.make(objects.SIGNER_TLS, an_own_pair(installation)["signer"], "signer")

    with pytest.raises(ConfigError, match=r"make Secret .*/memesnipe-signer-client yourself too"):
        await installation.set_up()


async def test_a_namespace_that_is_not_there_is_named(installation: Installation) -> None:
    with pytest.raises(ConfigError, match="there is no namespace nowhere-at-all"):
        await installation.set_up(signer_namespace="nowhere-at-all")


SECRETS_ALL = ["memesnipe-operator", objects.SIGNER_CLIENT, objects.REDIS_ADMIN, objects.REDIS_ACL]
RIGHTS: dict[str, list[Object]] = {
    "platform": [
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "verbs": ["get"],
            "resourceNames": [objects.role_key(role) for role in objects.ROLES],
        },
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "verbs": ["get", "update"],
            "resourceNames": [*SECRETS_ALL, *(objects.redis_user(user) for user in service_users())],
        },
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "verbs": ["get", "update"],
            "resourceNames": [objects.TRUSTED, objects.WALLET],
        },
    ],
    "signer": [
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": [objects.WALLET]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "update"], "resourceNames": [objects.SIGNER_TLS]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "update"], "resourceNames": [objects.TRUSTED]},
    ],
}
"""The Roles of the account of setup, to the verb."""


def job(installation: Installation, *, without: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m memesnipe_operator.setup` under an account with these Roles and no other."""
    cluster, platform = installation.cluster, installation.namespace["platform"]
    cluster.call("POST", f"/api/v1/namespaces/{platform}/serviceaccounts", {"metadata": {"name": "setup"}})
    for where, rules in RIGHTS.items():
        allowed = [rule | {"verbs": [verb for verb in rule["verbs"] if verb != without]} for rule in rules]
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{installation.namespace[where]}"
        cluster.call("POST", f"{path}/roles", {"metadata": {"name": "setup"}, "rules": [rule for rule in allowed if rule["verbs"]]})
        subject = {"kind": "ServiceAccount", "name": "setup", "namespace": platform}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "setup"}
        cluster.call("POST", f"{path}/rolebindings", {"metadata": {"name": "setup"}, "subjects": [subject], "roleRef": role})
    env = {
        "MEMESNIPE_NAMESPACE": platform,
        "MEMESNIPE_SIGNER_NAMESPACE": installation.namespace["signer"],
        "MEMESNIPE_REDIS_ADDRESS": "memesnipe-redis:6379",
        "MEMESNIPE_LOCALNET": "true",
        "MEMESNIPE_LOG_LEVEL": "DEBUG",
        "MEMESNIPE_KUBECONFIG": str(cluster.service_account_kubeconfig(platform, "setup")),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MEMESNIPE_", "KUBE"))}
    command = [sys.executable, "-m", "memesnipe_operator.setup"]
    return subprocess.run(command, env=clean | env | settings, capture_output=True, text=True, timeout=120)


async def test_the_job_does_all_of_it_with_its_own_rights_and_prints_no_secret(installation: Installation, tmp_path: Path) -> None:
    done = job(installation)

    printed = done.stdout + done.stderr
    values = [b64decode(value).decode().strip() for data in installation.secrets().values() for value in data.values()]
    assert done.returncode == 0, printed
    assert fits_together(installation, tmp_path)
    assert [value[:12] for value in values if value in printed] == []
    assert [user for user in service_users() if password_of(installation, user) in printed] == []


async def test_the_job_renews_with_its_own_rights(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up(now=NOW - timedelta(days=800))
    before = installation.pair()

    done = job(installation, MEMESNIPE_SETTLE_S="0", MEMESNIPE_REDIS_ADDRESS="elsewhere:6379")

    assert done.returncode == 0, done.stderr
    assert installation.pair().signer["tls.crt"] != before.signer["tls.crt"]
    assert fits_together(installation, tmp_path)


async def test_a_job_without_a_right_says_which_and_on_what(installation: Installation) -> None:
    done = job(installation, without="create")

    assert done.returncode == 78
    assert f"Secret {installation.namespace['platform']}/memesnipe-keys-risk: the account of setup may not create it" in done.stderr


async def test_a_policy_that_quotes_the_secret_in_its_refusal_is_not_quoted(installation: Installation) -> None:
    name, platform = f"quotes.{installation.namespace['platform']}", installation.namespace["platform"]
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": ["CREATE"]}
    quoting = {"expression": "false", "messageExpression": "'refused: ' + string(object.data['risk.key'])"}
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": platform}}}
    path = "/apis/admissionregistration.k8s.io/v1"
    spec = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, "validations": [quoting]}
    installation.cluster.call("POST", f"{path}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": where}
    installation.cluster.call("POST", f"{path}/validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding})
    installation.cluster.wait(lambda: quoted_by_the_server(installation), "the policy is active")

    done = job(installation)

    assert done.returncode == 78
    assert "memesnipe-keys-risk" in done.stderr
    assert "refused: " not in done.stderr
    installation.cluster.call("DELETE", f"{path}/validatingadmissionpolicybindings/{name}")
    installation.cluster.call("DELETE", f"{path}/validatingadmissionpolicies/{name}")


def quoted_by_the_server(installation: Installation) -> bool:
    path = f"/api/v1/namespaces/{installation.namespace['platform']}/secrets?dryRun=All"
    try:
        installation.cluster.call("POST", path, {"metadata": {"name": "probe"}, "data": {"risk.key": "cHJvYmU="}})
    except Exception as error:
        return "refused: cHJvYmU=" in str(error)
    return False


def test_without_a_cluster_it_says_what_it_needs(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MEMESNIPE_", "KUBE"))}
    command = [sys.executable, "-m", "memesnipe_operator.setup"]

    done = subprocess.run(command, env=clean | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60)

    assert done.returncode == 78
    assert "MEMESNIPE_KUBECONFIG" in done.stderr
