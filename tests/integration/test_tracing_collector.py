"""What a collector may answer, over real HTTP, and what tracer makes of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.testing.builders import a_fill
from memesnipe.testing.collectors import TraceCollector
from memesnipe.tracing.collector import ANSWER_BYTES_MAX, Answer, Collector
from memesnipe.tracing.settings import TracingSettings
from memesnipe.tracing.spans import spans_of

SPANS = spans_of(a_fill())


@pytest.fixture
def theirs() -> Iterator[TraceCollector]:
    with TraceCollector() as theirs:
        yield theirs


@asynccontextmanager
async def ours(url: str, timeout_s: float = 10.0) -> AsyncIterator[Collector]:
    collector = Collector(TracingSettings(otlp_url=url, otlp_timeout_s=timeout_s))
    try:
        yield collector
    finally:
        await collector.close()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Answer(taken=True)), (400, Answer(False, True, "http_400")), (413, Answer(False, True, "http_413")),
        (301, Answer(False, False, "http_301")), (308, Answer(False, False, "http_308")), (401, Answer(False, False, "http_401")),
        (404, Answer(False, False, "http_404")), (429, Answer(False, False, "http_429")), (503, Answer(False, False, "http_503")),
    ],
)  # fmt: skip
async def test_only_a_yes_is_one_and_only_what_no_one_can_put_right_is_final(theirs: TraceCollector, status: int, answer: Answer) -> None:
    theirs.status = status

    async with ours(theirs.url) as collector:
        assert await collector.export(SPANS) == answer


async def test_how_long_it_asks_to_be_left_alone_is_heard(theirs: TraceCollector) -> None:
    theirs.status, theirs.retry_after = 429, "17"

    async with ours(theirs.url) as collector:
        assert (await collector.export(SPANS)).after_s == 17.0


async def test_an_address_that_no_host_can_have_is_unreachable() -> None:
    async with ours("http://999.1.1.1:4318/v1/traces") as collector:
        assert await collector.export(SPANS) == Answer(False, False, "unreachable")


async def test_one_that_is_not_there_or_never_answers_or_never_stops_is_unreachable_in_time() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await asyncio.sleep(60)

    async def slow(asked: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(600):
            writer.write(b"x")
            await asyncio.sleep(0.1)

    for door in (silent, slow):
        server = await asyncio.start_server(door, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/traces"
        async with ours(url, timeout_s=0.5) as collector:
            assert await asyncio.wait_for(collector.export(SPANS), 20) == Answer(False, False, "unreachable")
        server.close()
    async with ours("http://127.0.0.1:1/v1/traces") as collector:
        assert await collector.export(SPANS) == Answer(False, False, "unreachable")


async def test_an_answer_without_end_is_read_no_further_than_it_may_be() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n" + b"\xff" * (2 * ANSWER_BYTES_MAX))
        await writer.drain()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with ours(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/traces") as collector:
        assert await collector.export(SPANS) == Answer(taken=True)
    server.close()


def test_a_ca_file_without_a_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("nothing")

    with pytest.raises(ConfigError, match=r"MEMESNIPE_OTLP_CA_FILE: .* holds no certificate"):
        Collector(TracingSettings(otlp_url="https://collector/v1/traces", otlp_ca_file=str(file)))
