"""From an order to bytes worth approving: quote, blockhash, lookup tables, message, policy, simulation. Nothing here can move money.

Every call is a read and may be made again; each time gives a fresh quote. The policy judges the bytes, so a lying quote, a poisoned
instruction or a false lookup table ends here or, if this stage is broken, at the signer, which runs the same policy.
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec
from solders.address_lookup_table_account import AddressLookupTable
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.chain import build, policy
from memesnipe.chain.build import Budget, Built
from memesnipe.chain.clients.jupiter import Build, Jupiter
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Account, Blockhash, SimulationValue
from memesnipe.chain.programs import ALT_PROGRAM, BPS, JITO_TIP_ACCOUNTS, WRAPPED_SOL_MINT
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.messages.signing import LookupTable

UNITS_HEADROOM_BPS = 12_000
"""A simulation saw the state of its slot; the landing slot may need somewhat more compute."""


class Caps(msgspec.Struct, frozen=True):
    """What may be paid to get in, by the policy in force (lamports), and what we wish to pay."""

    priority_fee_lamports_max: int
    tip_lamports_max: int
    compute_units: int
    compute_unit_price_micro_lamports: int
    tip_lamports: int


def caps_of(limits: RiskLimits, compute_units: int, compute_unit_price_micro_lamports: int, tip_lamports: int) -> Caps:
    """Return our wishes under the policy in force."""
    most = (limits.priority_fee_lamports_max, limits.tip_lamports_max)
    return Caps(*most, compute_units, compute_unit_price_micro_lamports, tip_lamports)


class Found(msgspec.Struct, frozen=True):
    """What the hosts answered, and the tip account drawn."""

    quote: Build
    tables: tuple[LookupTable, ...]
    blockhash: Blockhash
    tip_account: str


class Ready(msgspec.Struct, frozen=True):
    """Bytes that passed the policy."""

    built: Built
    min_out: int


class Quoting:
    """The two hosts that are asked. Which tip accounts are used depends on the way the transaction will go."""

    def __init__(self, rpc: SolanaRpc, jupiter: Jupiter, tip_accounts: Sequence[str] = JITO_TIP_ACCOUNTS) -> None:
        self._rpc, self._jupiter, self._tip_accounts = rpc, jupiter, tip_accounts

    async def prepare(self, intent: Intent, wallet: str, caps: Caps, lane: Lane) -> Ready:
        """Return bytes for an order. Raises Refused (no route, policy, simulation), Unavailable, BadInput."""
        found = await self._found(intent, wallet, lane)
        ready = judged(intent, wallet, found, caps, caps.compute_units)
        units = await self._simulated(ready.built, lane)
        return judged(intent, wallet, found, caps, min(units, caps.compute_units)) if units else ready

    async def rehearse(self, intent: Intent, wallet: str, caps: Caps, lane: Lane) -> None:
        """Do for a paper order all that needs no money and no key. Raises what `prepare` raises."""
        judged(intent, wallet, await self._found(intent, wallet, lane), caps, caps.compute_units)

    async def _found(self, intent: Intent, wallet: str, lane: Lane) -> Found:
        quote = await self._quote(intent, wallet, lane)
        blockhash = await self._rpc.latest_blockhash(lane=lane)
        return Found(quote, await self._tables(quote, lane), blockhash, self._tip_account(intent.id))

    async def _quote(self, intent: Intent, wallet: str, lane: Lane) -> Build:
        sells = policy.sells(intent)
        amount = intent.size_units if sells or isinstance(intent, ExitIntent) else intent.size_lamports
        pair = (intent.mint, WRAPPED_SOL_MINT) if sells else (WRAPPED_SOL_MINT, intent.mint)
        return await self._jupiter.build(
            input_mint=pair[0], output_mint=pair[1], amount=amount, taker=wallet, slippage_bps=intent.slippage_bps_max, lane=lane
        )

    async def _tables(self, quote: Build, lane: Lane) -> tuple[LookupTable, ...]:
        keys = list(quote.addresses_by_lookup_table_address or {})
        if not keys:
            return ()
        accounts = await self._rpc.accounts(keys, lane)
        return tuple(_table(key, account) for key, account in zip(keys, accounts, strict=True))

    def _tip_account(self, intent_id: str) -> str:
        """Return a tip account, always the same for an intent: spreading them avoids a write lock that everybody waits for."""
        return self._tip_accounts[int(derive("tip", intent_id), 16) % len(self._tip_accounts)]

    async def _simulated(self, built: Built, lane: Lane) -> int:
        """Return the compute units to ask for, 0 when no simulation could be had: it is advice, and its absence stops nothing."""
        message = from_bytes_versioned(built.message)
        unsigned = bytes(VersionedTransaction.populate(message, [Signature.default()]))
        try:
            value = await self._rpc.simulate(unsigned, lane)
        except (Unavailable, BadInput):
            return 0
        if value.err is not None:
            raise _failed(value)
        return (value.units_consumed or 0) * UNITS_HEADROOM_BPS // BPS


def judged(intent: Intent, wallet: str, found: Found, caps: Caps, units: int) -> Ready:
    """Return the bytes if the policy lets them pass. Pure. Raises Refused, BadInput."""
    advised = build.advised_price(found.quote, caps.compute_unit_price_micro_lamports)
    price = build.price_within(units, advised, caps.priority_fee_lamports_max)
    budget = Budget(units, price, min(caps.tip_lamports, caps.tip_lamports_max), found.tip_account)
    built = build.swap_message(found.quote, wallet=wallet, tables=found.tables, budget=budget, blockhash=found.blockhash)
    min_out = max(1, built.quoted_out * (BPS - intent.slippage_bps_max) // BPS)
    limits = policy.Limits(caps.priority_fee_lamports_max, caps.tip_lamports_max)
    terms = policy.terms_of(intent, wallet=Pubkey.from_string(wallet), min_out=min_out, limits=limits)
    policy.check(built.message, built.tables, terms)
    return Ready(built, min_out)


def _failed(value: SimulationValue) -> Refused:
    said = f"{value.err}"[:200]
    poor = "InsufficientFunds" in said or any("insufficient lamports" in line for line in value.logs or ())
    return Refused(ReasonCode.INSUFFICIENT_FUNDS if poor else ReasonCode.SIMULATION_FAILED, said)


def _table(key: str, account: Account | None) -> LookupTable:
    if account is None or account.owner != ALT_PROGRAM:
        raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"{key} is not a lookup table on this chain")
    try:
        addresses = AddressLookupTable.deserialize(base64.b64decode(account.data[0], validate=True)).addresses
    except (ValueError, binascii.Error) as error:
        raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"{key} cannot be read: {error}") from None
    return LookupTable(key, tuple(str(address) for address in addresses))
