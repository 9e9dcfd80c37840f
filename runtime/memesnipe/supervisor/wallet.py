"""The localnet's wallet: made and filled on first use, so that live trading on localnet needs no preparation."""

import asyncio
import json
from pathlib import Path

import httpx
from solders.keypair import Keypair

from memesnipe.control.files import write_whole
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.localnet.settings import FUNDING_LAMPORTS


def localnet_wallet(path: Path) -> str:
    """Return the public key of the localnet wallet in `path`, made on first use (0600). Worth nothing anywhere else."""
    if not path.exists():
        write_whole(path, json.dumps(list(bytes(Keypair()))).encode(), 0o600)
    return public_key(path)


def public_key(path: Path) -> str:
    """Return a wallet file's public key. Raises ConfigError, never showing the content."""
    try:
        return str(Keypair.from_bytes(bytes(json.loads(path.read_text()))).pubkey())
    except (OSError, ValueError, TypeError):
        raise ConfigError(f"{path}: not a readable Solana wallet file (a JSON list of 64 numbers)") from None


async def fund(rpc_url: str, wallet: str) -> None:
    """Ask the localnet for SOL if the wallet has none. Raises Unavailable when it does not come."""
    async with httpx.AsyncClient(timeout=10.0) as client:
        if await _balance(client, rpc_url, wallet) > 0:
            return
        await _call(client, rpc_url, "requestAirdrop", [wallet, FUNDING_LAMPORTS])
        for _ in range(100):
            if await _balance(client, rpc_url, wallet) > 0:
                return
            await asyncio.sleep(0.1)
    raise Unavailable("localnet", "the airdrop did not arrive")


async def _balance(client: httpx.AsyncClient, rpc_url: str, wallet: str) -> int:
    answer = await _call(client, rpc_url, "getBalance", [wallet])
    return int(answer["value"]) if isinstance(answer, dict) else 0


async def _call(client: httpx.AsyncClient, rpc_url: str, method: str, params: list[object]) -> object:
    answer = await client.post(rpc_url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    return answer.json().get("result")
