"""What a service decided about capital or about going live, with what it takes to decide it again: one message for every such record.

The decision itself is in force by its own stream; this is its record, which position_manager writes into the ledger.
"""

import zlib
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import SCHEMA, Count, Hash, Id, Label, Schema, Text, TimeNs

INPUTS_BYTES_MAX = 900_000
"""An entry of a stream may hold 2^20 bytes, the rest of the message included (`codec.BYTES_MAX`)."""
JSON_BYTES_MAX = 1 << 26
"""Of inputs, unpacked: more than any record of ours holds."""
OUTCOME_CHARS_MAX = 131_072
"""1,024 strategies, at 100 characters each."""
Asked = TypeVar("Asked")


class DecisionKind(StrEnum):
    """What was decided on."""

    ALLOCATION = "allocation"
    PROMOTION = "promotion"


class Decision(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="decision", kw_only=True):
    """One record on decisions_channel. The ledger keeps the first of each (kind, id)."""

    kind: DecisionKind
    id: Id
    subject: Annotated[str, Meta(min_length=1, max_length=63)]
    """A strategy's id, or `*` for the whole portfolio."""
    version: Count
    time_ns: TimeNs
    label: Label
    """An allocation's method; a promotion's step."""
    reason: Text
    outcome: Annotated[str, Meta(max_length=OUTCOME_CHARS_MAX)]
    """JSON of what was decided."""
    inputs_hash: Hash
    inputs: Annotated[bytes, Meta(max_length=INPUTS_BYTES_MAX)] = b""
    """zlib over the JSON of everything it depended on; empty where nobody promises to decide it again."""
    made_with: Text = ""
    """Versions of what computed it: another solver may round otherwise."""
    schema: Schema = SCHEMA


def packed(asked: object) -> bytes:
    """Return everything that a decision depended on as a record has it."""
    return zlib.compress(msgspec.json.encode(asked, order="deterministic"))


def unpacked(record: Decision, decoder: "msgspec.json.Decoder[Asked]") -> Asked:
    """Return what a record's decision depended on. Raises BadInput where it cannot be read."""
    if not record.inputs:
        raise BadInput("inputs", "the record has none")
    try:
        return decoder.decode(zlib.decompressobj().decompress(record.inputs, JSON_BYTES_MAX))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise BadInput("inputs", str(error)) from None
