"""A check that cannot be made stays None: nothing outside can turn silence into a pass."""

import base64
from typing import Any

import pytest

from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.rpc_types import Account
from memesnipe.consumers.chain_reader import ChainReader, Holder
from memesnipe.consumers.token_checks import TokenChecks, curve_account, same_token, top_holder_bps
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.market import Launch
from memesnipe.testing import mints
from memesnipe.testing.mints import SOMEBODY

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"
LAUNCH = Launch("l1", 1_757_812_456 * 10**9, 1, MINT, MINT, "pumpfun", "TKN", "Token", 6, 30 * 10**9, 10**15)


def an_account(data: bytes, owner: str = PROGRAM) -> Account:
    return Account(1, owner, (base64.b64encode(data).decode(), "base64"))


class Outside(ChainReader, Jupiter):
    """A host whose answers are given; an exception is raised."""

    def __init__(self, account: object, holders: object, build: object) -> None:
        self._answers = {"account": account, "holders": holders, "build": build}

    def _answer(self, name: str) -> Any:
        answer = self._answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def account(self, address: str) -> Any:
        return self._answer("account")

    async def largest_holders(self, mint: str) -> tuple[Holder, ...]:
        found: tuple[Holder, ...] = self._answer("holders")
        return found

    async def build(self, **asked: Any) -> Any:
        return self._answer("build")


async def checked(account: object, holders: object, build: object) -> Launch:
    outside = Outside(account, holders, build)
    return await TokenChecks(outside, outside, MINT, wait_s_max=1.0).checked(LAUNCH)


async def test_every_check_that_can_be_made_is_told() -> None:
    holders = (Holder(curve_account(MINT, PROGRAM), "900"), Holder(MINT, "31"))
    account = an_account(mints.mint((mints.HOOK, bytes(64)), minter=SOMEBODY, supply=1_000))

    launch = await checked(account, holders, Refused(ReasonCode.NO_ROUTE, "NO_ROUTES_FOUND"))

    assert (launch.mint_authority_revoked, launch.freeze_authority_revoked) == (False, True)
    assert (launch.extensions, launch.top_holder_bps, launch.sell_route_ok) == (("transferHook",), 310, False)
    assert launch.token_program == PROGRAM


@pytest.mark.parametrize("trouble", [Unavailable("rpc", "gone"), BadInput("value", "wrong"), Refused(ReasonCode.CHAIN_FAILED, "-32602")])
async def test_silence_is_no_pass(trouble: Exception) -> None:
    launch = await checked(trouble, trouble, trouble)

    assert launch == LAUNCH


@pytest.mark.parametrize(
    "account",
    [
        None,
        an_account(b""),
        an_account(mints.mint()[:-1]),
        an_account(mints.mint() + b"\0"),
        an_account(mints.mint((29, b""))),
        an_account(bytes(165)),
    ],
)
def test_what_is_no_mint_is_refused(account: Account | None) -> None:
    with pytest.raises(BadInput, match="mint"):
        same_token(LAUNCH, account)


def test_the_curve_itself_is_no_holder() -> None:
    assert top_holder_bps((Holder("curve", "1000"),), "curve", 1_000) == 0
    assert top_holder_bps((Holder("someone", "1"),), "curve", 3) == 3_334
    assert top_holder_bps((), "curve", 0) is None
