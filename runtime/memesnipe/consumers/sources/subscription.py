"""A WebSocket subscription to one program's transactions: ask, be acknowledged, read notices. No reconnecting here.

Helius' `transactionSubscribe` first (whole transactions); a host without it gets the standard `logsSubscribe`. Localnet speaks both.
A notice may come before the acknowledgement, and notices of a subscription that ended may still come after its end: the first are kept,
the second are told apart by their subscription's number and passed over.
"""

import asyncio
import json
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from websockets.asyncio.client import ClientConnection

from memesnipe.consumers.metrics import SKIPPED
from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.market.transactions import Extracted, events_in, events_in_logs
from memesnipe.messages.bounds import Slot

ACK_S_MAX = 10.0
METHOD_NOT_FOUND = -32601
_EARLY_MAX = 1_000


class Subscribed(msgspec.Struct, frozen=True):
    """A subscription's number, None where the host gives none, and what came before its acknowledgement."""

    id: int | None
    early: tuple[bytes, ...] = ()


class Notice(msgspec.Struct, frozen=True):
    """One landed transaction that a subscription told of."""

    signature: str
    slot: int
    extracted: Extracted


class _Told(msgspec.Struct, frozen=True):
    transaction: dict[str, Any]
    signature: Annotated[str, Meta(min_length=64, max_length=88)]
    slot: Slot


class _Context(msgspec.Struct, frozen=True):
    slot: Slot


class _LogsValue(msgspec.Struct, frozen=True):
    signature: Annotated[str, Meta(min_length=64, max_length=88)]
    logs: Annotated[list[str], Meta(max_length=10_000)]
    err: Any = None


class _Logs(msgspec.Struct, frozen=True):
    context: _Context
    value: _LogsValue


class _Params(msgspec.Struct, frozen=True):
    result: msgspec.Raw
    subscription: Any = None


class _Message(msgspec.Struct, frozen=True):
    method: str = ""
    params: _Params | None = None


class _Error(msgspec.Struct, frozen=True):
    code: int = -1


class _Answer(msgspec.Struct, frozen=True):
    id: Any = None
    result: Any = None
    error: _Error | None = None
    method: str = ""


_ANSWER = msgspec.json.Decoder(_Answer)
_MESSAGE = msgspec.json.Decoder(_Message)
_TOLD = msgspec.json.Decoder(_Told)
_LOGS = msgspec.json.Decoder(_Logs)


async def subscribe(socket: ClientConnection, program: str, commitment: str) -> Subscribed:
    """Subscribe to a program's transactions. Raises Unavailable when the host does not acknowledge."""
    wanted = {"accountInclude": [program], "vote": False, "failed": False}
    options = {
        "commitment": commitment,
        "encoding": "base64",
        "transactionDetails": "full",
        "showRewards": False,
        "maxSupportedTransactionVersion": 1,
    }
    early: list[bytes] = []
    answer = await _ask(socket, "transactionSubscribe", [wanted, options], early)
    if answer.error and answer.error.code == METHOD_NOT_FOUND:
        answer = await _ask(socket, "logsSubscribe", [{"mentions": [program]}, {"commitment": commitment}], early)
    if answer.error:
        raise Unavailable("websocket", f"subscription refused: {answer.error.code}", retry_after_s=5.0)
    return Subscribed(answer.result if isinstance(answer.result, int) else None, tuple(early))


async def _ask(socket: ClientConnection, method: str, params: list[Any], early: list[bytes]) -> _Answer:
    """Send a request and return its answer; notices that come before it go to `early`."""
    await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    async with asyncio.timeout(ACK_S_MAX):
        for _ in range(_EARLY_MAX):
            raw = await socket.recv(decode=False)
            answer = _answer_in(raw)
            if answer.id == 1:
                return answer
            if answer.method:
                early.append(raw)
    raise Unavailable("websocket", f"{method} was not acknowledged")


def _answer_in(raw: str | bytes) -> _Answer:
    """What is no answer is counted and passed over: the acknowledgement may still come."""
    try:
        return strict_json.decode(_ANSWER, raw, "acknowledgement")
    except BadInput as error:
        BAD_INPUT.labels("websocket", "acknowledgement").inc()
        logger().warning("bad_input", source="websocket", field=error.field[:64], reason=error.reason[:256])
        return _Answer()


def notice_of(raw: str | bytes, subscription: int | None = None) -> Notice | None:
    """Return the transaction a message tells of, None for any other message and for another subscription's. Raises BadInput."""
    try:
        message = _MESSAGE.decode(raw)
        if message.params is None:
            return None
        if subscription is not None and message.params.subscription not in (None, subscription):
            SKIPPED.labels("chain", "other_subscription").inc()
            return None
        strict_json.refuse_repeated_keys(raw, "notification")
        if message.method == "transactionNotification":
            told = _TOLD.decode(message.params.result)
            return Notice(told.signature, told.slot, events_in(told.transaction.get("transaction"), told.transaction.get("meta") or {}))
        if message.method == "logsNotification":
            logs = _LOGS.decode(message.params.result)
            extracted = Extracted() if logs.value.err is not None else events_in_logs(logs.value.logs)
            return Notice(logs.value.signature, logs.context.slot, extracted)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        raise BadInput(path.strip("`") or "notification", reason) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadInput("notification", f"not JSON: {error}") from None
    return None
