"""What Solana's JSON-RPC answers, as far as we use it. Every number is bounded; unknown fields are ignored.

Wire format: https://solana.com/docs/rpc (getSignatureStatuses, getTransaction, simulateTransaction, getMultipleAccounts,
getTokenLargestAccounts, getProgramAccounts).
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from memesnipe.messages.bounds import Lamports, Pubkey, Slot

Height = Annotated[int, Meta(ge=0, le=2**53)]
Index = Annotated[int, Meta(ge=0, le=255)]
Amount = Annotated[str, Meta(max_length=20, pattern=r"^[0-9]+\Z")]


class Context(msgspec.Struct, frozen=True):
    """The slot an answer is true for."""

    slot: Slot


class SignatureStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What the cluster knows of one signature. `err` is None on success; "confirmed" alone is not success."""

    slot: Slot
    err: Any = None
    confirmation_status: str | None = None


class SignatureStatuses(msgspec.Struct, frozen=True):
    """One status for each signature asked, None where nothing is known."""

    context: Context
    value: tuple[SignatureStatus | None, ...]


class UiAmount(msgspec.Struct, frozen=True):
    """Token amount: base units as text."""

    amount: Amount
    decimals: Annotated[int, Meta(ge=0, le=255)]


class TokenBalance(msgspec.Struct, frozen=True, rename="camel"):
    """A token account's balance before or after a transaction."""

    account_index: Index
    mint: Pubkey
    ui_token_amount: UiAmount
    owner: Pubkey | None = None


class LoadedAddresses(msgspec.Struct, frozen=True):
    """Keys that came from lookup tables."""

    writable: tuple[Pubkey, ...] = ()
    readonly: tuple[Pubkey, ...] = ()


class TransactionMeta(msgspec.Struct, frozen=True, rename="camel"):
    """What a transaction did."""

    err: Any
    fee: Lamports
    pre_balances: tuple[Lamports, ...]
    post_balances: tuple[Lamports, ...]
    pre_token_balances: tuple[TokenBalance, ...] | None = None
    post_token_balances: tuple[TokenBalance, ...] | None = None
    loaded_addresses: LoadedAddresses | None = None
    log_messages: tuple[str, ...] | None = None
    compute_units_consumed: Annotated[int, Meta(ge=0, le=2**53)] | None = None


class Landed(msgspec.Struct, frozen=True, rename="camel"):
    """getTransaction with encoding base64."""

    slot: Slot
    transaction: tuple[str, str]
    meta: TransactionMeta
    block_time: Annotated[int, Meta(ge=0, le=2**40)] | None = None


class Account(msgspec.Struct, frozen=True):
    """An account with base64 data."""

    lamports: Lamports
    owner: Pubkey
    data: tuple[str, str]
    executable: bool = False


class SimulationValue(msgspec.Struct, frozen=True, rename="camel"):
    """What a simulation said. Balances are of the message's accounts in their order; nodes tell them since Agave 3."""

    err: Any = None
    logs: tuple[str, ...] | None = None
    units_consumed: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    pre_balances: tuple[Lamports, ...] | None = None
    post_balances: tuple[Lamports, ...] | None = None
    pre_token_balances: tuple[TokenBalance, ...] | None = None
    post_token_balances: tuple[TokenBalance, ...] | None = None


class Simulation(msgspec.Struct, frozen=True):
    """simulateTransaction."""

    context: Context
    value: SimulationValue


class LargestAccount(msgspec.Struct, frozen=True):
    """One of a mint's largest token accounts; base units as text."""

    address: Pubkey
    amount: Amount


class LargestAccounts(msgspec.Struct, frozen=True):
    """getTokenLargestAccounts."""

    context: Context
    value: Annotated[tuple[LargestAccount, ...], Meta(max_length=100)]


class Matching(msgspec.Struct, frozen=True):
    """One account of getProgramAccounts, of which no more is read than that it is there."""

    pubkey: Pubkey


class Accounts(msgspec.Struct, frozen=True):
    """getMultipleAccounts: None where there is no account."""

    context: Context
    value: tuple[Account | None, ...]


class HeldInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Which token an account holds, and how much."""

    mint: Pubkey
    token_amount: UiAmount


class HeldParsed(msgspec.Struct, frozen=True):
    """A token account's data, as the node reads it."""

    info: HeldInfo


class HeldData(msgspec.Struct, frozen=True):
    """The wrapper around it."""

    parsed: HeldParsed


class HeldAccount(msgspec.Struct, frozen=True):
    """A token account; what else it has is ignored."""

    data: HeldData


class KeyedAccount(msgspec.Struct, frozen=True):
    """One line of getTokenAccountsByOwner with encoding jsonParsed; the account's key is ignored."""

    account: HeldAccount

    @property
    def held(self) -> HeldInfo:
        """What it holds."""
        return self.account.data.parsed.info


class Blockhash(msgspec.Struct, frozen=True, rename="camel"):
    """getLatestBlockhash's value."""

    blockhash: Pubkey
    last_valid_block_height: Height


class LatestBlockhash(msgspec.Struct, frozen=True):
    """getLatestBlockhash."""

    context: Context
    value: Blockhash


class Valid(msgspec.Struct, frozen=True):
    """isBlockhashValid."""

    context: Context
    value: bool


class Balance(msgspec.Struct, frozen=True):
    """getBalance."""

    context: Context
    value: Lamports


MicroLamports = Annotated[float, Meta(ge=0, le=1e12)]


class PriorityFeeLevels(msgspec.Struct, frozen=True, rename="camel"):
    """Micro-lamports per compute unit (floats on the wire), by percentile of what was paid lately: 25th, 50th, 75th and 95th.

    Source: https://www.helius.dev/docs/priority-fee (levels Low, Medium, High, VeryHigh).
    """

    low: MicroLamports
    medium: MicroLamports
    high: MicroLamports
    very_high: MicroLamports


class PriorityFees(msgspec.Struct, frozen=True, rename="camel"):
    """Helius getPriorityFeeEstimate with includeAllPriorityFeeLevels."""

    priority_fee_levels: PriorityFeeLevels
