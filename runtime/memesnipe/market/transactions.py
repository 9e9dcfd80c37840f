"""pump.fun events out of one landed transaction, in the order they happened. Pure: the RPC's JSON in, decoded events out.

Inner instructions come first: an event is a call of the program to itself (self-CPI), so nobody else can forge it. `Program data:` logs
are the fallback; they count only while the pump.fun program is the one that runs, and they may be truncated. A failed transaction's
events never happened, though its logs still show them.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from solders.transaction import VersionedTransaction

from memesnipe.kernel.errors import BadInput
from memesnipe.market.base58 import b58decode
from memesnipe.market.pumpfun_events import SELF_CPI, Seen, decode

PUMP_PROGRAM = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"
_DATA = "Program data: "


class Extracted(msgspec.Struct, frozen=True):
    """What a transaction told. `bad` are events that could not be used; `truncated`: its logs were cut, events may be missing."""

    seen: tuple[Seen, ...] = ()
    bad: tuple[BadInput, ...] = ()
    truncated: bool = False


def events_in(transaction: Any, meta: Mapping[str, Any]) -> Extracted:
    """Return the events of a transaction as RPC tells it (any encoding). Raises BadInput when it is not one."""
    if not isinstance(meta, Mapping):
        raise BadInput("meta", f"{type(meta).__name__} instead of an object")
    if meta.get("err") is not None:
        return Extracted()
    try:
        inner = list(_inner(transaction, meta))
        return _decoded(inner, truncated=False) if inner else events_in_logs(meta.get("logMessages") or ())
    except (AttributeError, KeyError, TypeError) as error:  # a host that lies about the shape must not end the source
        raise BadInput("transaction", f"not as RPC tells it: {type(error).__name__}") from None


def events_in_logs(logs: Sequence[str]) -> Extracted:
    """Return the events that the pump.fun program logged."""
    raws, stack, truncated = [], [""], False
    for line in logs:
        words = line.split(" ")
        if line.startswith(_DATA) and stack[-1] == PUMP_PROGRAM:
            raws.append(_base64(line[len(_DATA) :]))
        elif line == "Log truncated":
            truncated = True
        elif words[0] == "Program" and len(words) > 2 and words[2] == "invoke":
            stack.append(words[1])
        elif words[0] == "Program" and len(words) > 2 and words[2].rstrip(":") in ("success", "failed") and len(stack) > 1:
            stack.pop()
    return _decoded(raws, truncated=truncated)


def _decoded(raws: Sequence[bytes], *, truncated: bool) -> Extracted:
    seen, bad = [], []
    for raw in raws:
        try:
            event = decode(raw)
        except BadInput as error:
            bad.append(error)
        else:
            seen += [event] if event else []
    return Extracted(tuple(seen), tuple(bad), truncated)


def _inner(transaction: Any, meta: Mapping[str, Any]) -> Iterator[bytes]:
    groups = meta.get("innerInstructions") or ()
    keys = _keys(transaction, meta) if groups else []
    for group in groups:
        for instruction in group.get("instructions", ()):
            if _program(instruction, keys) == PUMP_PROGRAM and (data := b58decode(str(instruction.get("data", "")))).startswith(SELF_CPI):
                yield data


def _program(instruction: Mapping[str, Any], keys: Sequence[str]) -> str:
    named, at = instruction.get("programId"), instruction.get("programIdIndex")
    if named is not None:
        return str(named)
    return keys[at] if isinstance(at, int) and 0 <= at < len(keys) else ""


def _keys(transaction: Any, meta: Mapping[str, Any]) -> list[str]:
    """Return all account keys in index order: the message's own, then those that lookup tables loaded."""
    if isinstance(transaction, Mapping):
        own = [str(key["pubkey"] if isinstance(key, Mapping) else key) for key in transaction.get("message", {}).get("accountKeys", ())]
    else:
        own = _static_keys(transaction)
    loaded = meta.get("loadedAddresses") or {}
    return [*own, *loaded.get("writable", ()), *loaded.get("readonly", ())]


def _static_keys(encoded: Any) -> list[str]:
    """A version we cannot parse gives no keys: its events then come from the logs."""
    raw = str(encoded[0] if isinstance(encoded, list | tuple) and encoded else encoded)
    try:
        return [str(key) for key in VersionedTransaction.from_bytes(base64.b64decode(raw)).message.account_keys]
    except (ValueError, TypeError):
        return []


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.split(" ")[0])
    except binascii.Error:
        return b""
