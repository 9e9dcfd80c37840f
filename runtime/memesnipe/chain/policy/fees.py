"""What may be paid to the network: one compute-unit limit, one price, and together no more than the cap.

The fee is charged even when the transaction fails, and a node may be the one that profits.
Wire format: ComputeBudget instructions 2 (limit, u32) and 3 (micro-lamports for one unit, u64). A v1 message states its TOTAL in lamports.
"""

from memesnipe.chain.decode import Decoded, Instruction
from memesnipe.chain.policy.seen import Seen
from memesnipe.chain.policy.terms import Limits, Terms
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

MICRO = 1_000_000
_SET_LIMIT, _SET_PRICE = b"\x02", b"\x03"


def compute_budget(instruction: Instruction, message: Decoded, terms: Terms, seen: Seen) -> None:
    """Read one limit or one price."""
    data = instruction.data
    if data[:1] == _SET_LIMIT and len(data) == 5 and seen.units is None:
        seen.units = int.from_bytes(data[1:], "little")
    elif data[:1] == _SET_PRICE and len(data) == 9 and seen.price_micro_lamports is None:
        seen.price_micro_lamports = int.from_bytes(data[1:], "little")
    else:
        only_one_limit_and_one_price(instruction)


def priority_fee_of(message: Decoded, seen: Seen, limits: Limits) -> int:
    """Return the priority fee in lamports, rounded up as the chain does: ceil(units x price / 10^6)."""
    price_has_a_limit(seen)
    fee_lamports = message.priority_fee_lamports + -(-(seen.price_micro_lamports or 0) * (seen.units or 0) // MICRO)
    fee_is_within_cap(fee_lamports, limits)
    return fee_lamports


def only_one_limit_and_one_price(instruction: Instruction) -> None:
    """A second price would leave open which one counts; heap and data-size requests no swap needs."""
    raise Refused(ReasonCode.TX_PROGRAM, f"ComputeBudget instruction {instruction.data.hex()} is not one limit or one price")


def price_has_a_limit(seen: Seen) -> None:
    """Without a limit the chain takes its default, and the fee is not what the bytes seem to say."""
    if seen.price_micro_lamports is not None and seen.units is None:
        raise Refused(ReasonCode.TX_FEE_CAP, "a compute-unit price without a unit limit: the fee would be the default limit's")


def fee_is_within_cap(fee_lamports: int, limits: Limits) -> None:
    """An inflated fee drains the wallet one failed transaction at a time."""
    if not (fee_lamports <= limits.priority_fee_lamports_max):
        raise Refused(ReasonCode.TX_FEE_CAP, f"priority fee {fee_lamports} lamports, cap {limits.priority_fee_lamports_max}")
