"""Hosts that answer with nonsense, without end or not at all: `memesnipe live-check` names it and never trips over it."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import pytest
from aiohttp import web

from memesnipe.kernel.clock import SystemClock
from memesnipe.live_check import look as looking
from memesnipe.live_check.facts import Facts, Health, Silent, Unseen
from memesnipe.live_check.gather import chain, hosts
from memesnipe.live_check.gather.probe import Probe, Unanswered
from memesnipe.live_check.installation import Installation, Running, read
from memesnipe.live_check.look import look, looks_of, names
from memesnipe.testing.served import served

SECRET = "s3cretkey"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Installation]:
    """An installation whose only host answers by `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with served(app) as base:
        url = f"{base}/?api-key={SECRET}"
        env = {
            "SIGNER_URL": "http://127.0.0.1:1",
            "RPC_URL": url,
            "JUPITER_URL": url,
            "WS_URL": url.replace("http", "ws"),
            "WALLET_PUBKEY": "1" * 32,
        }
        yield read({f"MEMESNIPE_{name}": value for name, value in env.items()}, Running(False, {}))


def always(body: bytes, *, status: int = 200, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


async def without_end(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" " * 65_536)
    return response


async def heard(handler: Handler) -> list[str]:
    """Return what every question to such a host ends in."""
    async with serving(handler) as place:
        probe, clock = Probe(SystemClock()), SystemClock()
        questions: list[Coroutine[Any, Any, object]] = [
            chain.genesis(place, probe),
            chain.balance(place, probe),
            chain.holding(place, probe),
            chain.priority_fee(place, probe),
        ]
        questions += [hosts.quote(place, probe), hosts.price(place, probe), hosts.websocket(place, clock)]
        answers = await asyncio.gather(*questions, return_exceptions=True)
        await probe.close()
    assert all(isinstance(each, Unanswered) for each in answers), answers
    assert SECRET not in str(answers)
    return [str(each) for each in answers]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "KEYLESS_PAUSE_S", 0.0)
    monkeypatch.setattr(hosts, "ACK_S_MAX", 1.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"[]",
        b'"ok"',
        b'{"result": NaN}',
        b'{"result": {"value": -1}}',
        b'{"result": 1, "result": 2}',
        b'{"result": null, "error": {"code": -32601, "message": "\x1b[2J"}}',
        b'{"result": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
    ids=["empty", "html", "no text", "list", "text", "nan", "negative", "twice", "error", "deep"],
)
async def test_an_answer_that_makes_no_sense_is_no_answer(body: bytes) -> None:
    assert await heard(always(body))


@pytest.mark.parametrize("status", [301, 401, 403, 429, 500, 503])
async def test_a_refusal_is_told_by_its_number(status: int) -> None:
    said = await heard(always(b"{}", status=status))

    assert [each for each in said if str(status) not in each] == []


async def test_an_answer_without_end_is_cut_off() -> None:
    assert "more than 4 MiB" in " ".join(await heard(without_end))


async def test_a_small_answer_that_unpacks_into_a_large_one_is_cut_off() -> None:
    bomb = gzip.compress(b" " * (64 << 20))

    assert "more than 4 MiB" in " ".join(await heard(always(bomb, Content_Encoding="gzip")))


async def test_a_node_that_says_it_is_behind_is_believed() -> None:
    behind = b'{"error": {"code": -32005, "message": "Node is behind by 42 slots"}}'
    async with serving(always(behind)) as place:
        probe = Probe(SystemClock())

        said = await chain.health(place, probe)

        await probe.close()
    assert isinstance(said, Health)
    assert "behind by 42 slots" in said.behind


async def test_dates_and_calls_left_are_noted_on_the_way() -> None:
    async with serving(always(b"{}", x_ratelimit_remaining="7")) as place:
        probe = Probe(SystemClock())

        await probe.ask("GET", place.chain_url, "/")

        await probe.close()
    assert list(probe.headroom.left.values()) == [7]
    assert probe.offsets[0].low_ms <= 0.0 <= probe.offsets[0].high_ms


async def test_a_look_that_breaks_is_a_failure_of_that_look_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(place: Installation, probe: Probe) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(chain, "balance", broken)

    facts = await looked_at()

    assert facts.balance == Silent("the check itself failed: ZeroDivisionError; please report it")
    assert isinstance(facts.wallet_file, Unseen)


async def test_a_look_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(place: Installation, probe: Probe) -> int:
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(chain, "balance", endless)
    monkeypatch.setattr(looking, "LOOK_S_MAX", 0.5)

    facts = await looked_at()

    assert isinstance(facts.balance, Silent)
    assert facts.balance.why.startswith("no answer within")


async def looked_at() -> Facts:
    async with serving(always(b"{}")) as place:
        return await look(place, SystemClock(), lambda _: None)


def test_every_fact_has_its_look_and_the_one_who_waits_hears_of_each() -> None:
    place = read({}, Running(False, {}))

    assert set(looks_of(place, SystemClock(), Probe(SystemClock()))) == set(names())
    assert {field.name for field in msgspec.structs.fields(Facts)} > set(names())
