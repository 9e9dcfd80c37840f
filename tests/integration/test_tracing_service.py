"""tracer as a process, on a real Redis, handing real OTLP to a real HTTP server; killed, refused, put off, and looked through."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CONFIG, FILLS
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.messages.orders import Fill
from memesnipe.messages.way import Way
from memesnipe.testing.builders import a_config, a_fill, an_intent
from memesnipe.testing.collectors import KEY, TraceCollector
from memesnipe.testing.service_process import ServiceProcess, killed_at_the_end
from memesnipe.testing.stacks import until
from memesnipe.tracing.spans import spans_of

SENTENCE_S = 60
HOPS = ["order", "event", "wish", "approve", "take", "fill"]


@pytest.fixture
def collector() -> Iterator[TraceCollector]:
    with TraceCollector() as collector:
        yield collector


class Service(ServiceProcess):
    """`memesnipe tracer` with a file of headers."""

    def __init__(self, data: Path, valkey_url: str, url: str) -> None:
        file = data / "headers"
        file.write_text(f"X-Key: {KEY}\n")
        file.chmod(0o600)
        super().__init__("tracer", data, {"REDIS_URL": valkey_url, "OTLP_URL": url, "OTLP_HEADERS_FILE": str(file)})

    def again(self, **env: str) -> None:
        super().again(**env)
        self.ready()

    def shows(self, line: str) -> None:
        """Wait until a line is in the metrics."""
        until(lambda: line in self.get("metrics"), SENTENCE_S, f"{line} in {self.get('metrics')}")


Start = Callable[[], Service]


@pytest.fixture
def start(tmp_path: Path, valkey_url: str, collector: TraceCollector) -> Iterator[Start]:
    """`start()`: the service, which is stopped at the end."""
    made: list[ServiceProcess] = []

    def make() -> Service:
        made.append(service := Service(tmp_path, valkey_url, collector.url))
        return service.ready()

    with killed_at_the_end(made):
        yield make


@pytest.fixture(autouse=True)
async def applied(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(time_ns=time.time_ns()))


async def trade(bus: RedisBus, count: int = 1) -> list[Fill]:
    fills = [_filled() for _ in range(count)]
    for fill in fills:
        await bus.publish(FILLS.of(fill.strategy), fill, fill.signature)
    return fills


def _filled() -> Fill:
    intent = an_intent(time_ns=time.time_ns())
    stamps = [intent.time_ns + step * NS_PER_MS for step in (3, 5, 6)]
    way = Way(
        intent.event_id, intent.slot, intent.time_ns, stamps[0], intent.reason, intent.size_lamports, 100, stamps[1], "ab", 0, stamps[2]
    )
    return a_fill(intent, way=way)


async def test_an_order_is_one_trace_to_the_collector_and_its_key_is_shown_nowhere(
    bus: RedisBus, collector: TraceCollector, start: Start
) -> None:
    service = start()

    (fill,) = await trade(bus)
    until(lambda: len(collector.spans) >= len(HOPS), SENTENCE_S, "the trace")

    got = {span.name: span for span in collector.of(fill.intent_id)}
    made = {span.name: span for span in spans_of(fill)}
    assert sorted(got) == sorted(HOPS)
    for name, span in made.items():
        seen = got[name]
        assert (seen.span_id, seen.parent, seen.service, seen.failed) == (span.span_id, span.parent, span.service, "")
        assert (seen.start_ns, seen.end_ns, seen.attributes) == (span.start_ns, span.end_ns, span.attributes)
    process = Path("/proc") / str(service.process.pid)
    shown = [service.log.read_text(), service.get("metrics"), (process / "cmdline").read_text(), (process / "environ").read_text()]
    assert collector.keys == {KEY}
    assert not any(KEY in text for text in shown)
    service.shows("memesnipe_trace_spans_exported_total 6.0")


async def test_a_collector_that_is_away_gets_all_of_it_later_and_the_log_says_so_once(
    bus: RedisBus, collector: TraceCollector, start: Start
) -> None:
    collector.status = 503
    service = start()

    fills = await trade(bus, 3)
    until(lambda: collector.asked >= 2, SENTENCE_S, "being asked again")
    service.shows("memesnipe_trace_outcomes_waiting 3.0")
    assert service.get("readyz")
    collector.status = 200

    until(lambda: len(collector.spans) >= 3 * len(HOPS), SENTENCE_S, "the traces")
    service.shows("memesnipe_trace_outcomes_waiting 0.0")
    assert [len(collector.of(fill.intent_id)) for fill in fills] == [len(HOPS)] * 3
    assert len(collector.spans) == 3 * len(HOPS)
    log = service.log.read_text()
    assert (log.count("collector_does_not_take"), log.count("collector_takes_again")) == (1, 1)
    assert 'memesnipe_trace_exports_failed_total{why="http_503"}' in service.get("metrics")


async def test_what_is_refused_for_good_is_given_up_counted_and_what_comes_after_is_taken(
    bus: RedisBus, collector: TraceCollector, start: Start
) -> None:
    collector.status = 400
    service = start()

    await trade(bus)
    service.shows('memesnipe_trace_spans_dropped_total{reason="refused"} 6.0')
    collector.status, collector.rejects = 200, 2
    (after,) = await trade(bus)

    until(lambda: collector.of(after.intent_id), SENTENCE_S, "the next trace")
    service.shows('memesnipe_trace_spans_dropped_total{reason="rejected"} 2.0')
    service.shows("memesnipe_trace_spans_exported_total 4.0")


async def test_killed_before_it_kept_how_far_it_was_it_repeats_the_same_spans_and_no_others(
    bus: RedisBus, collector: TraceCollector, start: Start
) -> None:
    service = start()
    old = await trade(bus)
    until(lambda: len(collector.spans) >= len(HOPS), SENTENCE_S, "the first trace")
    service.stop()
    collector.spans.clear()

    service.again(MEMESNIPE_FAILPOINT="tracing.exported")
    (fill,) = await trade(bus)
    until(lambda: service.process.poll() is not None, SENTENCE_S, "the kill")
    service.again()
    until(lambda: len(collector.spans) >= 2 * len(HOPS), SENTENCE_S, "the repetition")

    assert collector.of(old[0].intent_id) == []
    assert [span.span_id for span in collector.spans].count(collector.spans[0].span_id) == 2
    assert len(collector.of(fill.intent_id)) == len(HOPS)


async def test_a_redis_that_lost_everything_loses_no_trace_that_waits(
    bus: RedisBus, valkey_url: str, collector: TraceCollector, start: Start
) -> None:
    collector.status = 503
    service = start()
    (before,) = await trade(bus)
    service.shows("memesnipe_trace_outcomes_waiting 1.0")

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await bus.publish(CONFIG.name, a_config(time_ns=time.time_ns()))
    (after,) = await trade(bus)
    collector.status = 200

    until(lambda: len(collector.spans) >= 2 * len(HOPS), SENTENCE_S, "what waited, and what came after")
    assert [len(collector.of(fill.intent_id)) for fill in (before, after)] == [len(HOPS)] * 2


def test_without_an_address_it_says_so_in_one_line_and_ends(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "MEMESNIPE_OTLP_URL": "collector:4318"}

    ran = subprocess.run([sys.executable, "-m", "memesnipe", "tracer"], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert (ran.returncode, ran.stderr.count("config_error"), "MEMESNIPE_OTLP_URL: must be" in ran.stderr) == (78, 1, True), ran.stderr
