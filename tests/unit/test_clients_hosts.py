"""What each answer of a host MEANS: a typed value, a refusal, bad input, or unknown. Unknown is never taken for a refusal."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from memesnipe.chain.clients import transport
from memesnipe.chain.clients.jito import Jito
from memesnipe.chain.clients.jupiter import Jupiter, Price
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.sender import Sender
from memesnipe.chain.clients.transport import Transport
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.testing.builders import MINT, OTHER_MINT

SECRET = "key-that-must-never-be-seen"
URL = f"https://rpc.example/?api-key={SECRET}"
SIGNATURE = "5" * 88
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: float) -> None:
        return None

    monkeypatch.setattr("asyncio.sleep", at_once)


class Host:
    """A host that answers from a list, the last answer for ever, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.asked = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    def transport(self, part: str = "rpc") -> Transport:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return Transport(part, URL, rate=Rate(per_s=1e6, burst=1_000, reserved=0), http=http)


def result(value: Any) -> httpx.Response:
    return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": value})


def error(code: int, message: str = "no") -> httpx.Response:
    return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}})


AMBIGUOUS = [
    httpx.ReadTimeout("took too long"),
    httpx.ConnectError("refused"),
    httpx.RemoteProtocolError("hung up"),
    httpx.Response(500),
    httpx.Response(503),
    httpx.Response(429),
    error(429),
    error(-32429),
]


@pytest.mark.parametrize("answer", AMBIGUOUS)
async def test_an_ambiguous_answer_to_a_send_is_unknown_and_is_not_sent_again_here(answer: httpx.Response | Exception) -> None:
    host = Host(answer)

    with pytest.raises(Unavailable):
        await SolanaRpc(host.transport()).send(b"transaction")

    assert len(host.asked) == 1


@pytest.mark.parametrize("answer", AMBIGUOUS)
async def test_a_read_is_asked_again_a_bounded_number_of_times(answer: httpx.Response | Exception) -> None:
    host = Host(answer)

    with pytest.raises(Unavailable):
        await SolanaRpc(host.transport()).slot()

    assert len(host.asked) == transport.READ_TRIES


async def test_a_read_that_succeeds_at_the_second_try_is_an_answer() -> None:
    assert await SolanaRpc(Host(httpx.Response(503), result(7)).transport()).slot() == 7


async def test_a_resend_of_what_landed_already_is_no_error() -> None:
    await SolanaRpc(Host(error(-32002, "This transaction has already been processed")).transport()).send(b"transaction")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_api_key_is_unavailable_and_says_why(status: int) -> None:
    with pytest.raises(Unavailable, match="API key is refused"):
        await SolanaRpc(Host(httpx.Response(status, text="bad key")).transport()).slot()


@pytest.mark.parametrize("answer", [httpx.ReadTimeout(f"GET {URL}"), httpx.Response(500, text=SECRET), httpx.Response(401, text=SECRET)])
async def test_no_error_and_no_repr_shows_the_api_key(answer: httpx.Response | Exception) -> None:
    told = Host(answer).transport()

    with pytest.raises(Unavailable) as caught:
        await SolanaRpc(told).slot()

    assert SECRET not in str(caught.value) + repr(caught.value) + repr(told) + repr(caught.value.__cause__)


async def test_the_api_key_stays_in_the_query_whatever_the_path() -> None:
    host = Host(result(1))

    await SolanaRpc(host.transport()).slot()

    assert str(host.asked[0].url) == URL


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"result": NaN}',
        b'{"result": -1}',
        b'{"result": 1.5}',
        b'{"result": true}',
        b'{"result": "7"}',
        b'{"result": 1e999}',
        b"[" * 5_000,
    ],
)
async def test_a_number_that_is_none_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        await SolanaRpc(Host(httpx.Response(200, content=body)).transport()).slot()


async def test_statuses_for_another_number_of_signatures_are_bad_input() -> None:
    value = {"context": {"slot": 1}, "value": [None]}

    with pytest.raises(BadInput):
        await SolanaRpc(Host(result(value)).transport()).statuses([SIGNATURE, SIGNATURE])


async def test_an_unknown_signature_is_none_and_not_an_error() -> None:
    value = {"context": {"slot": 1}, "value": [None]}

    assert await SolanaRpc(Host(result(value)).transport()).statuses([SIGNATURE]) == (None,)


async def test_a_confirmed_status_still_carries_its_failure() -> None:
    failed = {"slot": 5, "err": {"InstructionError": [3, {"Custom": 6001}]}, "confirmationStatus": "confirmed", "confirmations": 1}

    (status,) = await SolanaRpc(Host(result({"context": {"slot": 9}, "value": [failed]})).transport()).statuses([SIGNATURE])

    assert status is not None
    assert status.err == {"InstructionError": [3, {"Custom": 6001}]}


async def test_a_node_that_is_behind_is_unavailable_and_other_errors_are_refusals() -> None:
    with pytest.raises(Unavailable):
        await SolanaRpc(Host(error(-32005, "Node is behind")).transport()).slot()
    with pytest.raises(Refused):
        await SolanaRpc(Host(error(-32602, "Invalid params")).transport()).slot()


async def test_unknown_fields_are_ignored() -> None:
    value = {"context": {"slot": 1, "apiVersion": "4.0"}, "value": {"blockhash": MINT, "lastValidBlockHeight": 9, "new": [1]}}

    assert (await SolanaRpc(Host(result(value)).transport()).latest_blockhash()).last_valid_block_height == 9


def build_answer(**changes: Any) -> httpx.Response:
    step = {"programId": MINT, "accounts": [{"pubkey": MINT, "isSigner": False, "isWritable": True}], "data": "AAAA"}
    answer = {
        "inputMint": OTHER_MINT,
        "outputMint": MINT,
        "inAmount": "1000",
        "outAmount": "200",
        "otherAmountThreshold": "190",
        "slippageBps": 500,
        "swapInstruction": step,
        "blockhashWithMetadata": {"blockhash": [7] * 32, "lastValidBlockHeight": 10, "fetchedAt": {}},
    }
    return httpx.Response(200, content=json.dumps({**answer, **changes}))


async def asked_build(host: Host) -> Any:
    return await Jupiter(host.transport("jupiter")).build(
        input_mint=OTHER_MINT, output_mint=MINT, amount=1_000, taker=MINT, slippage_bps=500
    )


async def test_a_quote_is_read_with_its_amounts() -> None:
    build = await asked_build(Host(build_answer()))

    assert (build.out_amount, build.swap_instruction.data) == ("200", b"\x00\x00\x00")


@pytest.mark.parametrize(
    "changes",
    [
        {"inAmount": "1001"},
        {"outputMint": OTHER_MINT},
        {"outAmount": "-5"},
        {"outAmount": "0"},
        {"outAmount": "99999999999999999999"},
        {"otherAmountThreshold": "201"},
        {"slippageBps": -1},
        {"swapInstruction": None},
        {"blockhashWithMetadata": {"blockhash": [7] * 31, "lastValidBlockHeight": 10}},
        {"blockhashWithMetadata": {"blockhash": [256] * 32, "lastValidBlockHeight": 10}},
    ],
)
async def test_a_quote_for_something_else_or_out_of_bounds_is_bad_input(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        await asked_build(Host(build_answer(**changes)))


@pytest.mark.parametrize("code", ["NO_ROUTES_FOUND", "COULD_NOT_FIND_ANY_ROUTE", "TOKEN_NOT_TRADABLE"])
async def test_no_route_is_a_refusal_with_its_reason(code: str) -> None:
    host = Host(httpx.Response(400, json={"error": "No routes found", "errorCode": code}))

    with pytest.raises(Refused) as caught:
        await asked_build(host)

    assert caught.value.code is ReasonCode.NO_ROUTE


async def test_a_mint_without_a_price_is_none_and_never_zero() -> None:
    host = Host(httpx.Response(200, json={MINT: {"usdPrice": 0.5, "blockId": 3, "decimals": 5}, OTHER_MINT: None}))

    prices = await Jupiter(host.transport("jupiter")).prices([MINT, OTHER_MINT])

    assert prices == {MINT: Price(usd_price=0.5, block_id=3, decimals=5), OTHER_MINT: None}


@pytest.mark.parametrize("body", ["{}", f'{{"{MINT}": null}}', f'{{"{MINT}": {{"usdPrice": 0}}}}'])
async def test_an_omitted_mint_is_unpriced(body: str) -> None:
    host = Host(httpx.Response(200, text=body))

    assert await Jupiter(host.transport("jupiter")).prices([MINT]) == {MINT: None}


async def test_a_mint_that_nobody_asked_for_is_not_priced() -> None:
    host = Host(httpx.Response(200, json={MINT: {"usdPrice": 0.5}, OTHER_MINT: {"usdPrice": 1.0}}))

    assert list(await Jupiter(host.transport("jupiter")).prices([MINT])) == [MINT]


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1", '"5"', "1e999"])
async def test_a_price_that_is_no_price_is_bad_input(price: str) -> None:
    body = f'{{"{MINT}": {{"usdPrice": {price}}}}}'.encode()

    with pytest.raises(BadInput):
        await Jupiter(Host(httpx.Response(200, content=body)).transport("jupiter")).prices([MINT])


@pytest.mark.parametrize("client", [Jito, Sender])
@pytest.mark.parametrize("answer", [httpx.ReadTimeout("?"), httpx.Response(502), httpx.Response(429)])
async def test_other_ways_into_a_block_send_once_and_leave_the_unknown_unknown(client: Any, answer: httpx.Response | Exception) -> None:
    host = Host(answer)

    with pytest.raises(Unavailable):
        await client(host.transport("route")).send(b"transaction")

    assert len(host.asked) == 1
