"""System instructions: transfers from us, one tip to a known account and the amount of a buy into our own wrapped SOL. Nothing else.

Wire format: u32 tag (2: transfer, 4: advance nonce), u64 lamports; accounts giver, taker.
"""

from solders.pubkey import Pubkey

from memesnipe.chain.decode import Decoded, Instruction
from memesnipe.chain.policy.accounts import WSOL, accounts_are_static, wrapped_sol
from memesnipe.chain.policy.seen import Seen
from memesnipe.chain.policy.terms import Terms
from memesnipe.chain.programs import HELIUS_TIP_ACCOUNTS, JITO_TIP_ACCOUNTS
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

TIP_ACCOUNTS = frozenset(Pubkey.from_string(key) for key in (*JITO_TIP_ACCOUNTS, *HELIUS_TIP_ACCOUNTS))
_TRANSFER = (2).to_bytes(4, "little")
_ADVANCE_NONCE = (4).to_bytes(4, "little")


def system(instruction: Instruction, message: Decoded, terms: Terms, seen: Seen) -> None:
    """Judge one System instruction."""
    data = instruction.data
    if data[:4] == _ADVANCE_NONCE:
        no_durable_nonce(instruction)
    elif data[:4] != _TRANSFER or len(data) != 12 or len(instruction.accounts) != 2:
        only_transfers(instruction)
    else:
        accounts_are_static(instruction, (0, 1), message)
        _transfer(*instruction.accounts, int.from_bytes(data[4:], "little"), terms, seen)


def _transfer(giver: Pubkey, taker: Pubkey, lamports: int, terms: Terms, seen: Seen) -> None:
    giver_is_our_wallet(giver, terms)
    if taker in TIP_ACCOUNTS:
        _tip(lamports, terms, seen)
    elif taker == wrapped_sol(terms.wallet):
        _wrap(lamports, terms, seen)
    else:
        taker_is_known(taker, lamports)


def _tip(lamports: int, terms: Terms, seen: Seen) -> None:
    one_tip_only(seen)
    tip_is_within_cap(lamports, terms)
    seen.tip_lamports = lamports


def _wrap(lamports: int, terms: Terms, seen: Seen) -> None:
    only_a_buy_wraps(terms)
    wrapped_once_only(seen)
    wrapped_is_what_is_approved(lamports, terms)
    seen.wrapped_lamports = lamports


def no_durable_nonce(instruction: Instruction) -> None:
    """A durable nonce removes expiry: the signature would stay good for ever in whoever's hands it is."""
    raise Refused(ReasonCode.TX_DURABLE_NONCE, f"the message advances nonce account {', '.join(map(str, instruction.accounts[:1]))}")


def only_transfers(instruction: Instruction) -> None:
    """Assign, create, allocate and their like can give the wallet itself away."""
    raise Refused(ReasonCode.TX_TRANSFER, f"System instruction {instruction.data[:4].hex()} is not a transfer")


def giver_is_our_wallet(giver: Pubkey, terms: Terms) -> None:
    """Another giver means another signer, or a transfer that is not what it seems."""
    if giver != terms.wallet:
        raise Refused(ReasonCode.TX_TRANSFER, f"a transfer from {giver}, not from our wallet")


def taker_is_known(taker: Pubkey, lamports: int) -> None:
    """Neither a published tip account nor our own wrapped SOL: a stranger."""
    raise Refused(ReasonCode.TX_TRANSFER, f"{lamports} lamports to {taker}")


def one_tip_only(seen: Seen) -> None:
    """Two tips within the cap are twice the cap."""
    if seen.tip_lamports is not None:
        raise Refused(ReasonCode.TX_TIP, "more than one tip")


def tip_is_within_cap(lamports: int, terms: Terms) -> None:
    """A tip is a gift; whoever holds the tip account would like it large."""
    if not (lamports <= terms.limits.tip_lamports_max):
        raise Refused(ReasonCode.TX_TIP, f"tip {lamports} lamports, cap {terms.limits.tip_lamports_max}")


def only_a_buy_wraps(terms: Terms) -> None:
    """A sale gives tokens; SOL that it wraps is SOL that it should not touch."""
    if terms.source != WSOL:
        raise Refused(ReasonCode.TX_AMOUNT, "a sale would wrap SOL")


def wrapped_once_only(seen: Seen) -> None:
    """What is wrapped beyond the swap stays behind in an account that a later transaction could empty."""
    if seen.wrapped_lamports is not None:
        raise Refused(ReasonCode.TX_AMOUNT, "SOL would be wrapped twice")


def wrapped_is_what_is_approved(lamports: int, terms: Terms) -> None:
    """As above."""
    if lamports != terms.in_amount:
        raise Refused(ReasonCode.TX_AMOUNT, f"{lamports} lamports would be wrapped; the order is for {terms.in_amount}")
