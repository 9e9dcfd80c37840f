"""Solana JSON-RPC: the envelope, single and in batches, and the table of methods."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.localnet import rpc_accounts, rpc_blocks, rpc_submit, rpc_transactions
from memesnipe.localnet.node import Node
from memesnipe.localnet.rpc_errors import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NODE_BEHIND,
    PARSE_ERROR,
    RATE_LIMITED,
    RpcError,
)

Method = Callable[[Node, list[Any]], Any]
METHODS: dict[str, Method] = {
    **rpc_blocks.METHODS,
    **rpc_accounts.METHODS,
    **rpc_transactions.METHODS,
    **rpc_submit.METHODS,
}
BATCH_MAX = 100


async def handle(request: web.Request, node: Node, methods: dict[str, Method] = METHODS) -> web.Response:
    """POST of one request or a list of them."""
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError):
        return web.json_response(_failure(None, RpcError(PARSE_ERROR, "Parse error")))
    if isinstance(body, list):
        if not body or len(body) > BATCH_MAX:
            return web.json_response(_failure(None, RpcError(INVALID_REQUEST, "Invalid request")))
        return web.json_response([answer(one, node, methods) for one in body])
    return web.json_response(answer(body, node, methods))


def answer(body: Any, node: Node, methods: dict[str, Method] = METHODS) -> dict[str, Any]:
    """The response to one request object; never raises."""
    if not isinstance(body, dict) or not isinstance(body.get("method"), str):
        return _failure(None, RpcError(INVALID_REQUEST, "Invalid request"))
    params, identity = body.get("params") or [], body.get("id")
    try:
        _require_well(node)
        if (method := methods.get(body["method"])) is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")  # noqa: TRY301  one path for every refusal
        return {"jsonrpc": "2.0", "result": method(node, params if isinstance(params, list) else [params]), "id": identity}
    except RpcError as error:
        return _failure(identity, error)
    except (MemeSnipeError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        # parameters nested deeper than the readers look: a node says the same of anything it cannot deserialize
        return _failure(identity, RpcError(INVALID_PARAMS, f"Invalid params: {error!r}"))


def _require_well(node: Node) -> None:
    if node.faults.take("node_behind"):
        raise RpcError(NODE_BEHIND, "Node is behind by 42 slots", {"numSlotsBehind": 42})
    if node.faults.take("rate_limited_inside"):
        raise RpcError(RATE_LIMITED, "rate limited")


def _failure(identity: Any, error: RpcError) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": error.body(), "id": identity}
