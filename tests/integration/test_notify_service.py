"""notifier as a process, on a real Redis and a real ledger, telling a real HTTP server by apprise; killed, refused, and looked through."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import redis

from memesnipe.bus.api import Batch, State
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CONFIG, FILLS, KILL_SWITCH, STATE_KEY
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.ports import free_port
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter
from memesnipe.notify.book import Book
from memesnipe.notify.destinations import DESTINATIONS_MAX, destinations_in
from memesnipe.notify.summary import DAY_NS, summary_of
from memesnipe.notify.wording import stakes_of
from memesnipe.testing.builders import SOL, a_config, a_fill, a_halt, a_sale, an_intent
from memesnipe.testing.chart.prometheus import NoPrometheus, prometheus
from memesnipe.testing.chats import SECRET, Chat
from memesnipe.testing.service_process import ServiceProcess, killed_at_the_end
from memesnipe.testing.stacks import until

SENTENCE_S = 60


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as chat:
        yield chat


class Service(ServiceProcess):
    """`memesnipe notifier` with a file of addresses."""

    def __init__(self, data: Path, valkey_url: str, *urls: str, **env: str) -> None:
        file = data / "urls"
        file.write_text("# whom to tell\n" + "".join(f"{url}\n" for url in urls))
        file.chmod(0o600)
        super().__init__("notifier", data, {"REDIS_URL": valkey_url, "DATA_DIR": str(data), "NOTIFY_URLS_FILE": str(file), **env})


Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path, valkey_url: str) -> Iterator[Start]:
    """`start(url, ...)`: the service, which is stopped at the end."""
    made: list[ServiceProcess] = []

    def make(*urls: str, **env: str) -> Service:
        made.append(service := Service(tmp_path, valkey_url, *urls, **env))
        return service

    with killed_at_the_end(made):
        yield make


async def applied(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(time_ns=time.time_ns()))


async def trade(bus: RedisBus, count: int = 1) -> None:
    for _ in range(count):
        fill = a_fill(an_intent(time_ns=time.time_ns()))
        await bus.publish(FILLS.of(fill.strategy), fill, fill.signature)


async def test_a_fill_and_a_halt_are_told_and_no_secret_is_in_log_metrics_argv_or_environment(
    bus: RedisBus, chat: Chat, start: Start
) -> None:
    await applied(bus)
    service = start(chat.url, "json://127.0.0.1:1/other").ready()

    await trade(bus)
    await bus.publish(KILL_SWITCH.name, a_halt(reason="feed is odd", time_ns=time.time_ns()))
    until(lambda: len(chat.told) >= 2, SENTENCE_S, "both messages")
    for counted in ('sent_total{destination="1-json"} 2.0', 'failed_total{destination="2-json"}'):
        until(lambda counted=counted: counted in service.get("metrics"), SENTENCE_S, counted)  # type: ignore[misc]  # a default binds it

    process = Path("/proc") / str(service.process.pid)
    seen = [service.log.read_text(), service.get("metrics"), (process / "cmdline").read_text(), (process / "environ").read_text()]
    assert {title[:15] for title in chat.titles()} == {"momentum bought", "the whole portf"}
    assert not any(SECRET in text for text in [*seen, *(json.dumps(one) for one in chat.told)])


async def test_killed_between_saying_and_keeping_it_says_the_last_message_twice_and_nothing_else(
    bus: RedisBus, chat: Chat, start: Start
) -> None:
    await applied(bus)
    service = start(chat.url, NOTIFY_PER_MINUTE="600").ready()
    await trade(bus, 3)
    until(lambda: service.get("metrics").count('made_total{kind="fill"} 3.0'), SENTENCE_S, "three notes")
    until(lambda: len(chat.told) >= 1, SENTENCE_S, "the first message")
    service.stop()
    chat.told.clear()

    service.again(MEMESNIPE_FAILPOINT="notify.sent")
    service.ready()
    await bus.publish(KILL_SWITCH.name, a_halt(time_ns=time.time_ns()))
    until(lambda: service.process.poll() is not None, SENTENCE_S, "the kill")
    service.again()
    service.ready()
    until(lambda: len(chat.told) >= 2, SENTENCE_S, "the repetition")
    service.stop()

    assert chat.titles() == ["the whole portfolio: HALTED"] * 2


async def test_a_restart_says_nothing_again_and_a_first_start_nothing_of_the_past(bus: RedisBus, chat: Chat, start: Start) -> None:
    await applied(bus)
    await trade(bus, 5)
    await bus.publish(KILL_SWITCH.name, a_halt())
    await asyncio.sleep(0.01)  # what is written in the very millisecond of the first start is news

    service = start(chat.url).ready()
    service.stop()
    service.again()
    service.ready()
    await trade(bus)

    until(lambda: chat.told, SENTENCE_S, "the new fill")
    assert [title[:15] for title in chat.titles()] == ["momentum bought"]


async def test_a_destination_that_refuses_is_asked_again_and_gets_what_waited_as_one_list(bus: RedisBus, chat: Chat, start: Start) -> None:
    await applied(bus)
    chat.refuses = True
    service = start(chat.url).ready()

    await trade(bus, 4)
    until(lambda: chat.refused >= 1 and 'made_total{kind="fill"} 4.0' in service.get("metrics"), SENTENCE_S, "a refusal of four notes")
    chat.refuses = False

    until(lambda: chat.told, SENTENCE_S, "the list")
    assert [one["title"] for one in chat.told] == ["4 messages that waited"]
    until(lambda: 'waiting{destination="1-json"} 0.0' in service.get("metrics"), SENTENCE_S, "nothing waiting")
    assert "not_taken" in service.log.read_text()


async def test_a_redis_that_lost_everything_loses_no_message_that_waits(bus: RedisBus, valkey_url: str, chat: Chat, start: Start) -> None:
    await applied(bus)
    chat.refuses = True
    service = start(chat.url).ready()
    await trade(bus)
    until(lambda: 'made_total{kind="fill"} 1.0' in service.get("metrics"), SENTENCE_S, "the note")

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await bus.publish(KILL_SWITCH.name, a_halt(time_ns=time.time_ns()))
    chat.refuses = False

    until(lambda: len(chat.told) >= 2, SENTENCE_S, "what waited, and what came after")
    assert [title[:15] for title in chat.titles()] == ["momentum bought", "the whole portf"]


async def test_after_a_time_away_it_says_so(bus: RedisBus, chat: Chat, start: Start) -> None:

    long_ago = time.time_ns() - 1_200 * NS_PER_S
    stored = msgspec.msgpack.encode(Book(began_ms=long_ago // 10**6, seen_ns=long_ago, stakes=stakes_of(a_config()), taken={"1-json": 0}))
    await bus.commit(Batch("test", ()), (), State(STATE_KEY.format(stage="notifier"), 0, stored))

    start(chat.url).ready()

    until(lambda: chat.told, SENTENCE_S, "the word")
    assert chat.titles() == ["notifications were away for 20 min"]


async def test_alertmanagers_webhook_is_told_on_and_what_is_none_is_refused(bus: RedisBus, chat: Chat, start: Start) -> None:
    port = free_port()
    start(chat.url, NOTIFY_ALERTS_PORT=str(port)).ready()

    def post(body: bytes) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/alerts", body, {"Content-Type": "application/json"})
        try:
            return int(urllib.request.urlopen(request, timeout=10).status)
        except urllib.error.HTTPError as error:
            return error.code

    codes = [
        post(b'{"alerts":[{"status":"firing","labels":{"alertname":"Lag","severity":"warning"}}]}'),
        post(b"[]"),
        post(b"x" * 1_100_000),
    ]

    until(lambda: chat.told, SENTENCE_S, "the alert")
    assert (codes, chat.titles()) == ([200, 400, 413], ["warning: Lag"])


RULE = "groups: [{name: own, rules: [{alert: ExitStuck, expr: 'vector(%d) > 0', labels: {severity: critical}}]}]"


class Prometheus:
    """Debian's own, with one rule, and a notifier's door for its Alertmanager. It evaluates five times a second, and
    repeats itself as often."""

    def __init__(self, program: Path, folder: Path, notifier_port: int) -> None:
        self._rules = folder / "rules.yml"
        self.fires(1)
        config = {
            "global": {"evaluation_interval": "200ms"},
            "rule_files": [str(self._rules)],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{notifier_port}"]}]}]},
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        options = {
            "config.file": folder / "prometheus.yml",
            "storage.tsdb.path": folder / "tsdb",
            "web.listen-address": f"127.0.0.1:{free_port()}",
            "rules.alert.resend-delay": "200ms",
        }
        with (folder / "prometheus.log").open("wb") as log:
            command = [str(program), *(f"--{name}={value}" for name, value in options.items())]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)

    def fires(self, value: int) -> None:
        """Say whether the rule holds; counts once it reloads."""
        self._rules.write_text(RULE % value)

    def reload(self) -> None:
        """Read the rule anew."""
        self.process.send_signal(signal.SIGHUP)


@contextmanager
def a_prometheus(folder: Path, notifier_port: int) -> Iterator[Prometheus]:
    try:
        one = Prometheus(prometheus(), folder, notifier_port)
    except NoPrometheus as missing:
        pytest.skip(str(missing))
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait(60)


def repetitions(service: Service) -> int:
    """Return how many requests that told of alerts it acknowledged."""
    found = [
        line for line in service.get("metrics").splitlines() if line.startswith('memesnipe_notifications_alerts_total{outcome="noted"}')
    ]
    return int(float(found[0].split()[-1])) if found else 0


async def test_what_prometheus_says_again_and_again_is_told_once_when_it_begins_and_once_when_it_ends(
    bus: RedisBus, chat: Chat, start: Start, tmp_path: Path
) -> None:
    port = free_port()
    await applied(bus)
    service = start(chat.url, NOTIFY_ALERTS_PORT=str(port)).ready()

    with a_prometheus(tmp_path, port) as rules:
        until(lambda: repetitions(service) >= 3 and chat.told, SENTENCE_S, "repetitions")
        rules.fires(0)
        rules.reload()
        until(lambda: len(chat.told) >= 2, SENTENCE_S, "its end")
        ended = repetitions(service)
        until(lambda: repetitions(service) >= ended + 2, SENTENCE_S, "repetitions of its end")

    assert chat.titles() == ["critical: ExitStuck", "resolved: ExitStuck"]


async def test_destinations_that_hang_hold_up_none_of_the_others(bus: RedisBus, chat: Chat, start: Start) -> None:
    await applied(bus)
    with Chat() as silent:
        silent.answers.clear()
        service = start(*(f"{silent.url}?to={number}" for number in range(DESTINATIONS_MAX - 1)), chat.url, NOTIFY_TIMEOUT_S="60").ready()
        until(lambda: 'waiting{destination="1-json"}' in service.get("metrics"), SENTENCE_S, "the destinations")

        await trade(bus)
        until(lambda: chat.told, SENTENCE_S, "who answers is told")
        hung = [line for line in service.get("metrics").splitlines() if "_waiting{" in line and line.endswith(" 1.0")]
        silent.answers.set()

    assert len(hung) == DESTINATIONS_MAX - 1


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("nonsense://tok3nOfaPerson\n", 0o600, "urls:1: not an address"),
        ("# none\n", 0o600, "holds no address"),
        ("json://x\n", 0o644, "chmod 600"),
    ],
    ids=["unknown", "empty", "open to others"],
)
def test_a_file_that_is_wrong_is_one_clear_word_without_the_address(
    tmp_path: Path, valkey_url: str, content: str, mode: int, said: str
) -> None:
    file = tmp_path / "urls"
    file.write_text(content)
    file.chmod(mode)
    env = {"PATH": os.environ["PATH"], "MEMESNIPE_REDIS_URL": valkey_url, "MEMESNIPE_NOTIFY_URLS_FILE": str(file)}

    ran = subprocess.run(
        [sys.executable, "-m", "memesnipe", "notifier"], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )

    assert (ran.returncode, said in ran.stderr, SECRET in ran.stderr) == (78, True, False), ran.stderr


def test_no_destination_shows_its_address(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text(f"json://user:{SECRET}@example.org/{SECRET}\ntgram://123456789:{'a' * 35}/987654/\n")
    file.chmod(0o600)

    found = destinations_in(file, timeout_s=1.0)

    assert [repr(one) for one in found] == ["Destination(1-json)", "Destination(2-telegram)"]


def test_the_daily_summary_counts_the_day_alone_from_the_ledger(tmp_path: Path) -> None:
    now_ns = time.time_ns()
    migrate(ledger_url(str(tmp_path)))
    engine = open_engine(ledger_url(str(tmp_path)))
    for slot, age_ns in ((1_000, 2 * DAY_NS), (2_000, SOL)):
        bought = a_fill(an_intent(time_ns=now_ns - age_ns - 2 * SOL), slot=slot)
        sale = a_sale(size_units=bought.token_delta_units, time_ns=now_ns - age_ns)
        LedgerWriter(engine).record([bought, a_fill(sale, slot=slot + 1, sol_delta_lamports=SOL // 5)])

    one = summary_of(engine, stakes_of(a_config()), now_ns)

    assert one.title == "[PAPER] the last 24 hours"
    assert "momentum: 1 trades closed, 1 won, net +0.1000 SOL" in one.body
    assert "2 fills" in one.body
