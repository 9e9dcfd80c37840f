"""Refused keys, rate limits of both kinds, and what a host's headers do to the calls that follow."""

import itertools
import time

import httpx
import pytest

from memesnipe.chain.clients import limits
from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.metrics import SAID_NO
from memesnipe.chain.clients.rpc import SEND, SolanaRpc
from memesnipe.chain.clients.transport import NeverSent, Transport
from memesnipe.kernel.errors import Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.testing.builders import MINT

RATE = Rate(per_s=1_000.0, burst=1_000, reserved=0)
HOSTS = itertools.count()


def answering(response: httpx.Response | Exception, *, part: str = "host", url: str = "", **options: object) -> Transport:
    """A client of a host of its own, unless the test names one: clients of one host share their bucket."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response.status_code, content=response.content, headers=response.headers)

    asked: list[httpx.Request] = []
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    made = Transport(part, url or f"https://host-{next(HOSTS)}.example", rate=RATE, http=http, **options)  # type: ignore[arg-type]  # of this file's own calls
    made.asked = asked  # type: ignore[attr-defined]  # for the test to count
    return made


def waits(host: Transport, lane: Lane = Lane.EXIT, call: str = "any") -> float:
    return host._bucket_of(call).wait_s(lane, time.monotonic())


def counted(endpoint: str, kind: str) -> float:
    return float(SAID_NO.labels(endpoint, kind)._value.get())


@pytest.mark.parametrize("status", [401, 403])
async def test_a_bad_jupiter_key_is_refused_once_with_the_setting_to_mend(status: int) -> None:
    host = answering(httpx.Response(status, text="Unauthorized"), part="jupiter", key_variable="MEMESNIPE_JUPITER_API_KEY")

    with pytest.raises(Refused, match="MEMESNIPE_JUPITER_API_KEY") as caught:
        await Jupiter(host).prices([MINT])

    assert caught.value.code is ReasonCode.API_KEY_REFUSED
    assert len(host.asked) == 1  # type: ignore[attr-defined]


async def test_the_shipped_jupiter_client_names_its_setting() -> None:
    client = Jupiter.at("https://jupiter.example", "a key")

    assert client._transport._key_variable == "MEMESNIPE_JUPITER_API_KEY"
    await client.close()


async def test_a_refused_key_does_not_end_the_watch_of_what_was_sent() -> None:
    """A chain client stays Unavailable: a landing that is only unknown must never look refused."""
    host = answering(httpx.Response(401), part="rpc")

    with pytest.raises(Unavailable):
        await host.post("/", b"{}", call="getSignatureStatuses")


async def test_a_429_stops_the_next_call_for_as_long_as_the_host_said() -> None:
    host, before = answering(httpx.Response(429, headers={"retry-after": "7"})), counted("host.any", "rate_limited")

    with pytest.raises(Unavailable) as caught:
        await host.get("/", {}, call="any")

    assert caught.value.retry_after_s == 7.0
    assert 6.0 < waits(host) <= 7.0
    assert counted("host.any", "rate_limited") == before + 1


@pytest.mark.parametrize("code", [429, -32429])
async def test_a_rate_limit_inside_a_200_stops_the_next_call_and_is_counted_as_one(code: int) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "slow down"}}
    host, before = answering(httpx.Response(200, json=body), part="rpc"), counted(f"rpc.{SEND}", "rate_limited_in_200")

    with pytest.raises(Unavailable):
        await SolanaRpc(host).send(b"transaction")

    assert waits(host) > 0
    assert counted(f"rpc.{SEND}", "rate_limited_in_200") == before + 1


async def test_without_retry_after_the_reset_says_how_long() -> None:
    host = answering(httpx.Response(429, headers={"x-ratelimit-reset": "12"}))

    with pytest.raises(Unavailable) as caught:
        await host.get("/", {}, call="any")

    assert caught.value.retry_after_s == 12.0


@pytest.mark.parametrize("scale", [1, 1_000])
async def test_a_reset_that_is_a_point_in_time_is_read_as_one(scale: int) -> None:
    at = int((time.time() + 30) * scale)
    host = answering(httpx.Response(200, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(at)}))

    await host.get("/", {}, call="any")

    assert 25.0 < waits(host, Lane.NORMAL) <= 30.0


async def test_ordinary_calls_stop_when_the_host_counts_none_left() -> None:
    host = answering(httpx.Response(200, headers={"x-ratelimit-remaining": "0", "x-ratelimit-current": "60", "x-ratelimit-reset": "5"}))

    await host.get("/", {}, call="any")

    assert waits(host, Lane.NORMAL) > 4.0
    assert waits(host, Lane.EXIT) < 1.0


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e9", "9" * 40, "Wed, 21 Oct 2026 07:28:00 GMT", "٣"])
async def test_a_header_that_is_no_number_is_ignored(text: str) -> None:
    headers = [(b"x-ratelimit-remaining", text.encode()), (b"x-ratelimit-reset", text.encode())]
    host = answering(httpx.Response(200, headers=headers))

    await host.get("/", {}, call="any")

    assert waits(host, Lane.NORMAL) == 0.0


async def test_two_clients_of_one_host_and_key_wait_for_each_other() -> None:
    first = answering(httpx.Response(429, headers={"retry-after": "9"}), url="https://shared.example/?api-key=one")
    second = answering(httpx.Response(200), url="https://shared.example/?api-key=one")
    other_key = answering(httpx.Response(200), url="https://shared.example/?api-key=two")

    with pytest.raises(Unavailable):
        await first.get("/", {}, call="any")

    assert waits(second) > 8.0
    assert waits(other_key) == 0.0


async def test_two_apis_on_one_host_do_not_wait_for_each_other() -> None:
    """A localnet speaks all vendors' APIs on one port."""
    first = answering(httpx.Response(429, headers={"retry-after": "9"}), part="jito", url="https://both.example")
    second = answering(httpx.Response(200), part="rpc", url="https://both.example")

    with pytest.raises(Unavailable):
        await first.get("/", {}, call="any")

    assert waits(second) == 0.0


async def test_sends_that_are_rate_limited_do_not_blind_us() -> None:
    host = answering(httpx.Response(429, headers={"retry-after": "9"}), part="rpc", apart={SEND: RATE})

    with pytest.raises(Unavailable):
        await SolanaRpc(host).send(b"transaction")

    assert waits(host, call=SEND) > 8.0
    assert waits(host, call="getSignatureStatuses") == 0.0


def test_no_key_is_to_be_seen_where_buckets_are_found() -> None:
    made = answering(httpx.Response(200), url="https://rpc.example/?api-key=very-secret", headers={"x-api-key": "very-secret"})

    assert made is not None
    assert "very-secret" not in repr(dict(limits._SHARED))


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")])
async def test_a_request_that_never_left_is_told_from_one_that_may_have_arrived(error: Exception) -> None:
    with pytest.raises(NeverSent):
        await answering(error).post("/", b"", call="any")


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("hung up"), httpx.WriteError("broken")])
async def test_a_request_that_may_have_arrived_is_never_called_unsent(error: Exception) -> None:
    with pytest.raises(Unavailable) as caught:
        await answering(error).post("/", b"", call="any")

    assert not isinstance(caught.value, NeverSent)
