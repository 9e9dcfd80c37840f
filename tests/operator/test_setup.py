"""Setup against a real API server: killed anywhere, run twice, two at once; and the Redis it makes users for."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from memesnipe.control.access import service_users
from memesnipe.kernel.errors import Unavailable
from memesnipe.testing.setting_up import NOW, Installation, Mortal
from memesnipe_operator.setup import objects

WRITES = (
    len(objects.ROLES) + len(service_users()) + len(("admin", "acl", "wallet", "operator", "signer", "guard")) + len(("trusted",) * 2) + 1
)
"""Of a fresh installation on a localnet; the last is the ConfigMap with the wallet's address."""


async def test_a_fresh_installation_gets_all_it_needs_and_it_fits_together(installation: Installation, tmp_path: Path) -> None:
    mortal = await installation.set_up()

    assert len(mortal.times_s) == WRITES
    assert installation.misfits(tmp_path) == []


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
    assert installation.misfits(tmp_path) == []
    assert {key: _without_ca(data) for key, data in before.items()} == {key: _without_ca(after[key]) for key in before}


def _without_ca(data: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in data.items() if key != "ca.crt"}


async def test_two_at_once_and_one_more_make_one_consistent_set(installation: Installation, tmp_path: Path) -> None:
    ends = await asyncio.gather(installation.set_up(), installation.set_up(), return_exceptions=True)

    await installation.set_up()

    assert all(isinstance(end, Mortal | Unavailable) for end in ends)
    assert installation.misfits(tmp_path) == []


async def test_a_key_that_was_deleted_is_made_anew_and_everybody_learns_its_public_half(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up()
    before = installation.config("memesnipe-trusted")
    installation.delete("memesnipe-keys-risk")

    await installation.set_up()

    assert installation.config("memesnipe-trusted") != before
    assert installation.misfits(tmp_path) == []


async def test_keys_and_the_wallet_cannot_be_changed_in_place(installation: Installation) -> None:
    await installation.set_up()

    fixed = {key for key, each in installation.objects().items() if each.get("immutable")}

    assert fixed == {*(f"platform secrets memesnipe-keys-{role}" for role in objects.ROLES), "signer secrets memesnipe-wallet"}


async def test_without_a_localnet_no_wallet_is_made_or_looked_at(installation: Installation) -> None:
    mine = installation.make("memesnipe-wallet", {"wallet.json": b"a person's own"}, "signer")

    await installation.set_up(localnet=False)

    assert installation.objects()["signer secrets memesnipe-wallet"] == mine
    assert "platform configmaps memesnipe-wallet" not in installation.objects()


async def test_the_address_of_redis_may_change_and_no_password_with_it(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up()
    before = {user: installation.password_of(user) for user in service_users()}

    await installation.set_up(redis_address="redis.example.internal:6380")

    urls = [installation.secret(f"memesnipe-redis-{user.replace('_', '-')}")["url"].decode() for user in service_users()]
    assert all(url.endswith("@redis.example.internal:6380/0") for url in urls)
    assert before == {user: installation.password_of(user) for user in service_users()}
    assert installation.misfits(tmp_path) == []


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
    assert installation.misfits(tmp_path) == []
