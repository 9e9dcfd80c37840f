"""Kinds that change the swap itself: which route, whose accounts, which numbers."""

from struct import pack
from typing import Any

import msgspec
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.chain.policy import price_floor, swap, terms
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing import routes, swaps
from memesnipe.testing.mutants.calls import call
from memesnipe.testing.mutants.honest import Honest
from memesnipe.testing.mutants.kind import Fits, Kind
from memesnipe.testing.routes import ROLES
from memesnipe.testing.swaps import JUPITER, ata

BPS = 10_000


def is_v2(honest: Honest) -> bool:
    """The numbers stand in front of the plan."""
    return honest.shape.route.endswith("_v2")


def has(role: str) -> Fits:
    """Routes with an account in that role."""
    return lambda honest: role in ROLES[honest.shape.route]


def naming(honest: Honest, role: str, key: Pubkey | None = None) -> SwapTransaction:
    """The route with another account in a role."""
    return honest.replaced(swap=honest.swap(accounts={role: key or honest.key()}))


def another_token_program(honest: Honest) -> SwapTransaction:
    """A look-alike where the route names a token program."""
    slots = ("token_program", "token_2022_program", "source_program", "destination_program")
    return naming(honest, honest.rng.choice([role for role in slots if role in ROLES[honest.shape.route]]))


def beside(honest: Honest, data: bytes) -> SwapTransaction:
    """A route with other data beside the honest one."""
    return honest.with_extra(honest.swap(data=data))


def too_few(honest: Honest) -> SwapTransaction:
    """A route cut short of its program account, by one place or more, beside the honest one."""
    whole, fixed = honest.swap(), len(ROLES[honest.shape.route])
    metas = whole.accounts[: honest.rng.choice([fixed - 1, honest.rng.randrange(fixed)])]
    return honest.with_extra(Instruction(whole.program_id, whole.data, metas))


def friendly_tail(honest: Honest) -> SwapTransaction:
    """A hostile older route (min-out 0) with friendly numbers behind it, where a careless reader would look."""
    hostile = routes.data_of(honest.shape.route, routes.Numbers(honest.in_amount, 0, BPS))
    return beside(honest, hostile + routes.data_of(honest.shape.route, honest.numbers)[-19:])


def unreadable(honest: Honest) -> SwapTransaction:
    """A route whose plan is cut short or says another length than it has."""
    data = routes.data_of(honest.shape.route, honest.numbers)
    head = 9 if honest.shape.route.startswith("shared") else 8
    if is_v2(honest):
        return beside(honest, data[: honest.rng.randrange(head, head + 26)])
    return beside(honest, data[:head] + pack("<I", honest.rng.choice([0, 2, 65, 2**32 - 1])) + data[head + 4 :])


def numbered(honest: Honest, **numbers: Any) -> SwapTransaction:
    """The route with other numbers."""
    return honest.replaced(swap=honest.swap(**numbers))


def more_slippage(honest: Honest) -> SwapTransaction:
    """More slippage, and a quote that makes up for it: the floor alone would not notice."""
    slippage = honest.rng.randrange(honest.intent.slippage_bps_max + 1, 5_000)
    quoted = honest.numbers.quoted_out * BPS // (BPS - slippage) + 1
    return numbered(honest, slippage_bps=slippage, quoted_out=quoted)


def just_too_small(honest: Honest) -> SwapTransaction:
    """A floor one unit or more below what the guard accepted."""
    return numbered(honest, quoted_out=honest.numbers.quoted_out - 2 - honest.rng.randrange(honest.numbers.quoted_out // 2))


def lying_guard(honest: Honest) -> SwapTransaction:
    """Bytes and guard agree on a floor far below the intent's own price."""
    least = price_floor(honest.intent, 2_000)
    small = numbered(honest, quoted_out=honest.rng.randrange(2, least))
    return honest.request(small.message, min_out=1)


def of_wrapped_sol(honest: Honest) -> SwapTransaction:
    """An order for SOL itself, its transaction made to fit."""
    honest.intent = msgspec.structs.replace(honest.intent, mint=programs.WRAPPED_SOL_MINT)
    return honest.request(honest.message([honest.swap()]))


def jupiter_call(honest: Honest) -> SwapTransaction:
    """An instruction of Jupiter's that is no exact-in route."""
    return honest.with_extra(call(honest, JUPITER, honest.rng.randbytes(8) + bytes(honest.rng.randrange(60)), honest.key()))


W, R = swap, ReasonCode
KINDS = (
    Kind("second swap", "an order that nobody approved", R.TX_PROGRAM, W.one_swap_only, lambda h: h.with_extra(h.swap())),
    Kind("no swap", "fees and tips for nothing", R.TX_PROGRAM, W.there_is_a_swap, lambda h: h.replaced(swap=None)),
    Kind(
        "exact-out route",
        "spends up to a maximum that is read elsewhere",
        R.TX_PROGRAM,
        W.only_exact_in_routes,
        lambda h: beside(h, programs.JUPITER_EXACT_OUT_ROUTE + h.rng.randbytes(40)),
    ),
    Kind("other Jupiter instruction", "claims, ledgers, whatever a later version adds", R.TX_PROGRAM, W.only_exact_in_routes, jupiter_call),
    Kind("route with too few accounts", "accounts that cannot be judged", R.TX_MALFORMED, W.route_has_its_accounts, too_few),
    Kind(
        "older route with a friendly tail",
        "min-out 0 behind numbers that look right",
        R.TX_MALFORMED,
        W.route_is_readable,
        friendly_tail,
        lambda h: not is_v2(h),
    ),
    Kind("unreadable route", "numbers that can be read in two ways", R.TX_MALFORMED, W.route_is_readable, unreadable),
    Kind("swap by a stranger", "another's trade under our signature", R.TX_ACCOUNTS, W.user_is_our_wallet, lambda h: naming(h, "user")),
    Kind(
        "source is not ours",
        "our order, another's tokens: it fails, and costs",
        R.TX_ACCOUNTS,
        W.source_is_ours,
        lambda h: naming(h, "source"),
    ),
    Kind(
        "destination is a stranger's",
        "the whole output",
        R.TX_ACCOUNTS,
        W.destination_is_ours,
        lambda h: naming(h, "destination", ata(h.key(), h.mint, h.shape.token_program)),
    ),
    Kind(
        "destination of another mint",
        "an output that nobody looks for",
        R.TX_ACCOUNTS,
        W.destination_is_ours,
        lambda h: naming(h, "destination", ata(h.wallet, h.key())),
    ),
    Kind(
        "another source mint",
        "another token is given",
        R.TX_ACCOUNTS,
        W.source_mint_is_the_orders,
        lambda h: naming(h, "source_mint"),
        has("source_mint"),
    ),
    Kind(
        "spoofed destination mint",
        "a worthless token of the same name",
        R.TX_ACCOUNTS,
        W.destination_mint_is_the_orders,
        lambda h: naming(h, "destination_mint"),
    ),
    Kind(
        "look-alike program account",
        "a stranger's program in the route's own place",
        R.TX_ACCOUNTS,
        W.program_is_jupiter,
        lambda h: naming(h, "program"),
    ),
    Kind(
        "look-alike token program",
        "a stranger's program moves the tokens under our signature",
        R.TX_ACCOUNTS,
        W.token_programs_are_the_real_ones,
        another_token_program,
    ),
    Kind(
        "platform-fee account",
        "a share of each swap",
        R.TX_ACCOUNTS,
        W.no_platform_fee_account,
        lambda h: naming(h, "fee_account"),
        has("fee_account"),
    ),
    Kind(
        "optional destination",
        "the whole output, by an account that is usually absent",
        R.TX_ACCOUNTS,
        W.no_other_destination,
        lambda h: naming(h, "other_destination"),
        has("other_destination"),
    ),
    Kind(
        "more in than approved",
        "the wallet",
        R.TX_AMOUNT,
        W.spends_what_is_approved,
        lambda h: numbered(h, in_amount=h.in_amount + h.rng.randrange(1, h.in_amount)),
    ),
    Kind(
        "less in than approved",
        "a position that everybody believes closed",
        R.TX_AMOUNT,
        W.spends_what_is_approved,
        lambda h: numbered(h, in_amount=h.rng.randrange(h.in_amount)),
    ),
    Kind(
        "platform fee",
        "a share of each swap",
        R.TX_AMOUNT,
        W.gives_no_fee_away,
        lambda h: numbered(h, platform_fee_bps=h.rng.randrange(1, 256)),
    ),
    Kind(
        "share of positive slippage",
        "what the market gave us",
        R.TX_AMOUNT,
        W.gives_no_fee_away,
        lambda h: numbered(h, positive_slippage_bps=h.rng.randrange(1, BPS)),
        is_v2,
    ),
    Kind("slippage above the intent's", "room for a sandwich", R.SLIPPAGE_LIMIT, W.slippage_is_within_the_intents, more_slippage),
    Kind(
        "min-out 0",
        "the whole amount, to whoever moves the pool first",
        R.TX_MIN_OUT,
        W.enforces_the_least_out,
        lambda h: numbered(h, quoted_out=0),
    ),
    Kind("min-out too small", "the difference", R.TX_MIN_OUT, W.enforces_the_least_out, just_too_small),
    Kind(
        "floor far below the intent's price", "a guard that lies gives the amount away", R.TX_MIN_OUT, W.enforces_the_least_out, lying_guard
    ),
    Kind(
        "order for wrapped SOL",
        "fees for nothing",
        R.BAD_INPUT,
        terms.token_is_not_wrapped_sol,
        of_wrapped_sol,
        lambda h: h.buys and h.shape.token_program == swaps.TOKEN,
    ),
)
