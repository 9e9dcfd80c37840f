"""What the signer's decision looks at: the request with its evidence opened, what is known, and the signer's own rails."""

import msgspec
from solders.pubkey import Pubkey
from solders.signature import Signature

from memesnipe.approvals.keys import TrustedKeys
from memesnipe.chain.token_rules import TokenRules
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import Approval, EarlierSignature, Lease, SwapTransaction
from memesnipe.signer.store import Signed
from memesnipe.signer.windows import Spent


class Replayed(Refused):
    """An attempt that was signed with other bytes; `earlier` may still land."""

    def __init__(self, intent_id: str, earlier: Signed) -> None:
        super().__init__(ReasonCode.REPLAYED, f"attempt {earlier.attempt} was signed with other bytes")
        signature = str(Signature.from_bytes(earlier.signature))
        self.earlier = EarlierSignature(intent_id, earlier.attempt, signature, earlier.last_valid_block_height)


class Rails(msgspec.Struct, frozen=True):
    """The signer's own limits and pins, from its settings. A lease may tighten them and never widen them."""

    wallet: Pubkey
    trusted: TrustedKeys
    paper: bool
    genesis: str
    size_lamports_max: int
    tip_lamports_max: int
    priority_fee_lamports_max: int
    spend_lamports_per_hour_max: int
    spend_lamports_per_day_max: int
    attempts_max: int
    impact_bps_max: int
    token_rules: TokenRules


class Known(msgspec.Struct, frozen=True, gc=False):
    """What the store and the process remember."""

    signed: tuple[Signed, ...]
    """Earlier signatures for this intent, by attempt."""
    spent: Spent
    halt_epoch: int
    """The newest halt epoch under which anything was signed: a restart must not bring an older lease to life."""
    now_ns: int
    """The clock, but never earlier than the last signature: a clock set back must not bring expired approvals to life."""


class Case(msgspec.Struct, frozen=True, gc=False):
    """One request, ready to be judged."""

    request: SwapTransaction
    lease: Lease
    risk: Approval
    guard: Approval
    known: Known
    rails: Rails
    reduces: bool
    """Whether the order can only reduce a position."""
