"""From an order to bytes worth approving: quote, blockhash, lookup tables, message, policy, simulation. Nothing here can move money.

Every call is a read and may be made again; each time gives a fresh quote. The policy judges the bytes, so a lying quote, a poisoned
instruction or a false lookup table ends here or, if this stage is broken, at the signer, which runs the same policy.
"""

import asyncio
import base64
import binascii
from collections.abc import Sequence

import msgspec
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.chain import build, costs, policy
from memesnipe.chain.build import Budget, Built
from memesnipe.chain.clients.jupiter import Build, Jupiter
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Account, Blockhash, SimulationValue
from memesnipe.chain.programs import ALT_PROGRAM, BPS, JITO_TIP_ACCOUNTS, WRAPPED_SOL_MINT
from memesnipe.guard import metrics
from memesnipe.guard.expiry import Expiry
from memesnipe.guard.fees import Fees, urgency_of
from memesnipe.guard.paper import Cost
from memesnipe.guard.venue import Ready
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.ids import derive
from memesnipe.kernel.logs import logger
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.messages.signing import LookupTable, MintAccount

UNITS_HEADROOM_BPS = 12_000
"""A simulation saw the state of its slot; the landing slot may need somewhat more compute."""


class Caps(msgspec.Struct, frozen=True):
    """What may be paid to get in, by the policy in force (lamports), and what we would offer."""

    priority_fee_lamports_max: int
    tip_lamports_max: int
    compute_units: int
    compute_unit_price_micro_lamports: int
    tip_lamports: int


def caps_of(limits: RiskLimits, compute_units: int, compute_unit_price_micro_lamports: int, tip_lamports: int) -> Caps:
    """Return an offer under the policy in force."""
    most = (limits.priority_fee_lamports_max, limits.tip_lamports_max)
    return Caps(*most, compute_units, compute_unit_price_micro_lamports, tip_lamports)


class Found(msgspec.Struct, frozen=True):
    """What the hosts answered, the tip account drawn, and what we would offer (before the policy's caps)."""

    quote: Build
    tables: tuple[LookupTable, ...]
    mint: MintAccount | None
    blockhash: Blockhash
    tip_account: str
    price_micro_lamports: int
    tip_lamports: int


class Quoting:
    """Swaps by Jupiter (see `venue.Venue`). Which tip accounts are used depends on the way the transaction will go."""

    name = "jupiter"

    def __init__(
        self, rpc: SolanaRpc, jupiter: Jupiter, fees: Fees, expiry: Expiry, tip_accounts: Sequence[str] = JITO_TIP_ACCOUNTS
    ) -> None:
        self._rpc, self._jupiter, self._fees, self._expiry, self._tip_accounts = rpc, jupiter, fees, expiry, tip_accounts

    def serves(self, intent: Intent) -> bool:
        """Return True: any token has a route or is refused for having none."""
        return True

    async def prepare(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Ready:
        """Return bytes for an order. Raises Refused (no route, policy, simulation), Unavailable, BadInput."""
        found = await self._found(intent, wallet, lane)
        caps = caps_of(limits, self._fees.wishes.compute_units, found.price_micro_lamports, found.tip_lamports)
        ready = judged(intent, wallet, found, caps, caps.compute_units)
        if units := await self._simulated(ready.built, lane):
            ready = judged(intent, wallet, found, caps, min(units, caps.compute_units))
        if ready.tip_lamports < self._fees.wishes.tip_lamports_min:
            # Sender drops it and the RPC host alone carries the order: it lands late or not at all, with nothing else to show why.
            logger().warning("tip_below_minimum", tip_lamports=ready.tip_lamports, minimum=self._fees.wishes.tip_lamports_min)
        metrics.OFFERED_PRICE.labels(lane.value).set(ready.price_micro_lamports)
        metrics.OFFERED_TIP.labels(lane.value).set(ready.tip_lamports)
        return ready

    async def rehearse(self, intent: Intent, wallet: str, limits: RiskLimits, lane: Lane) -> Cost:
        """Do for a paper order all that needs no money and no key. Raises what `prepare` raises.

        A wallet without money cannot be simulated, so the units are those asked for without a simulation: paper pays a little more.
        """
        found = await self._found(intent, wallet, lane)
        caps = caps_of(limits, self._fees.wishes.compute_units, found.price_micro_lamports, found.tip_lamports)
        ready = judged(intent, wallet, found, caps, caps.compute_units)
        return Cost(costs.network_fee_lamports(caps.compute_units, ready.price_micro_lamports), ready.tip_lamports)

    async def _found(self, intent: Intent, wallet: str, lane: Lane) -> Found:
        """Ask in two rounds, each side by side. The floor is read before the blockhash, or it would prove nothing about it."""
        quote, floor = await asyncio.gather(self._quote(intent, wallet, lane), self._expiry.floor(lane))
        blockhash, (tables, mint), offer = await asyncio.gather(
            self._expiry.blockhash(floor, lane), self._accounts(intent, quote, lane), self._fees.offer(_written(quote), lane)
        )
        price = offer.price_micro_lamports or build.advised_price(quote, self._fees.wishes.compute_unit_price_micro_lamports)
        doubled = urgency_of(intent)
        return Found(quote, tables, mint, blockhash, self._tip_account(intent.id), price << doubled, offer.tip_lamports << doubled)

    async def _quote(self, intent: Intent, wallet: str, lane: Lane) -> Build:
        sells = policy.sells(intent)
        amount = intent.size_units if sells or isinstance(intent, ExitIntent) else intent.size_lamports
        pair = (intent.mint, WRAPPED_SOL_MINT) if sells else (WRAPPED_SOL_MINT, intent.mint)
        return await self._jupiter.build(
            input_mint=pair[0], output_mint=pair[1], amount=amount, taker=wallet, slippage_bps=intent.slippage_bps_max, lane=lane
        )

    async def _accounts(self, intent: Intent, quote: Build, lane: Lane) -> tuple[tuple[LookupTable, ...], MintAccount | None]:
        """Return the quote's lookup tables and, of a buy, the mint: byte for byte, since the signer reads them itself."""
        tables = list(quote.addresses_by_lookup_table_address or {})
        keys = tables if policy.sells(intent) else [*tables, intent.mint]
        found = dict(zip(keys, await self._rpc.accounts(keys, lane), strict=True)) if keys else {}
        mint = None if policy.sells(intent) else _mint(intent.mint, found[intent.mint])
        return tuple(_table(key, found[key]) for key in tables), mint

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
    price = build.price_within(units, caps.compute_unit_price_micro_lamports, caps.priority_fee_lamports_max)
    budget = Budget(units, price, min(caps.tip_lamports, caps.tip_lamports_max), found.tip_account)
    built = build.swap_message(found.quote, wallet=wallet, tables=found.tables, budget=budget, blockhash=found.blockhash)
    min_out = max(1, built.quoted_out * (BPS - intent.slippage_bps_max) // BPS)
    limits = policy.Limits(caps.priority_fee_lamports_max, caps.tip_lamports_max)
    terms = policy.terms_of(intent, wallet=Pubkey.from_string(wallet), min_out=min_out, limits=limits, mint=found.mint)
    policy.check(built.message, built.tables, terms)
    return Ready(msgspec.structs.replace(built, mint=found.mint), min_out, budget.price_micro_lamports, budget.tip_lamports)


def _written(quote: Build) -> list[str]:
    """Return the accounts the swap writes: the estimate of a priority fee is good for those alone."""
    return [meta.pubkey for meta in quote.swap_instruction.accounts if meta.is_writable]


def _failed(value: SimulationValue) -> Refused:
    said = f"{value.err}"[:200]
    poor = "InsufficientFunds" in said or any("insufficient lamports" in line for line in value.logs or ())
    return Refused(ReasonCode.INSUFFICIENT_FUNDS if poor else ReasonCode.SIMULATION_FAILED, said)


def _table(key: str, account: Account | None) -> LookupTable:
    if account is None or account.owner != ALT_PROGRAM:
        raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"{key} is not a lookup table on this chain")
    return LookupTable(key, _data(account, ReasonCode.TX_LOOKUP_TABLE))


def _mint(key: str, account: Account | None) -> MintAccount:
    if account is None:
        raise Refused(ReasonCode.TOKEN_MINT, f"there is no account {key}")
    return MintAccount(account.owner, _data(account, ReasonCode.TOKEN_MINT))


def _data(account: Account, reason: ReasonCode) -> bytes:
    try:
        return base64.b64decode(account.data[0], validate=True)
    except (ValueError, binascii.Error) as error:
        raise Refused(reason, f"its data cannot be read: {error}") from None
