"""A minimal JSON-RPC reader: the wallet's signatures to the very first, each transaction, and the balances of now.

Wire format: https://solana.com/docs/rpc/http (getSignaturesForAddress, getTransaction with encoding json, getTokenAccountsByOwner).
"""

import time
from types import TracebackType
from typing import Any

import httpx

from memesnipe.kernel.errors import BadInput, Unavailable

Json = Any
COMMITMENT = "confirmed"
"""As far as wallet_guard takes a transaction for landed. A block that is rolled back after that shows at the next run."""
PAGE = 1_000
TRIES = 5
TOKEN_PROGRAMS = ("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")


class ChainReader:
    """One RPC host. Every call is a read, so every call is repeated when the host does not answer. Raises Unavailable, BadInput."""

    def __init__(self, url: str, timeout_s: float = 20.0) -> None:
        self._url = url
        self._http = httpx.Client(timeout=timeout_s, trust_env=False)

    def __enter__(self) -> "ChainReader":
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._http.close()

    def signatures(self, wallet: str) -> list[str]:
        """Return every signature that touched the wallet, oldest first, failed ones too."""
        found: list[str] = []
        while True:
            options = {"limit": PAGE, "commitment": COMMITMENT, **({"before": found[-1]} if found else {})}
            page = self.call("getSignaturesForAddress", [wallet, options])
            found += [_text(line, "signature") for line in page]
            if len(page) < PAGE:
                return found[::-1]

    def transaction(self, signature: str) -> Json:
        """Return a transaction. Raises Unavailable when the host lists it but does not have it: half a history proves nothing."""
        answer = self.call(
            "getTransaction", [signature, {"encoding": "json", "maxSupportedTransactionVersion": 1, "commitment": COMMITMENT}]
        )
        if answer is None:
            raise Unavailable("rpc", f"no transaction {signature}")
        return answer

    def lamports(self, wallet: str) -> int:
        """Return the wallet's balance."""
        return int(self.call("getBalance", [wallet, {"commitment": COMMITMENT}])["value"])

    def tokens(self, wallet: str) -> dict[str, int]:
        """Return the wallet's token units by mint, over all of its token accounts of both token programs."""
        sums: dict[str, int] = {}
        for program in TOKEN_PROGRAMS:
            options = {"encoding": "jsonParsed", "commitment": COMMITMENT}
            answer = self.call("getTokenAccountsByOwner", [wallet, {"programId": program}, options])
            for one in answer["value"]:
                info = one["account"]["data"]["parsed"]["info"]
                sums[info["mint"]] = sums.get(info["mint"], 0) + int(info["tokenAmount"]["amount"])
        return sums

    def call(self, method: str, params: list[Json]) -> Json:
        """Return a method's result."""
        for pause_s in [0.2 * 2**n for n in range(TRIES)]:
            body = self._post(method, params)
            if body is not None:
                return _result(method, body)
            time.sleep(pause_s)
        raise Unavailable("rpc", f"{method} was not answered")

    def _post(self, method: str, params: list[Json]) -> Json | None:
        """Return the answer; None where asking again may help."""
        try:
            answer = self._http.post(self._url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        except httpx.HTTPError:
            return None  # its text may hold the URL, and the URL an API key
        if answer.status_code == 429 or answer.status_code >= 500:
            return None
        try:
            return answer.json()
        except (ValueError, RecursionError):
            raise BadInput("rpc", f"{method} answered no JSON") from None


def _result(method: str, body: Json) -> Json:
    if not isinstance(body, dict) or "result" not in body:
        code = body.get("error", {}).get("code") if isinstance(body, dict) else None
        raise BadInput("rpc", f"{method} answered error {code}")
    return body["result"]


def _text(line: Json, name: str) -> str:
    if not isinstance(line, dict) or not isinstance(line.get(name), str):
        raise BadInput(f"rpc.{name}", "missing or not text")
    value: str = line[name]
    return value
