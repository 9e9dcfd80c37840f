"""What a transaction may do: swap the approved amount of one token through one Jupiter route, and what that needs. Nothing else.

Allow-list, instruction by instruction; each refusal has a reason code and a sentence for a person. Both wallet_guard (before it
approves) and signer (before it signs) apply it, to the same bytes. Pure.

Every account whose identity matters must be a STATIC key of the message: a lookup table's content is only the guard's word.
"""

from collections.abc import Callable
from functools import lru_cache

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.decode import Decoded, Instruction, decode_message
from memesnipe.chain.decode_jupiter import Layout, Swap, layout_of, swap_of
from memesnipe.chain.programs import (
    ATA_PROGRAM,
    BPS,
    COMPUTE_BUDGET_PROGRAM,
    HELIUS_TIP_ACCOUNTS,
    JITO_TIP_ACCOUNTS,
    JUPITER_PROGRAM,
    SIGNATURE_FEE_LAMPORTS,
    SYSTEM_PROGRAM,
    TOKEN_2022_PROGRAM,
    TOKEN_PROGRAM,
    WRAPPED_SOL_MINT,
)
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Side
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.messages.signing import LookupTable

TOKEN_ACCOUNT_RENT_LAMPORTS = 2_039_280
"""Rent of a plain token account (165 bytes); a Token-2022 one with extensions costs a little more."""

_SYSTEM = Pubkey.from_string(SYSTEM_PROGRAM)
_COMPUTE = Pubkey.from_string(COMPUTE_BUDGET_PROGRAM)
_TOKEN = Pubkey.from_string(TOKEN_PROGRAM)
_TOKEN_2022 = Pubkey.from_string(TOKEN_2022_PROGRAM)
_ATA = Pubkey.from_string(ATA_PROGRAM)
_JUPITER = Pubkey.from_string(JUPITER_PROGRAM)
_WSOL = Pubkey.from_string(WRAPPED_SOL_MINT)
_TIP_ACCOUNTS = frozenset(Pubkey.from_string(key) for key in (*JITO_TIP_ACCOUNTS, *HELIUS_TIP_ACCOUNTS))


class Limits(msgspec.Struct, frozen=True, gc=False):
    """Caps that do not depend on the order (lamports, bps)."""

    priority_fee_lamports_max: int
    tip_lamports_max: int
    impact_bps_max: int = 2_000
    """How far below the intent's own price, beyond its slippage, the enforced out may be: pool fee, price impact and drift."""


class Terms(msgspec.Struct, frozen=True, gc=False):
    """The order, as the chain must see it."""

    wallet: Pubkey
    source: Pubkey
    destination: Pubkey
    in_amount: int
    out_min: int
    slippage_bps_max: int
    limits: Limits


class Summary(msgspec.Struct, frozen=True, gc=False):
    """What an accepted transaction will do. Lamports; out-amounts in the destination's base units."""

    swap: Swap
    blockhash: bytes
    compute_units: int
    priority_fee_lamports: int
    tip_lamports: int
    wrapped_lamports: int
    accounts_created: int

    @property
    def cost_lamports(self) -> int:
        """The most it can cost beside the swapped amount: signature, priority fee, tip and rent of the accounts it may open."""
        rent = self.accounts_created * TOKEN_ACCOUNT_RENT_LAMPORTS
        return SIGNATURE_FEE_LAMPORTS + self.priority_fee_lamports + self.tip_lamports + rent


class _Seen(msgspec.Struct, gc=False):
    """What the instructions read so far have done."""

    swap: Swap | None = None
    units: int | None = None
    price: int | None = None
    tip: int | None = None
    wrapped: int | None = None
    created: int = 0


def check(message: bytes, tables: tuple[LookupTable, ...], terms: Terms) -> Summary:
    """Return what the message does if that is exactly the order. Raises Refused and nothing else."""
    decoded = decode_message(message, tables)
    if decoded.signers != 1:
        raise Refused(ReasonCode.TX_SIGNERS, f"{decoded.signers} signatures are wanted, ours alone is given")
    if decoded.payer != terms.wallet:
        raise Refused(ReasonCode.TX_FEE_PAYER, f"{decoded.payer} pays, not our wallet")
    seen = _Seen()
    for instruction in decoded.instructions:
        _rule_of(instruction)(instruction, decoded, terms, seen)
    return _summary(decoded, terms, seen)


def terms_of(intent: Intent, *, wallet: Pubkey, min_out: int, limits: Limits) -> Terms:
    """Return an order's terms. `min_out`: what the guard accepted; the intent's own price floor applies as well. Raises Refused."""
    mint = _mint_of(intent)
    floor = price_floor(intent, limits.impact_bps_max)
    if sells(intent):
        return Terms(wallet, mint, _WSOL, intent.size_units, max(min_out, floor, 1), intent.slippage_bps_max, limits)
    return Terms(wallet, _WSOL, mint, _lamports_of(intent), max(min_out, floor, 1), intent.slippage_bps_max, limits)


def sells(intent: Intent) -> bool:
    """Return whether the order gives the token away: an exit always does."""
    return isinstance(intent, ExitIntent) or intent.side is Side.SELL


def price_floor(intent: Intent, impact_bps_max: int) -> int:
    """Return the least out-amount at the price the intent itself names, less its slippage and the impact allowed.

    Without it a guard that lies could have the bytes enforce one base unit and call that accepted.
    """
    if sells(intent):
        fair = intent.size_units * intent.quote_lamports // intent.base_units
    else:
        fair = _lamports_of(intent) * intent.base_units // intent.quote_lamports
    return fair * max(0, BPS - intent.slippage_bps_max - impact_bps_max) // BPS


@lru_cache(maxsize=4_096)
def token_account(wallet: Pubkey, mint: Pubkey, token_program: Pubkey) -> Pubkey:
    """Return the wallet's associated token account, derived."""
    return Pubkey.find_program_address([bytes(wallet), bytes(token_program), bytes(mint)], _ATA)[0]


def _mint_of(intent: Intent) -> Pubkey:
    try:
        mint = Pubkey.from_string(intent.mint)
    except ValueError:
        raise Refused(ReasonCode.BAD_INPUT, f"mint {intent.mint} is no public key") from None
    if mint == _WSOL:
        raise Refused(ReasonCode.BAD_INPUT, "the order's token is wrapped SOL itself")
    return mint


def _lamports_of(intent: Intent) -> int:
    return 0 if isinstance(intent, ExitIntent) else intent.size_lamports


def _summary(decoded: Decoded, terms: Terms, seen: _Seen) -> Summary:
    if seen.swap is None:
        raise Refused(ReasonCode.TX_PROGRAM, "there is no swap in it")
    return Summary(
        swap=seen.swap,
        blockhash=decoded.blockhash,
        compute_units=seen.units or 0,
        priority_fee_lamports=_priority_fee(seen, terms.limits),
        tip_lamports=seen.tip or 0,
        wrapped_lamports=seen.wrapped or 0,
        accounts_created=seen.created,
    )


def _priority_fee(seen: _Seen, limits: Limits) -> int:
    if seen.price is None:
        return 0
    if seen.units is None:
        raise Refused(ReasonCode.TX_FEE_CAP, "a compute-unit price without a unit limit: the fee would be the default limit's")
    fee = -(-seen.price * seen.units // 1_000_000)
    if not (fee <= limits.priority_fee_lamports_max):
        raise Refused(ReasonCode.TX_FEE_CAP, f"priority fee {fee} lamports, cap {limits.priority_fee_lamports_max}")
    return fee


def _rule_of(instruction: Instruction) -> "Rule":
    rule = RULES.get(instruction.program)
    if rule is None:
        raise Refused(ReasonCode.TX_PROGRAM, f"program {instruction.program} is not on the allow-list")
    return rule


def _compute_budget(instruction: Instruction, decoded: Decoded, terms: Terms, seen: _Seen) -> None:
    data = instruction.data
    if data[:1] == b"\x02" and len(data) == 5 and seen.units is None:
        seen.units = int.from_bytes(data[1:], "little")
    elif data[:1] == b"\x03" and len(data) == 9 and seen.price is None:
        seen.price = int.from_bytes(data[1:], "little")
    else:
        raise Refused(ReasonCode.TX_PROGRAM, f"ComputeBudget instruction {data.hex()} is not one limit or one price")


def _create_account(instruction: Instruction, decoded: Decoded, terms: Terms, seen: _Seen) -> None:
    """`create` or `createIdempotent` of OUR account of one of the two mints, paid by us."""
    if instruction.data not in (b"", b"\x00", b"\x01") or len(instruction.accounts) != 6:
        raise Refused(ReasonCode.TX_PROGRAM, f"associated-token instruction {instruction.data.hex()} is not a create")
    payer, account, owner, mint, system, token_program = instruction.accounts
    _require_static(instruction, decoded, (0, 1, 2, 3))
    if payer != terms.wallet or owner != terms.wallet:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"a token account of {owner} would be opened, paid by {payer}")
    if mint not in (terms.source, terms.destination) or system != _SYSTEM:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"a token account of mint {mint} is not part of this order")
    if token_program not in _programs_of(mint) or account != token_account(owner, mint, token_program):
        raise Refused(ReasonCode.TX_ACCOUNTS, f"{account} is not our token account of mint {mint}")
    seen.created += 1


def _system(instruction: Instruction, decoded: Decoded, terms: Terms, seen: _Seen) -> None:
    """A transfer from us: to our own wrapped-SOL account, exactly what is swapped; or one tip to a known account."""
    data = instruction.data
    if data[:4] != b"\x02\x00\x00\x00" or len(data) != 12 or len(instruction.accounts) != 2:
        raise Refused(ReasonCode.TX_TRANSFER, f"System instruction {data[:4].hex()} is not a transfer")
    _require_static(instruction, decoded, (0, 1))
    giver, taker = instruction.accounts
    lamports = int.from_bytes(data[4:], "little")
    if giver != terms.wallet:
        raise Refused(ReasonCode.TX_TRANSFER, f"a transfer from {giver}, not from our wallet")
    if taker in _TIP_ACCOUNTS:
        _tip(lamports, terms, seen)
    elif taker == _wrapped_sol(terms):
        _wrap(lamports, terms, seen)
    else:
        raise Refused(ReasonCode.TX_TRANSFER, f"{lamports} lamports to {taker}")


def _tip(lamports: int, terms: Terms, seen: _Seen) -> None:
    if seen.tip is not None:
        raise Refused(ReasonCode.TX_TIP, "more than one tip")
    if not (lamports <= terms.limits.tip_lamports_max):
        raise Refused(ReasonCode.TX_TIP, f"tip {lamports} lamports, cap {terms.limits.tip_lamports_max}")
    seen.tip = lamports


def _wrap(lamports: int, terms: Terms, seen: _Seen) -> None:
    if seen.wrapped is not None or terms.source != _WSOL or lamports != terms.in_amount:
        raise Refused(ReasonCode.TX_AMOUNT, f"{lamports} lamports would be wrapped; the order is for {terms.in_amount}")
    seen.wrapped = lamports


def _token(instruction: Instruction, decoded: Decoded, terms: Terms, seen: _Seen) -> None:
    """SyncNative or CloseAccount of our own wrapped-SOL account, its lamports to us."""
    _require_static(instruction, decoded, range(len(instruction.accounts)))
    ours = _wrapped_sol(terms)
    if instruction.data == b"\x11" and instruction.accounts == (ours,):
        return
    if instruction.data == b"\x09" and instruction.accounts == (ours, terms.wallet, terms.wallet):
        return
    raise Refused(ReasonCode.TX_TRANSFER, f"token instruction {instruction.data[:1].hex()} is not sync or close of our wrapped SOL")


def _swap(instruction: Instruction, decoded: Decoded, terms: Terms, seen: _Seen) -> None:
    """The one swap: our wallet, our derived accounts, the order's mints, amount and floor."""
    if seen.swap is not None:
        raise Refused(ReasonCode.TX_PROGRAM, "more than one swap")
    layout = layout_of(instruction)
    _check_swap_accounts(instruction, decoded, layout, terms)
    seen.swap = _check_swap_numbers(swap_of(instruction, layout), terms)


def _check_swap_accounts(instruction: Instruction, decoded: Decoded, layout: Layout, terms: Terms) -> None:
    accounts = instruction.accounts
    fixed = [at for at in (layout.user, layout.source, layout.destination, layout.source_mint, layout.destination_mint) if at >= 0]
    _require_static(instruction, decoded, (*fixed, *layout.programs))
    if accounts[layout.user] != terms.wallet:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap is by {accounts[layout.user]}, not by our wallet")
    _require_mint(accounts, layout.source_mint, terms.source)
    _require_mint(accounts, layout.destination_mint, terms.destination)
    _require_ours(accounts[layout.source], terms.source, terms.wallet)
    _require_ours(accounts[layout.destination], terms.destination, terms.wallet)
    if any(accounts[at] != _JUPITER for at in layout.programs):
        raise Refused(ReasonCode.TX_ACCOUNTS, "the swap names a fee account or a look-alike program")
    _refuse_other_destination(instruction, decoded, layout)


def _refuse_other_destination(instruction: Instruction, decoded: Decoded, layout: Layout) -> None:
    """An absent optional account is the program's own id; naming our own destination again is the same."""
    at = layout.destination_override
    if at < 0:
        return
    _require_static(instruction, decoded, (at,))
    if instruction.accounts[at] not in (_JUPITER, instruction.accounts[layout.destination]):
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap would pay out to {instruction.accounts[at]}")


def _check_swap_numbers(swap: Swap, terms: Terms) -> Swap:
    if swap.in_amount != terms.in_amount:
        raise Refused(ReasonCode.TX_AMOUNT, f"the swap spends {swap.in_amount}, approved is {terms.in_amount}")
    if swap.fees_bps:
        raise Refused(ReasonCode.TX_AMOUNT, f"the swap gives {swap.fees_bps} bps away as platform fees")
    if not (swap.slippage_bps <= terms.slippage_bps_max):
        raise Refused(ReasonCode.SLIPPAGE_LIMIT, f"the swap allows {swap.slippage_bps} bps, the intent {terms.slippage_bps_max}")
    if not (swap.enforced_out >= terms.out_min):
        raise Refused(ReasonCode.TX_MIN_OUT, f"the swap enforces {swap.enforced_out}, wanted are {terms.out_min}")
    return swap


def _require_mint(accounts: tuple[Pubkey, ...], at: int, mint: Pubkey) -> None:
    """A route without the account (at < 0) is bound to the mint all the same: our account's address is derived from it."""
    if at >= 0 and accounts[at] != mint:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap is of mint {accounts[at]}, approved is {mint}")


def _require_ours(account: Pubkey, mint: Pubkey, wallet: Pubkey) -> None:
    if account not in [token_account(wallet, mint, program) for program in _programs_of(mint)]:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"{account} is not our token account of mint {mint}")


def _require_static(instruction: Instruction, decoded: Decoded, places: tuple[int, ...] | range) -> None:
    for place in places:
        if instruction.indexes[place] >= decoded.static_keys:
            raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"account {instruction.accounts[place]} comes from a lookup table; it must be static")


def _programs_of(mint: Pubkey) -> tuple[Pubkey, ...]:
    return (_TOKEN,) if mint == _WSOL else (_TOKEN, _TOKEN_2022)


def _wrapped_sol(terms: Terms) -> Pubkey:
    return token_account(terms.wallet, _WSOL, _TOKEN)


Rule = Callable[[Instruction, Decoded, Terms, _Seen], None]
RULES: dict[Pubkey, Rule] = {
    _COMPUTE: _compute_budget,
    _ATA: _create_account,
    _SYSTEM: _system,
    _TOKEN: _token,
    _JUPITER: _swap,
}
"""Programs that may be called, and the rule each instruction of theirs must keep."""
