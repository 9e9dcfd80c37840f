"""A Drift Gateway on this machine: the documented HTTP shapes over a few markets in memory. No chain, no key.

For tests and try-outs (`MEMESNIPE_DRIFT_GATEWAY_URL=host.url`). `failures` are status codes to answer with before it works again;
`after_doing` answers with 500 although the write was done, as a gateway does whose RPC host fell silent.
"""

import json
from decimal import Decimal
from typing import Any, Self

from aiohttp import web

SIGNATURE = "5JuobpnzPzwgdha4d7FpUHpvkinhyXCJhnPPkwRkdAJ1REnsJPK82q7C3vcMC4BhCQiABR4wfdbaa9StMDkCd9y5"
SOL_BOOK = {"bids": [["149.9", "100"]], "asks": [["150.1", "100"]]}
WIF_BOOK = {"bids": [["0.499", "5000"]], "asks": [["0.500", "1000"], ["0.510", "1000"], ["0.600", "10000"]]}


class DriftHost:
    """`async with DriftHost() as host`."""

    def __init__(self) -> None:
        self.books: dict[int, Any] = {0: SOL_BOOK, 23: WIF_BOOK}
        self.orders: list[dict[str, Any]] = []
        self.failures: list[int] = []
        self.after_doing = False
        self.seen: list[tuple[str, str, Any]] = []
        """Method, path and body of each request."""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v2/markets", self._markets)
        app.router.add_get("/v2/positions", self._positions)
        app.router.add_get("/v2/orderbook", self._book)
        app.router.add_get("/v2/orders", self._open_orders)
        app.router.add_post("/v2/orders", self._place)
        app.router.add_patch("/v2/orders", self._modify)
        app.router.add_delete("/v2/orders", self._cancel)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _markets(self, request: web.Request) -> web.Response:
        await self._note(request)
        perp = [_market(0, "SOL-PERP", "0.01"), _market(23, "WIF-PERP", "1")]
        return self._answer({"spot": [_market(1, "SOL", "0.1")], "perp": perp})

    async def _positions(self, request: web.Request) -> web.Response:
        await self._note(request)
        spot = [{"amount": "0.400429", "type": "deposit", "marketIndex": 0}]
        return self._answer({"spot": spot, "perp": [{"amount": "-3.3", "averageEntry": "102.2629", "marketIndex": 0}]})

    async def _book(self, request: web.Request) -> web.Response:
        body = await self._note(request)
        book = self.books.get(body.get("marketIndex"))
        if book is None:
            return web.json_response({"code": 400, "reason": "unknown market"}, status=400)
        levels = {side: [{"price": price, "amount": amount} for price, amount in book[side]] for side in ("bids", "asks")}
        return self._answer({"slot": 266_118_166, **levels})

    async def _open_orders(self, request: web.Request) -> web.Response:
        await self._note(request)
        return self._answer({"orders": self.orders})

    async def _place(self, request: web.Request) -> web.Response:
        body = await self._note(request)
        if self.failures:
            return self._answer(None)
        self.orders += [_opened(order, 35 + len(self.orders) + at) for at, order in enumerate(body["orders"])]
        return self._answer(SIGNATURE)

    async def _modify(self, request: web.Request) -> web.Response:
        body = await self._note(request)
        for change in body["orders"]:
            for order in self.orders:
                if change.get("orderId") == order["orderId"] or change.get("userOrderId") == order["userOrderId"]:
                    order |= {"amount": f"{change['amount']:.9f}", "price": f"{change['price']:.6f}"}
        return self._answer(SIGNATURE)

    async def _cancel(self, request: web.Request) -> web.Response:
        body = await self._note(request)
        ids, user_ids = body.get("ids", []), body.get("userIds", [])
        self.orders = [order for order in self.orders if order["orderId"] not in ids and order["userOrderId"] not in user_ids]
        return self._answer(SIGNATURE)

    async def _note(self, request: web.Request) -> Any:
        raw = await request.text()
        body = json.loads(raw, parse_float=Decimal) if raw else {}
        self.seen.append((request.method, request.path, body))
        return body

    def _answer(self, body: Any) -> web.Response:
        if self.after_doing:
            self.after_doing = False
            return web.json_response({"code": 500, "reason": "rpc did not answer"}, status=500)
        if self.failures:
            status = self.failures.pop(0)
            return web.json_response({"code": status, "reason": "program error: 6010"}, status=status)
        return web.json_response(body)


def _market(index: int, symbol: str, least: str) -> dict[str, Any]:
    return {"marketIndex": index, "symbol": symbol, "priceStep": "0.0001", "amountStep": least, "minOrderSize": least}


def _opened(order: dict[str, Any], order_id: int) -> dict[str, Any]:
    return {
        "orderType": order["orderType"],
        "marketIndex": order["marketIndex"],
        "marketType": order["marketType"],
        "amount": f"{order['amount']:.9f}",
        "filled": "0.000000000",
        "price": f"{order.get('price') or 0:.6f}",
        "postOnly": order.get("postOnly", False),
        "reduceOnly": order.get("reduceOnly", False),
        "userOrderId": order.get("userOrderId", 0),
        "orderId": order_id,
    }
