"""Set-up on one host: what is secret is made once, a renewal keeps both ends together, and no toy wallet stays beside real money."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from memesnipe.approvals import certificates
from memesnipe.approvals.certificates import Files
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.service import EXIT_FAILED
from memesnipe.kernel.settings import CommonSettings, load
from memesnipe_operator.setup.dealing import services
from memesnipe_operator.setup.host import HostSettings, run

NOW = datetime.now(UTC)


@pytest.fixture
def settings(tmp_path: Path) -> HostSettings:
    for name in services():
        (tmp_path / "volumes" / name).mkdir(parents=True)
    return HostSettings(data_dir=str(tmp_path / "made"), setup_volumes=str(tmp_path / "volumes"), rpc_url="http://localnet:8899")


def dealt(settings: HostSettings) -> dict[str, bytes]:
    folder = Path(settings.setup_volumes)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_second_run_changes_nothing(settings: HostSettings) -> None:
    await run(settings.with_wallet(), NOW)
    first = dealt(settings)

    await run(settings.with_wallet(), NOW)

    assert dealt(settings) == first


async def test_every_file_is_its_owners_alone(settings: HostSettings) -> None:
    await run(settings.with_wallet(), NOW)

    modes = {path.stat().st_mode & 0o777 for path in Path(settings.setup_volumes).rglob("*") if path.is_file()}

    assert modes == {0o600}


async def test_a_renewal_leaves_a_pair_whose_ends_believe_each_other(settings: HostSettings) -> None:
    await run(settings.with_wallet(), NOW - timedelta(days=800))
    before = dealt(settings)

    await run(settings.with_wallet(), NOW)

    after, volumes = dealt(settings), Path(settings.setup_volumes)
    assert after["signer/tls/tls.crt"] != before["signer/tls/tls.crt"]
    assert after["signer/tls/ca.crt"] == after["wallet_guard/tls/ca.crt"]
    for name, context in (("signer", certificates.server), ("wallet_guard", certificates.client)):
        tls = volumes / name / "tls"
        assert context(Files(tls / "ca.crt", tls / "tls.crt", tls / "tls.key"))


async def test_redis_keeps_the_users_that_control_made(settings: HostSettings) -> None:
    await run(settings.with_wallet(), NOW)
    users = Path(settings.setup_volumes) / "redis" / "users.acl"
    users.write_text(users.read_text() + "user risk_guardian on\n")

    await run(settings.with_wallet(), NOW)

    assert "user risk_guardian on" in users.read_text()


async def test_live_beside_a_real_chain_no_wallet_that_a_program_made_is_left(settings: HostSettings) -> None:
    await run(settings.with_wallet(), NOW)
    live = msgspec.structs.replace(settings, rpc_url="https://rpc.example", paper_trading_mode=False, localnet=False)

    await run(live.with_wallet(), NOW)

    assert [name for name in dealt(settings) if "wallet.pub" in name or "localnet_wallet" in name] == []


async def test_control_gets_passwords_and_the_services_addresses(settings: HostSettings) -> None:
    await run(settings.with_wallet(), NOW)
    files = dealt(settings)

    password = files["control/redis/risk_guardian"].decode()

    assert files["risk_guardian/redis-url"].decode() == f"redis://risk_guardian:{password}@redis:6379/0"


def test_an_error_of_a_stranger_ends_it_as_one_line_without_its_text(settings: HostSettings) -> None:
    damaged = Path(settings.data_dir) / settings.namespace / "secrets.memesnipe-redis-admin.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text('{"metadata": {}, "data": {"url": 5}}')
    told = {f"MEMESNIPE_{name.upper()}": getattr(settings, name) for name in ("data_dir", "setup_volumes", "rpc_url")}

    ended = subprocess.run(  # a process of its own: it takes the logging of the one that runs it
        [sys.executable, "-m", "memesnipe_operator.setup.host"], env=os.environ | told, capture_output=True, text=True, check=False
    )

    assert ended.returncode == EXIT_FAILED
    assert '"detail":"TypeError in base64:' in ended.stderr.splitlines()[-1]


def test_an_address_comes_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    file = tmp_path / "redis-url"
    file.write_text("redis://a:b@c:1/0\n")

    assert load(CommonSettings, {"MEMESNIPE_REDIS_URL_FILE": str(file)}).redis_url == "redis://a:b@c:1/0"
    assert load(CommonSettings, {"MEMESNIPE_REDIS_URL_FILE": str(file), "MEMESNIPE_REDIS_URL": "redis://d"}).redis_url == "redis://d"


def test_a_file_that_is_missing_is_named_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_REDIS_URL_FILE"):
        load(CommonSettings, {"MEMESNIPE_REDIS_URL_FILE": str(tmp_path / "nothing")})
