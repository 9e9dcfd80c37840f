"""WebSocket subscriptions of Solana RPC and of Helius: what a block holds, told when it reaches the asked commitment."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from solders.pubkey import Pubkey

from memesnipe.localnet import rpc, rpc_accounts
from memesnipe.localnet.chain import Block, Chain, Record
from memesnipe.localnet.node import Node
from memesnipe.localnet.rpc_errors import METHOD_NOT_FOUND, RpcError, address, commitment, config, contextual, invalid, text
from memesnipe.localnet.rpc_transactions import known
from memesnipe.localnet.transactions import told, version_allowed

Json = Any
QUEUE_MAX = 10_000
SUBSCRIPTIONS_MAX = 1_000
KINDS = ("slot", "signature", "account", "logs", "transaction")


@dataclass(slots=True)
class Subscription:
    """One subscription of one connection. `told` is what an account looked like when last told."""

    id: int
    kind: str
    params: list[Json]
    commitment: str
    since: int
    told: Json = None
    filter: dict[str, Json] = field(default_factory=dict)


class Connection:
    """One client. Notifications go through a bounded queue: a client that does not read is disconnected, not waited for."""

    def __init__(self, node: Node, socket: web.WebSocketResponse) -> None:
        self.node, self.socket = node, socket
        self.subscriptions: dict[int, Subscription] = {}
        self.outgoing: asyncio.Queue[str] = asyncio.Queue(QUEUE_MAX)
        self.overrun = asyncio.Event()
        self.dropped = asyncio.Event()
        self._notified = 0

    def on_block(self, block: Block) -> None:
        """A slot ended."""
        for one in list(self.subscriptions.values()):
            for method, result in NOTIFY[one.kind](self.node, one, block):
                self._notify({"jsonrpc": "2.0", "method": method, "params": {"subscription": one.id, "result": result}})
                if one.kind == "signature":
                    self.subscriptions.pop(one.id, None)

    def answer(self, message: str) -> None:
        """A request of the client: (un)subscribe, or any RPC method."""
        try:
            body = json.loads(message)
        except (ValueError, RecursionError):
            body = None
        method = body.get("method") if isinstance(body, dict) else None
        if isinstance(method, str) and isinstance(body, dict) and method.endswith("ubscribe"):
            self._push(self._subscription_answer(body, method))
        else:
            self._push(rpc.answer(body, self.node))

    def _subscription_answer(self, body: dict[str, Json], method: str) -> Json:
        params = body.get("params") or []
        try:
            result = self._unsubscribe(params) if method.endswith("Unsubscribe") else self._subscribe(method, params)
        except RpcError as error:
            return {"jsonrpc": "2.0", "error": error.body(), "id": body.get("id")}
        return {"jsonrpc": "2.0", "result": result, "id": body.get("id")}

    def _subscribe(self, method: str, params: list[Json]) -> int:
        kind = method.removesuffix("Subscribe")
        if kind not in KINDS:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        if len(self.subscriptions) >= SUBSCRIPTIONS_MAX:
            raise invalid("too many subscriptions on this connection")
        options = config(params, 1)
        asked = str(options.get("commitment", "processed" if kind == "transaction" else "finalized"))
        one = Subscription(next(IDENTITIES), kind, params, commitment({"commitment": asked}), self.node.chain.slot)
        CHECK[kind](self.node, one)
        self.subscriptions[one.id] = one
        return one.id

    def _unsubscribe(self, params: list[Json]) -> bool:
        if not params or self.subscriptions.pop(params[0], None) is None:
            raise invalid("Invalid subscription id.")
        return True

    def _notify(self, body: Json) -> None:
        for _ in range(2 if self.node.faults.take("ws_repeats") else 1):
            self._push(body)
        self._notified += 1
        if 0 < self.node.faults.switches.ws_drop_every <= self._notified:
            self.dropped.set()

    def _push(self, body: Json) -> None:
        try:
            self.outgoing.put_nowait(json.dumps(body))
        except asyncio.QueueFull:
            self.overrun.set()


IDENTITIES = itertools.count(1)


async def handle(request: web.Request, node: Node) -> web.WebSocketResponse:
    """GET / with an upgrade."""
    socket = web.WebSocketResponse(heartbeat=60, max_msg_size=4 * 1024 * 1024)
    await socket.prepare(request)
    connection = Connection(node, socket)
    node.listeners.append(connection.on_block)
    writer = asyncio.create_task(_write(connection))
    try:
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                connection.answer(message.data)
    finally:
        node.listeners.remove(connection.on_block)
        writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writer
    return socket


async def _write(connection: Connection) -> None:
    with contextlib.suppress(ConnectionError):
        while not connection.overrun.is_set():
            await connection.socket.send_str(await connection.outgoing.get())
            if connection.dropped.is_set() and connection.outgoing.empty():
                await connection.socket.close(code=1011, message=b"going away")
                return
        await connection.socket.close(code=1008, message=b"client too slow")


def _settled(chain: Chain, one: Subscription, block: Block) -> list[Record]:
    """Records that reach the subscription's commitment with this block, from those after it subscribed."""
    age = block.slot - chain.slot_at(one.commitment)
    settled = chain.blocks.get(block.slot - age)
    return settled.records if settled and settled.slot > one.since - age else []


Notices = list[tuple[str, Json]]


def _slots(node: Node, one: Subscription, block: Block) -> Notices:
    return [("slotNotification", {"slot": block.slot, "parent": block.slot - 1, "root": node.chain.slot_at("finalized")})]


def _signatures(node: Node, one: Subscription, block: Block) -> Notices:
    record = known(node, one.params[0])
    if record is None or record.slot > node.chain.slot_at(one.commitment):
        return []
    return [("signatureNotification", contextual(node, {"err": record.meta["err"]}))]


def _accounts(node: Node, one: Subscription, block: Block) -> Notices:
    now = rpc_accounts.told(node.chain.bank.get(address(one.params)), node.chain.bank, config(one.params, 1))
    if now == one.told:
        return []
    one.told = now
    return [("accountNotification", contextual(node, now))]


def _logs(node: Node, one: Subscription, block: Block) -> Notices:
    wanted = one.filter.get("mentions")
    found = [record for record in _settled(node.chain, one, block) if wanted is None or wanted[0] in record.keys]
    values = [{"signature": record.signature, "err": record.meta["err"], "logs": record.meta["logMessages"]} for record in found]
    return [("logsNotification", {"context": {"slot": record.slot}, "value": value}) for record, value in zip(found, values, strict=True)]


def _transactions(node: Node, one: Subscription, block: Block) -> Notices:
    options = config(one.params, 1)
    found = [record for record in _settled(node.chain, one, block) if _wanted(record, one.filter)]
    return [("transactionNotification", body) for record in found if (body := _transaction(record, options)) is not None]


def _transaction(record: Record, options: dict[str, Json]) -> Json:
    head = {"signature": record.signature, "slot": record.slot, "transactionIndex": record.index}
    if options.get("transactionDetails") in ("signatures", "none"):
        return head
    try:
        version_allowed(record, options)
    except RpcError:
        return None
    return {"transaction": told(record, str(options.get("encoding", "base64"))), **head}


def _wanted(record: Record, wanted: dict[str, Json]) -> bool:
    keys = set(record.keys)
    include, exclude, required = (set(wanted.get(name) or ()) for name in ("accountInclude", "accountExclude", "accountRequired"))
    if wanted.get("failed") is False and record.meta["err"] is not None:
        return False
    return (not include or bool(include & keys)) and not exclude & keys and required <= keys


def _check_signature(node: Node, one: Subscription) -> None:
    text(one.params, 0, "signature")


def _check_account(node: Node, one: Subscription) -> None:
    one.told = rpc_accounts.told(node.chain.bank.get(address(one.params)), node.chain.bank, config(one.params, 1))


def _check_logs(node: Node, one: Subscription) -> None:
    found = one.params[0] if one.params else None
    if isinstance(found, dict) and isinstance(found.get("mentions"), list) and len(found["mentions"]) == 1:
        Pubkey.from_string(found["mentions"][0])
        one.filter = found
    elif found not in ("all", "allWithVotes"):
        raise invalid("Invalid Request: Only 1 address supported")


def _check_transaction(node: Node, one: Subscription) -> None:
    one.filter = config(one.params, 0)


CHECK: dict[str, Callable[[Node, Subscription], None]] = {
    "slot": lambda node, one: None,
    "signature": _check_signature,
    "account": _check_account,
    "logs": _check_logs,
    "transaction": _check_transaction,
}
NOTIFY: dict[str, Callable[[Node, Subscription, Block], Notices]] = {
    "slot": _slots,
    "signature": _signatures,
    "account": _accounts,
    "logs": _logs,
    "transaction": _transactions,
}
