"""A wallet with money before a market that nobody else trades on: where tests of the live path on a localnet begin."""

from typing import Any, Final

from memesnipe.localnet.testing import Wallet
from memesnipe.testing.builders import MINT, SOL
from memesnipe.testing.polling import until

RESERVES: Final[dict[str, int]] = {"real_quote_lamports": 60 * SOL, "real_base_units": 500_000_000 * 10**6}


async def opened(wallet: Wallet, **pool: Any) -> str:
    """Give the wallet 10 SOL and open a constant-product pool of MINT; returns the airdrop's signature. `pool`: further fields of it."""
    airdrop = await wallet.fund(10 * SOL)
    await until(wallet.balance)
    await wallet.post("/localnet/pool", {"mint": MINT, "kind": "constant_product", "symbol": "STILL", **RESERVES, **pool})
    return airdrop
