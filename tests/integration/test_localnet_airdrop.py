"""Wallets that a localnet funds at its start, so that a signer in a cluster has something to trade with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from solders.keypair import Keypair

from memesnipe.kernel.errors import ConfigError
from memesnipe.localnet.__main__ import EXIT_CONFIG, main, settings_of
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running

ONE, OTHER = (str(Keypair.from_seed(bytes([number]) * 32).pubkey()) for number in (41, 42))


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def test_each_named_wallet_has_100_sol_when_the_localnet_first_answers(session: ClientSession) -> None:
    async with running(LocalnetSettings(slot_ms=0, moved_by="admin", airdrop=(ONE, OTHER))) as base:
        wallet = Wallet(session, base)

        balances = [await wallet.balance(ONE), await wallet.balance(OTHER)]

    assert balances == [100 * SOL, 100 * SOL]


async def test_it_is_a_transfer_that_the_chain_remembers(session: ClientSession) -> None:
    async with running(LocalnetSettings(slot_ms=0, moved_by="admin", airdrop=(ONE,))) as base:
        wallet = Wallet(session, base)
        await wallet.tick(2)

        signatures = await wallet.result("getSignaturesForAddress", ONE, {"commitment": "confirmed"})

    assert [one["err"] for one in signatures] == [None]


async def test_a_restart_gives_nothing_to_a_wallet_that_has_something(session: ClientSession, tmp_path: Path) -> None:
    me = str(Wallet(session, "").key.pubkey())
    settings = LocalnetSettings(slot_ms=0, moved_by="admin", data_dir=tmp_path, airdrop=(me,))
    async with running(settings) as base:
        wallet = Wallet(session, base)
        await wallet.land(await wallet.signed(wallet.pay(ONE, 60 * SOL)))
        before = await wallet.balance(me)

    async with running(settings) as base:
        after = await Wallet(session, base).balance(me)

    assert before < 40 * SOL
    assert after == before


def test_the_option_may_be_repeated() -> None:
    assert settings_of(["--airdrop", ONE, "--airdrop", OTHER]).airdrop == (ONE, OTHER)


@pytest.mark.parametrize("text", ["", "wallet", ONE[:-8], ONE + ONE, "0" * 44, "../keys"])
def test_what_is_no_address_is_refused_by_the_name_of_the_option(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--airdrop: .* is not a wallet's address"):
        settings_of(["--airdrop", text])


def test_a_start_that_can_only_fail_again_says_so() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--airdrop", "nobody"])

    assert ended.value.code == EXIT_CONFIG
