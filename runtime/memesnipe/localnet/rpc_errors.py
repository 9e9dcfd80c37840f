"""RPC errors with the codes a real node answers, and the reading of parameters that raises them."""

from typing import Any

from solders.pubkey import Pubkey

from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.localnet.node import Node

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
PREFLIGHT_FAILURE = -32002
SIGNATURE_FAILURE = -32003
BLOCK_NOT_AVAILABLE = -32004
NODE_BEHIND = -32005
UNSUPPORTED_VERSION = -32015
RATE_LIMITED = -32429
"""Inside HTTP 200, as hosted nodes answer."""
API_VERSION = "4.0.0"

Json = Any


class RpcError(MemeSnipeError):
    """An error answer: code, message and optional data."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    def body(self) -> dict[str, Json]:
        """The `error` member."""
        return {"code": self.code, "message": self.message, **({"data": self.data} if self.data is not None else {})}


def invalid(message: str) -> RpcError:
    """Wrong parameters."""
    return RpcError(INVALID_PARAMS, message)


def text(params: list[Json], at: int, what: str) -> str:
    """A required string parameter."""
    if at >= len(params) or not isinstance(params[at], str):
        raise invalid(f"Invalid params: missing {what}")
    found: str = params[at]
    return found


def address(params: list[Json], at: int = 0) -> Pubkey:
    """A required address parameter."""
    return parse_address(text(params, at, "address"))


def parse_address(value: Json) -> Pubkey:
    """Base58 to an address."""
    try:
        return Pubkey.from_string(value)
    except (ValueError, TypeError) as error:
        raise invalid("Invalid param: WrongSize" if isinstance(value, str) else "Invalid param: Invalid") from error


def natural(params: list[Json], at: int, what: str) -> int:
    """A required whole number that fits u64; booleans are not numbers."""
    value = params[at] if at < len(params) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
        raise invalid(f"Invalid params: {what} must be a u64")
    return value


def config(params: list[Json], at: int) -> dict[str, Json]:
    """An optional configuration object."""
    value = params[at] if at < len(params) else None
    if value is not None and not isinstance(value, dict):
        raise invalid("Invalid params: invalid type for config")
    return value or {}


def commitment(options: dict[str, Json]) -> str:
    """The asked commitment; a node's default is finalized."""
    found = options.get("commitment", "finalized")
    if found not in ("processed", "confirmed", "finalized"):
        raise invalid("Invalid params: unknown commitment")
    return str(found)


def contextual(node: Node, value: Json) -> dict[str, Json]:
    """A value with the slot it was read at."""
    return {"context": {"slot": node.chain.slot, "apiVersion": API_VERSION}, "value": value}
