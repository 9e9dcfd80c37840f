"""Kinds that buy a token which its issuer can still do something to."""

from memesnipe.chain.policy import swap
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.signer import checks
from memesnipe.testing import mints, swaps
from memesnipe.testing.mutants.honest import Honest
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.mutants.openings import other_program
from memesnipe.testing.swaps import TOKEN_2022


def buys(honest: Honest) -> bool:
    """A sell carries no mint: what is held must be sold, whatever it has become."""
    return honest.buys


def buys_token_2022(honest: Honest) -> bool:
    """Only that program knows extensions."""
    return honest.buys and honest.shape.token_program == TOKEN_2022


def of_mint(honest: Honest, data: bytes) -> SwapTransaction:
    """An honest buy of another kind of token."""
    return honest.request(mint=swaps.a_mint(honest.shape.token_program, data=data))


def extended(honest: Honest, *extensions: tuple[int, bytes]) -> SwapTransaction:
    """An honest buy of a token with one of these extensions."""
    return of_mint(honest, mints.mint(honest.rng.choice(extensions)))


def unreadable(honest: Honest) -> SwapTransaction:
    """An account that is no mint, or not quite one."""
    whole = mints.mint()
    return of_mint(honest, honest.rng.choice([b"", whole[:-1], whole + b"\x01", bytes(165), honest.rng.randbytes(355)]))


R, C = ReasonCode, checks
KINDS = (
    Kind(
        "buy without its mint",
        "a token that nobody looked at",
        R.TOKEN_MINT,
        C.bought_mint_is_shown,
        lambda h: h.request(mint=None),
        buys,
    ),
    Kind(
        "token under the wrong program",
        "rent for an account that can hold none of it",
        R.TX_ACCOUNTS,
        swap.bought_under_its_own_program,
        lambda h: h.request(mint=swaps.a_mint(other_program(h))),
        buys,
    ),
    Kind("unreadable mint", "another account passes for a token", R.TOKEN_MINT, C.bought_token_is_harmless, unreadable, buys),
    Kind(
        "token that can be frozen",
        "everybody may buy and nobody sell",
        R.TOKEN_AUTHORITY,
        C.bought_token_is_harmless,
        lambda h: of_mint(h, mints.mint(freezer=h.key())),
        buys,
    ),
    Kind(
        "token that can be minted",
        "what cost nothing is sold to us",
        R.TOKEN_AUTHORITY,
        C.bought_token_is_harmless,
        lambda h: of_mint(h, mints.mint(minter=h.key())),
        buys,
    ),
    Kind(
        "token with a transfer fee",
        "a share of each transfer, now or from the next epoch",
        R.TOKEN_FEE,
        C.bought_token_is_harmless,
        lambda h: extended(h, mints.fee(1, 0), mints.fee(0, h.rng.randrange(1, 10_000))),
        buys_token_2022,
    ),
    Kind(
        "token that its issuer controls",
        "taken out of our account, held in it, or sent by a program of the issuer's",
        R.TOKEN_EXTENSION,
        C.bought_token_is_harmless,
        lambda h: extended(
            h,
            (mints.DELEGATE, bytes(h.key())),
            (mints.HOOK, bytes(h.key()) + bytes(32)),
            (mints.PAUSABLE, bytes(h.key()) + b"\0"),
            (mints.NON_TRANSFERABLE, b""),
            (mints.DEFAULT_STATE, b"\x02"),
            (mints.CLOSE_AUTHORITY, bytes(h.key())),
        ),
        buys_token_2022,
    ),
)
