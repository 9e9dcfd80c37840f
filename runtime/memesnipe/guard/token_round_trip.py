"""Could what is bought be sold again? The buy and the sell that would follow, as one transaction for a node to simulate.

Quotes are a host's word. In the simulation the tokens arrive and are sold in the same breath, on the state of the chain, and what our
accounts hold afterwards is compared with before: a token that takes fees, a pool that pays less than quoted or a sell that fails shows
there. It is never signed, so nothing in it can move money; the wallet only has to be able to pay for the buy.
"""

import msgspec
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.chain import build
from memesnipe.chain.clients.jupiter import Build
from memesnipe.chain.clients.rpc_types import SimulationValue
from memesnipe.chain.costs import COMPUTE_UNITS_MAX, SIGNATURE_FEE_LAMPORTS
from memesnipe.chain.decode import TRANSACTION_BYTES_MAX
from memesnipe.chain.programs import BPS
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.reasons import ReasonCode

_POOR = ("InsufficientFundsForFee", "InsufficientFundsForRent", "AccountNotFound")


class RoundTrip(msgspec.Struct, frozen=True):
    """A transaction to simulate. The first `buy_steps` instructions are the buy's."""

    transaction: bytes
    buy_steps: int

    @property
    def fits(self) -> bool:
        """Whether a node takes it at all."""
        return len(self.transaction) <= TRANSACTION_BYTES_MAX


def round_trip(buy: Build, sell: Build, wallet: str) -> RoundTrip:
    """Return buy and sell as one unsigned transaction. Raises BadInput."""
    payer = Pubkey.from_string(wallet)
    first = (set_compute_unit_limit(COMPUTE_UNITS_MAX), *build.proposed(buy))
    blockhash = Hash.from_bytes(bytes(sell.blockhash_with_metadata.blockhash))
    try:
        message = MessageV0.try_compile(payer, [*first, *build.proposed(sell)], _tables(buy, sell), blockhash)
    except Exception as error:  # solders raises its own CompileError, which derives from Exception alone
        raise BadInput("jupiter.instructions", f"cannot be compiled: {error}") from None
    signatures = [Signature.default()] * message.header.num_required_signatures
    return RoundTrip(bytes(VersionedTransaction.populate(message, signatures)), len(first))


class Holdings(msgspec.Struct, frozen=True):
    """What our accounts hold together: lamports (rent included, for it comes back) and units of the token."""

    lamports: int
    units: int


def quoted_loss_bps(buy: Build, sell: Build) -> int:
    """Return what the two quotes say a round trip loses, at the present price and size (bps of what is spent, rounded up).

    The sell is of a part of what is bought; its proceeds are scaled to the whole.
    """
    back = int(sell.out_amount) * int(buy.out_amount) // int(sell.in_amount)
    return loss_bps(int(buy.in_amount), back)


def simulated_loss_bps(value: SimulationValue, buy: Build, sell: Build, wallet: str, trip: RoundTrip) -> int | None:
    """Return what the simulated round trip lost (bps, rounded up); None where the wallet is too poor to simulate a buy.

    Before and after are the simulation's own: another order of ours that lands meanwhile moves our balances, and not this measure. Tokens
    bought and not sold are worth what the sold ones brought. Raises Refused(SIMULATION_FAILED) when the buy failed (a fresh quote may
    pass), TOKEN_UNSELLABLE when the sell did, BadInput when the node did not tell the balances.
    """
    if value.err is not None:
        _refuse_unless_poor(value, trip)
        return None
    before, after = _held(value, buy.output_mint, wallet)
    spent, sold = int(buy.in_amount), int(sell.in_amount)
    back = spent - (before.lamports - after.lamports - SIGNATURE_FEE_LAMPORTS)
    return loss_bps(spent, back * (after.units - before.units + sold) // sold)


def loss_bps(spent: int, back: int) -> int:
    """Return the share lost, in bps, rounded up; 0 for a gain."""
    return max(0, -((back - spent) * BPS // spent))


def _held(value: SimulationValue, mint: str, wallet: str) -> tuple[Holdings, Holdings]:
    """Return what the wallet (the first account, for it pays) and its token accounts held before and after. Raises BadInput."""
    tokens = (value.pre_token_balances, value.post_token_balances)
    lamports = (value.pre_balances, value.post_balances)
    if None in tokens or None in lamports:
        raise BadInput("rpc.preBalances", "the simulation does not tell balances; MEMESNIPE_TOKEN_ROUND_TRIP=quoted does without")
    ours = [[one for one in told or () if one.owner == wallet] for told in tokens]
    places = {0, *(one.account_index for told in ours for one in told)}
    try:
        sums = [sum(told[place] for place in places) for told in lamports if told is not None]
    except IndexError:
        raise BadInput("rpc.preBalances", "fewer balances than accounts") from None
    units = [sum(int(one.ui_token_amount.amount) for one in told if one.mint == mint) for told in ours]
    return Holdings(sums[0], units[0]), Holdings(sums[1], units[1])


def _refuse_unless_poor(value: SimulationValue, trip: RoundTrip) -> None:
    said = f"{value.err}"[:200]
    at = _failing_step(value.err)
    if any(word in said for word in _POOR) or (_lacks_lamports(value) and (at is None or at < trip.buy_steps)):
        return
    if at is not None and at >= trip.buy_steps:
        raise Refused(ReasonCode.TOKEN_UNSELLABLE, f"bought, and then the sell fails: {said}")
    raise Refused(ReasonCode.SIMULATION_FAILED, f"before the sell: {said}")


def _failing_step(err: object) -> int | None:
    match err:
        case {"InstructionError": [int(at), *_]}:
            return at
    return None


def _lacks_lamports(value: SimulationValue) -> bool:
    return any("insufficient lamports" in line for line in value.logs or ())


def _tables(*builds: Build) -> list[AddressLookupTableAccount]:
    """Return the lookup tables as the quotes tell them; a false one makes the simulation fail, and no more."""
    told = {key: addresses for each in builds for key, addresses in (each.addresses_by_lookup_table_address or {}).items()}
    return [AddressLookupTableAccount(Pubkey.from_string(key), list(map(Pubkey.from_string, found))) for key, found in told.items()]
