"""Tokens that are not what they seem: look-alikes, odd decimals, fees taken in transit. Checks fail closed and are counted."""

import base64
from typing import Any

import pytest
from prometheus_client import REGISTRY
from solders.signature import Signature

from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.rpc_types import Account, Landed, TokenBalance, TransactionMeta, UiAmount
from memesnipe.chain.decode import read_transaction
from memesnipe.chain.deltas import deltas
from memesnipe.consumers.chain_reader import ChainReader, Holder
from memesnipe.consumers.token_checks import TokenChecks
from memesnipe.guard.attempts import Attempt, Status
from memesnipe.guard.outcome import of_landed
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.messages import codec
from memesnipe.messages.market import Launch
from memesnipe.messages.orders import Fill
from memesnipe.messages.signing import SignedTransaction
from memesnipe.testing import mints
from memesnipe.testing.builders import MINT, OTHER_MINT, START_NS, a_launch
from memesnipe.testing.swaps import STRANGER, TOKEN, TOKEN_2022, World
from memesnipe_strategies.token_checks import TokenCheck, first_refusal

WORLD = World.make()
REQUEST = WORLD.a_request()
RAW = b"\x01" + bytes(Signature.default()) + REQUEST.message
KEYS = len(read_transaction(RAW).keys)


class Host(ChainReader, Jupiter):
    """Knows one mint account and nothing else."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def account(self, address: str) -> Any:
        return self._account

    async def largest_holders(self, mint: str) -> tuple[Holder, ...]:
        raise Unavailable("rpc", "gone")

    async def build(self, **asked: Any) -> Any:
        raise Unavailable("jupiter", "gone")


def a_mint(owner: str = str(TOKEN), data: bytes | None = None, **changes: Any) -> Account:
    return Account(1, owner, (base64.b64encode(mints.mint(**changes) if data is None else data).decode(), "base64"))


async def checked(account: Account) -> Launch:
    host = Host(account)
    unchecked = a_launch(token_program="", mint_authority_revoked=None, freeze_authority_revoked=None, extensions=None, top_holder_bps=None)
    return await TokenChecks(host, host, MINT, wait_s_max=1.0).checked(unchecked)


def counted(field: str) -> float:
    return REGISTRY.get_sample_value("memesnipe_bad_input_total", {"source": "token_checks", "field": field}) or 0.0


@pytest.mark.parametrize("program", [TOKEN, TOKEN_2022])
async def test_a_mint_of_either_token_program_is_read(program: object) -> None:
    launch = await checked(a_mint(str(program)))

    assert (launch.token_program, launch.mint_authority_revoked, launch.extensions) == (str(program), True, ())


@pytest.mark.parametrize("decimals", [0, 5, 9, 19, 20, 255])
async def test_a_mint_with_other_decimals_than_its_launch_passes_no_check(decimals: int) -> None:
    before = counted("decimals")

    launch = await checked(a_mint(decimals=decimals))

    assert (launch.mint_authority_revoked, launch.freeze_authority_revoked, launch.extensions) == (None, None, None)
    assert counted("decimals") == before + 1


async def test_a_mint_of_a_look_alike_program_passes_no_check() -> None:
    before = counted("owner")

    launch = await checked(a_mint(str(STRANGER)))

    assert (launch.mint_authority_revoked, launch.extensions) == (None, None)
    assert counted("owner") == before + 1


@pytest.mark.parametrize(
    "account", [a_mint(data=b""), a_mint(data=bytes(82)), a_mint(data=mints.mint()[:81]), a_mint(data=mints.mint() * 2)]
)
async def test_a_mint_account_that_makes_no_sense_passes_no_check_and_is_counted(account: Account) -> None:
    before = counted("mint")

    launch = await checked(account)

    assert launch.mint_authority_revoked is None
    assert counted("mint") == before + 1


@pytest.mark.parametrize(
    "extension",
    ["transferFeeConfig", "transferHook", "permanentDelegate", "defaultAccountState", "pausableConfig", "scaledUiAmountConfig",
     "mintCloseAuthority", "nonTransferable", "interestBearingConfig", "confidentialTransferMint", "unparseableExtension", "",
     "\u0442okenMetadata"],
)  # fmt: skip
def test_an_extension_that_does_more_than_describe_is_refused(extension: str) -> None:
    refused = first_refusal(a_launch(extensions=("tokenMetadata", extension)), 10_000, 10_000, frozenset())

    assert refused is TokenCheck.EXTENSIONS


def a_balance(units: int, *, mint: str = MINT, owner: str = str(WORLD.wallet), decimals: int = 6) -> TokenBalance:
    return TokenBalance(1, mint, UiAmount(str(units), decimals), owner)


def landed(*after: TokenBalance, balances: int = KEYS) -> Landed:
    meta = TransactionMeta(None, 5_000, (10**9,) * balances, (10**9,) * balances, (), after)
    return Landed(1_002, (base64.b64encode(RAW).decode(), "base64"), meta)


def test_what_a_token_takes_as_fee_in_transit_is_never_counted_as_received() -> None:
    moved = deltas(landed(a_balance(2_700)), RAW, str(WORLD.wallet), MINT)

    assert moved.token_units == 2_700


def test_a_look_alike_token_or_another_owner_s_account_adds_nothing_to_what_was_bought() -> None:
    other, stranger = a_balance(10**15, mint=OTHER_MINT), a_balance(10**15, owner=str(STRANGER))

    moved = deltas(landed(a_balance(7), other, stranger), RAW, str(WORLD.wallet), MINT)

    assert moved.token_units == 7


@pytest.mark.parametrize("balances", [0, KEYS - 1, KEYS + 1])
def test_balances_for_another_number_of_accounts_are_bad_input_and_no_fill(balances: int) -> None:
    with pytest.raises(BadInput, match="balances for"):
        deltas(landed(balances=balances), RAW, str(WORLD.wallet), MINT)


@pytest.mark.parametrize("decimals", [0, 9, 19, 20, 255])
def test_a_fill_of_a_token_with_any_decimals_can_be_read_by_the_ledger(decimals: int) -> None:
    signed = SignedTransaction(REQUEST.intent.id, 1, "5" * 88, RAW, REQUEST.last_valid_block_height)
    attempt = Attempt(REQUEST, Status.SIGNED, 1, START_NS, signed)

    _, (fill,) = of_landed(attempt, signed, landed(a_balance(7, decimals=decimals)), str(WORLD.wallet), START_NS)

    assert codec.decode(Fill, codec.encode(fill)) == fill
    assert isinstance(fill, Fill)
    assert fill.token_delta_units == 7


def test_a_balance_too_large_to_be_true_is_bad_input_and_no_fill() -> None:
    with pytest.raises(BadInput, match="token units"):
        deltas(landed(a_balance(2**63)), RAW, str(WORLD.wallet), MINT)
