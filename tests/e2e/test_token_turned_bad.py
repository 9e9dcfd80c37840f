"""A token that turns against its holders while it is held: the whole stack gets out of it, by itself."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from solders.pubkey import Pubkey

from memesnipe.kernel.ports import free_port
from memesnipe.testing import mints
from memesnipe.testing.stacks import RunningStack, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

HELD = "SELECT mint FROM fills GROUP BY mint HAVING sum(token_delta_units) > 0"
SOLD = "SELECT mint FROM fills WHERE side = 'sell' AND status = 'filled' AND exit_cause = 'token'"


def let_somebody_new_freeze(localnet: httpx.Client, mint: str) -> None:
    """Another freezer each time: whichever was seen first, the next look finds somebody new."""
    asked: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "getAccountInfo", "params": [mint, {"encoding": "base64"}]}
    owner = localnet.post("/", json=asked).json()["result"]["value"]["owner"]
    data = base64.b64encode(mints.mint(freezer=Pubkey.new_unique())).decode()
    localnet.post("/localnet/account", json={"address": mint, "owner": owner, "data": data}).raise_for_status()


def test_a_held_token_that_somebody_new_can_freeze_is_sold_for_it(tmp_path: Path) -> None:
    port = str(free_port())
    env = {"PAPER_TRADING_MODE": "false", "MEMESNIPE_TOKEN_WATCH_S": "1", "MEMESNIPE_LOCALNET_PORT": port}
    with RunningStack(tmp_path / "shared", **env) as stack, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as localnet:
        until(lambda: stack.ledger(HELD), 180, "a position")

        def turned_bad_and_sold() -> object:
            for (mint,) in stack.ledger(HELD):
                let_somebody_new_freeze(localnet, str(mint))
            return stack.ledger(SOLD)

        until(turned_bad_and_sold, 120, "an exit because of the token")

        ((mint,), *_) = stack.ledger(SOLD)
        left = f"SELECT sum(token_delta_units) FROM fills WHERE mint = '{mint}'"
        until(lambda: stack.ledger(left) == [(0,)], 60, "nothing of it left, with whichever strategy")
