"""Setup beside what others made: a person's own Secrets are used or named, and never overwritten."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.testing.setting_up import NOW, SIGNER_CLIENT, SIGNER_TLS, Installation
from memesnipe_operator.setup.certificates import CLIENT, SERVER, Authority


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
    assert installation.misfits(tmp_path) == []


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
        "signer": authority.leaf((installation.server_name,), SERVER, days),
        "guard": authority.leaf(("wallet-guard",), CLIENT, days),
    }
    return {end: {"ca.crt": authority.certificate, "tls.crt": leaf.certificate, "tls.key": leaf.key} for end, leaf in leaves.items()}


async def test_certificates_of_a_persons_own_are_used_and_never_renewed(installation: Installation, tmp_path: Path) -> None:
    own = an_own_pair(installation, NOW - timedelta(days=800))
    installation.make(SIGNER_TLS, own["signer"], "signer")
    installation.make(SIGNER_CLIENT, own["guard"])

    await installation.set_up()

    assert (installation.pair().signer, installation.pair().guard) == (own["signer"], own["guard"])
    assert installation.misfits(tmp_path) == []


async def test_one_end_of_a_persons_own_wants_the_other_too(installation: Installation) -> None:
    installation.make(SIGNER_TLS, an_own_pair(installation)["signer"], "signer")

    with pytest.raises(ConfigError, match=r"make Secret .*/memesnipe-signer-client yourself too"):
        await installation.set_up()


async def test_a_namespace_that_is_not_there_is_named(installation: Installation) -> None:
    with pytest.raises(ConfigError, match="there is no namespace nowhere-at-all"):
        await installation.set_up(signer_namespace="nowhere-at-all")
