"""What crosses the signer's door: approvals, leases, a request and a signature. Loaded by the signer, so kept small."""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.messages.bounds import SCHEMA, Count, Hash, Id, Lamports, Mode, Pubkey, Schema, StrategyId, TimeNs
from memesnipe.messages.orders import Intent

Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
Envelope = Annotated[bytes, Meta(max_length=4_096)]
TableData = Annotated[bytes, Meta(max_length=56 + 32 * 256)]
"""A lookup table's account: its meta and at most 256 addresses."""

APPROVAL_TYPE = "application/vnd.memesnipe.approval+msgpack"
LEASE_TYPE = "application/vnd.memesnipe.lease+msgpack"


class Approval(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="approval"):
    """The payload that a guard signs. sha256 over the intent's encoded bytes binds it to one order, exactly."""

    role: Annotated[str, Meta(pattern=r"^(risk|guard)\Z")]
    genesis: Hash
    mode: Mode
    strategy: StrategyId
    intent_id: Id
    attempt: Count
    """0 in the risk approval: it approves the order, the guard approves each attempt."""
    intent_digest: Digest
    message_digest: bytes
    """Guard only: sha256 of the transaction's message bytes; empty for risk."""
    risk_digest: bytes
    """Guard only: sha256 of the risk approval's envelope; empty for risk."""
    tables_digest: bytes
    """Guard only: sha256 over the lookup tables as given to the signer; empty without tables."""
    policy_hash: Hash
    halt_epoch: Count
    issued_ns: TimeNs
    expires_ns: TimeNs
    nonce: Id
    schema: Schema = SCHEMA
    stated_digest: bytes = b""
    """Guard only: sha256 over what the request states beside the bytes (`approve.stated_digest`); empty for risk."""


class Lease(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="lease"):
    """The control plane's word that a strategy is live now. No lease, no signature."""

    strategy: StrategyId
    mode: Mode
    spec_hash: Hash
    policy_hash: Hash
    genesis: Hash
    halt_epoch: Count
    reduce_only: bool
    """True: only sells and exits are signed under it."""
    issued_ns: TimeNs
    expires_ns: TimeNs
    size_lamports_max: Lamports
    priority_fee_lamports_max: Lamports
    tip_lamports_max: Lamports
    spend_lamports_per_hour_max: Lamports
    spend_lamports_per_day_max: Lamports
    schema: Schema = SCHEMA
    exits_only: bool = False
    """True: of the sells, only protective exits and a person's close: in HALTED a strategy is silent."""


class LookupTable(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An address lookup table's key and its account's data, byte for byte as read from chain."""

    key: Pubkey
    data: TableData | Annotated[tuple[Pubkey, ...], Meta(max_length=256)]
    """Earlier releases wrote the addresses instead: such an attempt is still read and known again, but never signed anew."""


class MintAccount(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The account of the token that is bought, as read from chain: the program that owns it, and its data."""

    program: Pubkey
    data: Annotated[bytes, Meta(max_length=16_384)]


class SwapTransaction(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="swap_transaction"):
    """A built and checked transaction, not yet signed: what wallet_guard asks the signer to sign."""

    intent: Intent
    attempt: Count
    message: Annotated[bytes, Meta(min_length=1, max_length=4_096)]
    last_valid_block_height: Count
    min_out: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    """The least out-amount the guard accepted; the bytes must enforce at least this."""
    tables: Annotated[tuple[LookupTable, ...], Meta(max_length=8)]
    risk_approval: Envelope
    guard_approval: Envelope
    lease: Envelope
    schema: Schema = SCHEMA
    mint: MintAccount | None = None
    """Of the token of a buy, which is not signed without it. A sell needs none: what is held must be sold whatever it has become."""


class EarlierSignature(msgspec.Struct, frozen=True, array_like=True, tag="earlier_signature"):
    """What the signer signed for an (intent, attempt) before, with other bytes: it may land, so whoever asks must watch it."""

    intent_id: Id
    attempt: Count
    signature: Annotated[str, Meta(min_length=64, max_length=88)]
    last_valid_block_height: Count
    schema: Schema = SCHEMA


class SignedTransaction(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="signed_transaction"):
    """The signer's yes: the whole transaction, ready for the wire. The same request always gets the same bytes."""

    intent_id: Id
    attempt: Count
    signature: Annotated[str, Meta(min_length=64, max_length=88)]
    transaction: Annotated[bytes, Meta(min_length=1, max_length=4_200)]
    last_valid_block_height: Count
    schema: Schema = SCHEMA


Signature = SignedTransaction | EarlierSignature
"""What the chain can be asked about; only the first can also be sent."""


class JitoChallenge(msgspec.Struct, frozen=True, array_like=True, tag="jito_challenge"):
    """What Jito's block engine gave us to sign, so that it knows us (gRPC `auth.AuthService`)."""

    challenge: Annotated[str, Meta(min_length=1, max_length=256)]
    schema: Schema = SCHEMA


class JitoProof(msgspec.Struct, frozen=True, array_like=True, tag="jito_proof"):
    """What goes back to it in `GenerateAuthTokens`: the key it knows us by, the text that was signed, the signature in base58."""

    key: Pubkey
    challenge: Annotated[str, Meta(max_length=128)]
    """`<key>-<what Jito gave>`."""
    signature: Annotated[str, Meta(min_length=64, max_length=88)]
    schema: Schema = SCHEMA
