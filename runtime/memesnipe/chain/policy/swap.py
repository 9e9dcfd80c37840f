"""The one swap: our wallet, our derived accounts, the order's mints, amount and floor, and nothing given away on the side."""

from solders.pubkey import Pubkey

from memesnipe.chain.decode import Decoded, Instruction
from memesnipe.chain.decode_jupiter import ABSENT, LAYOUTS, NO_SWAP, Layout, Swap, swap_of
from memesnipe.chain.policy.accounts import TOKEN, TOKEN_2022, accounts_are_static, program_of
from memesnipe.chain.policy.seen import Seen
from memesnipe.chain.policy.terms import Terms
from memesnipe.chain.programs import JUPITER_PROGRAM
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

JUPITER = Pubkey.from_string(JUPITER_PROGRAM)
TOKEN_PROGRAMS = frozenset((TOKEN, TOKEN_2022, JUPITER))
"""What may move the tokens. An optional one that is absent is spelled as Jupiter's own id."""


def jupiter(instruction: Instruction, message: Decoded, terms: Terms, seen: Seen) -> None:
    """Judge one Jupiter instruction."""
    layout = LAYOUTS.get(instruction.data[:8])
    if layout is None:
        return only_exact_in_routes(instruction)
    if len(instruction.accounts) <= layout.program:
        return route_has_its_accounts(instruction, layout)
    swap = swap_of(instruction.data, layout)
    if swap is None:
        return route_is_readable(instruction, layout)
    one_swap_only(seen)
    accounts_are_static(instruction, layout.named, message)
    seen.source_program = program_of(instruction.accounts[layout.source], terms.source, terms.wallet)
    seen.destination_program = program_of(instruction.accounts[layout.destination], terms.destination, terms.wallet)
    source_is_ours(seen, terms)
    destination_is_ours(seen, terms)
    _judge_accounts(instruction.accounts, layout, terms)
    _judge_numbers(swap, terms)
    seen.swap = swap
    return None


def _judge_accounts(accounts: tuple[Pubkey, ...], layout: Layout, terms: Terms) -> None:
    user_is_our_wallet(accounts[layout.user], terms)
    # A route without the account of a mint is bound to it all the same: our account's address is derived from the mint.
    if layout.source_mint != ABSENT:
        source_mint_is_the_orders(accounts[layout.source_mint], terms)
    destination_mint_is_the_orders(accounts[layout.destination_mint], terms)
    program_is_jupiter(accounts[layout.program])
    token_programs_are_the_real_ones(accounts, layout)
    if layout.fee_account != ABSENT:
        no_platform_fee_account(accounts[layout.fee_account])
    if layout.destination_override != ABSENT:
        no_other_destination(accounts[layout.destination_override], accounts[layout.destination])


def _judge_numbers(swap: Swap, terms: Terms) -> None:
    spends_what_is_approved(swap, terms)
    gives_no_fee_away(swap)
    slippage_is_within_the_intents(swap, terms)
    enforces_the_least_out(swap, terms)


def only_exact_in_routes(instruction: Instruction) -> None:
    """Exact-out spends what it needs, up to a maximum in another place; other instructions claim or move tokens."""
    raise Refused(ReasonCode.TX_PROGRAM, f"Jupiter instruction {instruction.data[:8].hex()} is not an exact-in route")


def route_has_its_accounts(instruction: Instruction, layout: Layout) -> None:
    """Accounts that are not there cannot be judged."""
    raise Refused(ReasonCode.TX_MALFORMED, f"{layout.name} has {len(instruction.accounts)} accounts, too few")


def route_is_readable(instruction: Instruction, layout: Layout) -> None:
    """Numbers that may be read in two ways are not read at all."""
    size = len(instruction.data)
    raise Refused(ReasonCode.TX_MALFORMED, f"{layout.name}: its {size} bytes cannot be read without doubt; ask for a v2 route")


def one_swap_only(seen: Seen) -> None:
    """The second one would be an order that nobody approved."""
    if seen.swap is not NO_SWAP:
        raise Refused(ReasonCode.TX_PROGRAM, "more than one swap")


def there_is_a_swap(seen: Seen) -> None:
    """Without one the transaction only pays fees."""
    if seen.swap is NO_SWAP:
        raise Refused(ReasonCode.TX_PROGRAM, "there is no swap in it")


def bought_under_its_own_program(seen: Seen, terms: Terms) -> None:
    """An account under the other token program can hold none of it: our rent is paid, and the swap fails or pays elsewhere."""
    used = seen.destination_program
    if terms.token_program is not None and used not in (None, terms.token_program):
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the token is of {terms.token_program}, and would be taken into an account of {used}")


def user_is_our_wallet(user: Pubkey, terms: Terms) -> None:
    """Who swaps."""
    if user != terms.wallet:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap is by {user}, not by our wallet")


def source_is_ours(seen: Seen, terms: Terms) -> None:
    """What is given must come from the account that the order is about."""
    if seen.source_program is None:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap does not give from our token account of mint {terms.source}")


def destination_is_ours(seen: Seen, terms: Terms) -> None:
    """The plainest theft: the output to a stranger's account."""
    if seen.destination_program is None:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap does not pay out to our token account of mint {terms.destination}")


def source_mint_is_the_orders(mint: Pubkey, terms: Terms) -> None:
    """What is given."""
    if mint != terms.source:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap gives mint {mint}, approved is {terms.source}")


def destination_mint_is_the_orders(mint: Pubkey, terms: Terms) -> None:
    """A spoofed mint has the same name and no value."""
    if mint != terms.destination:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap takes mint {mint}, approved is {terms.destination}")


def program_is_jupiter(program: Pubkey) -> None:
    """The route emits its events through this account; a look-alike there would be called with our accounts."""
    if program != JUPITER:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap names {program} as its program, a look-alike")


def token_programs_are_the_real_ones(accounts: tuple[Pubkey, ...], layout: Layout) -> None:
    """They are called with our signature. Jupiter looks too; a version of it that does not must not cost us the wallet."""
    for place in layout.token_programs:
        if accounts[place] not in TOKEN_PROGRAMS:
            raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap names {accounts[place]} as a token program, a look-alike")


def no_platform_fee_account(account: Pubkey) -> None:
    """Absent is spelled as the program's own id; anything else would receive a share."""
    if account != JUPITER:
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap names {account} as its account for platform fees")


def no_other_destination(account: Pubkey, destination: Pubkey) -> None:
    """An absent optional account is the program's own id; naming our own destination again is the same."""
    if account not in (JUPITER, destination):
        raise Refused(ReasonCode.TX_ACCOUNTS, f"the swap would pay out to {account}")


def spends_what_is_approved(swap: Swap, terms: Terms) -> None:
    """More is theft; less leaves wrapped SOL behind, or a position half closed that everybody believes closed."""
    if swap.in_amount != terms.in_amount:
        raise Refused(ReasonCode.TX_AMOUNT, f"the swap spends {swap.in_amount}, approved is {terms.in_amount}")


def gives_no_fee_away(swap: Swap) -> None:
    """Platform fee and share of positive slippage alike."""
    if swap.fees_bps:
        raise Refused(ReasonCode.TX_AMOUNT, f"the swap gives {swap.fees_bps} bps away as platform fees")


def slippage_is_within_the_intents(swap: Swap, terms: Terms) -> None:
    """A quote that promises more and allows more slippage invites a sandwich down to the floor."""
    if not (swap.slippage_bps <= terms.slippage_bps_max):
        raise Refused(ReasonCode.SLIPPAGE_LIMIT, f"the swap allows {swap.slippage_bps} bps, the intent {terms.slippage_bps_max}")


def enforces_the_least_out(swap: Swap, terms: Terms) -> None:
    """Min-out 0 gives the whole amount to whoever moves the pool first."""
    if not (swap.enforced_out >= terms.out_min):
        raise Refused(ReasonCode.TX_MIN_OUT, f"the swap enforces {swap.enforced_out}, wanted are {terms.out_min}")
