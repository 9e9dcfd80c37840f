"""The whole message, judged: who signs and pays, then each instruction by its program's rule, then what they come to together."""

from collections.abc import Callable

from solders.pubkey import Pubkey

from memesnipe.chain.decode import Decoded, Instruction, decode_message
from memesnipe.chain.policy.accounts import ATA, SYSTEM, TOKEN
from memesnipe.chain.policy.fees import compute_budget, priority_fee_of
from memesnipe.chain.policy.seen import Seen, Summary
from memesnipe.chain.policy.swap import JUPITER, bought_under_its_own_program, jupiter, there_is_a_swap
from memesnipe.chain.policy.terms import Terms
from memesnipe.chain.policy.token_accounts import associated_token, opened_as_the_swap_uses_them, token
from memesnipe.chain.policy.transfers import system
from memesnipe.chain.programs import COMPUTE_BUDGET_PROGRAM
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import LookupTable

Rule = Callable[[Instruction, Decoded, Terms, Seen], None]
RULES: dict[Pubkey, Rule] = {
    Pubkey.from_string(COMPUTE_BUDGET_PROGRAM): compute_budget,
    ATA: associated_token,
    SYSTEM: system,
    TOKEN: token,
    JUPITER: jupiter,
}
"""Programs that may be called, and the rule each instruction of theirs must keep."""


def check(message: bytes, tables: tuple[LookupTable, ...], terms: Terms) -> Summary:
    """Return what the message does if that is exactly the order. Raises Refused and nothing else."""
    decoded, seen = decode_message(message, tables), Seen()
    we_alone_sign(decoded)
    we_pay_the_fee(decoded, terms)
    for instruction in decoded.instructions:
        rule = RULES.get(instruction.program, program_is_allowed)
        rule(instruction, decoded, terms, seen)
    there_is_a_swap(seen)
    opened_as_the_swap_uses_them(seen, terms)
    bought_under_its_own_program(seen, terms)
    return Summary(
        swap=seen.swap,
        blockhash=decoded.blockhash,
        compute_units=decoded.compute_units or seen.units or 0,
        priority_fee_lamports=priority_fee_of(decoded, seen, terms.limits),
        tip_lamports=seen.tip_lamports or 0,
        wrapped_lamports=seen.wrapped_lamports or 0,
        accounts_created=len(seen.opened),
    )


def we_alone_sign(message: Decoded) -> None:
    """A second signer could be charged, or could hold the transaction back until it suits him."""
    if message.signers != 1:
        raise Refused(ReasonCode.TX_SIGNERS, f"{message.signers} signatures are wanted, ours alone is given")


def we_pay_the_fee(message: Decoded, terms: Terms) -> None:
    """With another payer, the signature we give is not the one the chain looks for first."""
    if message.payer != terms.wallet:
        raise Refused(ReasonCode.TX_FEE_PAYER, f"{message.payer} pays, not our wallet")


def program_is_allowed(instruction: Instruction, message: Decoded, terms: Terms, seen: Seen) -> None:
    """Whatever a program does with our signature, only these five are known to do the order."""
    raise Refused(ReasonCode.TX_PROGRAM, f"program {instruction.program} is not on the allow-list")
