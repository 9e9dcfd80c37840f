"""The Valkey that comes along: durable, on its own, and never two on one folder."""

from pathlib import Path

import pytest
import redis

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.bus.redis_bus import connect
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.settings import CommonSettings


def test_it_answers_over_tcp_and_over_its_socket(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        answers = [redis.Redis.from_url(url).ping() for url in (server.url, server.socket_url)]

    assert answers == [True, True]


def test_it_never_evicts_and_keeps_an_append_only_file(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        config = redis.Redis.from_url(server.url).config_get("*")

    assert (config["maxmemory-policy"], config["appendonly"], config["appendfsync"]) == ("noeviction", "yes", "everysec")


def test_what_was_written_is_there_after_it_was_killed(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    redis.Redis.from_url(server.start()).set("kept", "yes")
    server.kill()

    value = redis.Redis.from_url(server.start()).get("kept")
    server.stop()

    assert value == b"yes"


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path), pytest.raises(ConfigError, match="another Valkey server"):
        EmbeddedValkey(tmp_path).start()


def test_it_leaves_no_process_behind(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        pid = server.pid

    assert not Path(f"/proc/{pid}").exists()


async def test_a_server_that_is_not_there_is_unavailable_and_its_password_is_not_told() -> None:
    bus = CommonSettings(redis_url="redis://someone:very-secret@127.0.0.1:1/0")

    with pytest.raises(Unavailable) as failure:
        await connect(bus, SystemClock(), service="test", wait_s_max=0.1)

    assert "127.0.0.1:1" in str(failure.value)
    assert "very-secret" not in str(failure.value)


async def test_a_refused_password_is_a_setting_to_correct(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        settings = CommonSettings(redis_url=server.url.replace("redis://", "redis://someone:wrong@"))

        with pytest.raises(ConfigError, match="MEMESNIPE_REDIS_URL"):
            await connect(settings, SystemClock(), service="test", wait_s_max=0.1)
