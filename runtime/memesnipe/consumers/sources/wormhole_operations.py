"""Wormholescan's operations: which of them carried value to or from Solana. Pure: one record's JSON in, a transfer or nothing out.

Wire format: https://api.wormholescan.io (`/api/v1/operations`), chain ids https://wormhole.com/docs (Solana is 1). An operation is told
as soon as it was seen and completed later: what is not there yet may come. `amount` is a whole number as text, in the units of the
message itself: Wormhole's token bridge carries at most eight decimals, so a token with nine is counted in tens of its base units.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.consumers.times import CHARS_MAX, rfc3339_ns
from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.market.base58 import b58decode
from memesnipe.messages.bounds import AMOUNT_MAX
from memesnipe.messages.market import BridgeTransfer

SOURCE = "wormhole"
SOLANA = 1
RECORD_BYTES_MAX = 256 << 10
KEY_BYTES = 32
LABEL_CHARS_MAX = 64
CHAINS = {
    1: "solana", 2: "ethereum", 4: "bsc", 5: "polygon", 6: "avalanche", 10: "fantom", 13: "klaytn", 14: "celo", 16: "moonbeam",
    21: "sui", 22: "aptos", 23: "arbitrum", 24: "optimism", 30: "base",
}  # fmt: skip
"""Names of the chains that most value comes from; any other is `wormhole-<id>`."""

ChainId = Annotated[int, Meta(ge=0, le=65_535)]
Address = Annotated[str, Meta(max_length=256)]


class _Properties(msgspec.Struct, frozen=True, rename="camel"):
    from_chain: ChainId = 0
    to_chain: ChainId = 0
    token_chain: ChainId = 0
    token_address: Address = ""
    amount: Annotated[str, Meta(max_length=96)] = ""


class _Content(msgspec.Struct, frozen=True):
    standarizedProperties: _Properties | None = None  # noqa: N815 - spelt so on the wire


class _SourceChain(msgspec.Struct, frozen=True):
    timestamp: Annotated[str, Meta(max_length=CHARS_MAX)] = ""


class _Operation(msgspec.Struct, frozen=True, rename="camel"):
    id: Annotated[str, Meta(min_length=1, max_length=256)]
    content: _Content | None = None
    source_chain: _SourceChain | None = None


class Told(msgspec.Struct, frozen=True):
    """What a record says: a transfer, with the time on its own chain, or why it is none."""

    transfer: BridgeTransfer | None = None
    skipped: str = ""


_OPERATION = msgspec.json.Decoder(_Operation)


def told_in(raw: bytes) -> Told:
    """Read one operation. Raises BadInput naming the field."""
    if len(raw) > RECORD_BYTES_MAX:
        raise BadInput("operation", f"{len(raw)} bytes, more than {RECORD_BYTES_MAX}")
    operation = strict_json.decode(_OPERATION, raw, "operation")
    properties = operation.content.standarizedProperties if operation.content else None
    if properties is None or operation.source_chain is None or not operation.source_chain.timestamp:
        return Told(skipped="incomplete")
    if SOLANA not in (properties.from_chain, properties.to_chain):
        return Told(skipped="other_chain")
    if 0 in (properties.from_chain, properties.to_chain) or properties.amount in ("", "0"):
        return Told(skipped="no_amount")
    time_ns = rfc3339_ns(operation.source_chain.timestamp, "sourceChain.timestamp")
    return Told(_transfer(operation.id, time_ns, properties))


def _transfer(operation_id: str, time_ns: int, properties: _Properties) -> BridgeTransfer:
    return BridgeTransfer(
        event_id=derive("bridge", SOURCE, operation_id),
        time_ns=time_ns,
        source=SOURCE,
        from_chain=chain_name(properties.from_chain),
        to_chain=chain_name(properties.to_chain),
        token=_token(properties.token_chain, properties.token_address),
        amount_units=_amount(properties.amount),
    )


def chain_name(chain_id: int) -> str:
    """Return a chain's name."""
    return CHAINS.get(chain_id, f"wormhole-{chain_id}")


def _amount(text: str) -> int:
    """Whole base units only: a fraction would need decimals that nobody states, and a guess is wrong by powers of ten."""
    if not (text.isascii() and text.isdigit()):
        raise BadInput("amount", f"{text[:LABEL_CHARS_MAX]!r} is no whole number")
    if not (int(text) <= AMOUNT_MAX):
        raise BadInput("amount", f"{text[:LABEL_CHARS_MAX]} is above {AMOUNT_MAX}")
    return int(text)


def _token(chain_id: int, address: str) -> str:
    """Return a mint for a token of Solana's, `<chain>:<address>` for any other; one too long for a label is told by its hash."""
    if chain_id == SOLANA:
        return _mint(address)
    if not address or not chain_id:
        raise BadInput("tokenAddress", "is missing")
    label = f"{chain_name(chain_id)}:{address}"
    return label if len(label) <= LABEL_CHARS_MAX and label.isascii() else f"{chain_name(chain_id)}:{derive(address)}"


def _mint(address: str) -> str:
    try:
        size = len(b58decode(address))
    except BadInput as error:
        raise BadInput("tokenAddress", error.reason) from None
    if size != KEY_BYTES:
        raise BadInput("tokenAddress", f"{size} bytes instead of a mint's {KEY_BYTES}")
    return address
