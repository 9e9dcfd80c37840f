"""When bytes can no longer land: how long a blockhash is believed to live, and which hosts must agree that an attempt is dead.

A node that is wrong about either makes an attempt look dead that can still land; the next one then buys twice. So no single number
is believed: a blockhash's last valid height only where the chain's own rule puts it, a height that has passed only when the blockhash is
invalid as well. And with a second RPC host (`MEMESNIPE_RPC_CHECK_URL`) an attempt is dead only when BOTH say all of it: a host that
does not answer has not said so.
"""

import asyncio
import time
from collections.abc import Callable

from solana.rpc.commitment import Finalized
from solders.message import from_bytes_versioned

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Blockhash
from memesnipe.chain.clients.transport import bad_input
from memesnipe.chain.programs import BLOCKHASH_LIFE_BLOCKS
from memesnipe.guard.metrics import HOSTS_DISAGREE
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger

SLACK_BLOCKS = 150
"""How far a confirmed block may be above the finalized height read before it: 32 as a rule, more while finality lags."""
FRESH_LEFT_BLOCKS = 60
"""With this many blocks left at a height seen lately, bytes go out before anything else is asked."""
SEEN_S_MAX = 10.0
EXIT_WAIT_S = 0.5
"""An exit waits no longer for the second host's word."""


def blockhash_of(message: bytes) -> str:
    """Return the blockhash in a message of ours."""
    return str(from_bytes_versioned(message).recent_blockhash)


class Expiry:
    """The chain's heights by the word of one RPC host, or of two."""

    def __init__(self, rpc: SolanaRpc, check: SolanaRpc | None = None, now_s: Callable[[], float] = time.monotonic) -> None:
        self._rpc, self._check, self._now_s = rpc, check, now_s
        self._hosts = (rpc,) if check is None else (rpc, check)
        self._seen = (0, -SEEN_S_MAX)
        self._same_chain = check is None

    async def floor(self, lane: Lane) -> int:
        """Return the highest finalized height that a host names now. Raises Unavailable, BadInput, Refused.

        New risk wants the word of both hosts. An exit goes without the second: it can only sell what is held, so a second one that
        lands costs a fee, and not selling costs the position.
        """
        heights = await asyncio.gather(self._rpc.block_height(Finalized, lane), self._checked_height(lane))
        self._seen = (heights[0], self._now_s())
        return max(heights)

    async def blockhash(self, floor: int, lane: Lane) -> Blockhash:
        """Return a blockhash asked for after `floor` was read. Raises as `floor`; BadInput for a life that the chain does not give.

        It is of a block at or above the finalized one, and lives 150 blocks from there.
        """
        fresh = await self._rpc.latest_blockhash(lane=lane)
        least = floor + BLOCKHASH_LIFE_BLOCKS
        if fresh.last_valid_block_height > least + SLACK_BLOCKS:
            least = await self.floor(lane) + BLOCKHASH_LIFE_BLOCKS  # what was read before may have become old
        if not (floor + BLOCKHASH_LIFE_BLOCKS <= fresh.last_valid_block_height <= least + SLACK_BLOCKS):
            HOSTS_DISAGREE.labels("expiry").inc()
            bounds = f"{floor + BLOCKHASH_LIFE_BLOCKS} and {least + SLACK_BLOCKS}"
            raise bad_input("rpc", "lastValidBlockHeight", f"{fresh.last_valid_block_height} is not within {bounds}: the node lies or lags")
        return fresh

    async def left(self, last_valid_block_height: int, lane: Lane) -> int:
        """Return how many finalized blocks are left before bytes are dead, by the host that is furthest behind. Raises as `floor`."""
        heights = await asyncio.gather(*(host.block_height(Finalized, lane) for host in self._hosts))
        return last_valid_block_height - min(heights)

    def surely_lives(self, last_valid_block_height: int) -> bool:
        """Return whether bytes can land for sure, by what was seen a moment ago; nothing is asked."""
        height, at_s = self._seen
        return self._now_s() - at_s < SEEN_S_MAX and last_valid_block_height - height >= FRESH_LEFT_BLOCKS

    async def passed(self, height: int, blockhash: str, lane: Lane) -> bool:
        """Return whether the finalized chain is past a height and the blockhash is dead, by the word of every host.

        `blockhash` is empty where nobody knows it any more. Raises Unavailable, BadInput, Refused.
        """
        await self._require_same_chain()
        for host in self._hosts:
            if not await host.block_height(Finalized, lane) > height:
                return False
            if blockhash and await host.blockhash_valid(blockhash, lane):
                HOSTS_DISAGREE.labels("height").inc()
                logger().warning("height_contradicted", height=height, blockhash=blockhash)
                return False
        return True

    async def forgotten(self, signature: str, lane: Lane) -> bool:
        """Return whether no host's history knows a signature. Raises as `passed`."""
        for host in self._hosts:
            (status,) = await host.statuses([signature], lane)
            if status is not None or await host.transaction(signature, Finalized, lane) is not None:
                HOSTS_DISAGREE.labels("history").inc()
                logger().warning("history_contradicted", signature=signature)
                return False
        return True

    async def _require_same_chain(self) -> None:
        """A second host of another chain would agree to every death. Raises BadInput."""
        if self._check is None or self._same_chain:
            return
        ours, theirs = await asyncio.gather(self._rpc.genesis(), self._check.genesis())
        if ours != theirs:
            raise bad_input("rpc_check", "genesis", f"MEMESNIPE_RPC_CHECK_URL serves the chain {theirs}, MEMESNIPE_RPC_URL {ours}")
        self._same_chain = True

    async def _checked_height(self, lane: Lane) -> int:
        if self._check is None:
            return 0
        if lane is not Lane.EXIT:
            await self._require_same_chain()
            return await self._check.block_height(Finalized, lane)
        try:
            async with asyncio.timeout(EXIT_WAIT_S):
                await self._require_same_chain()
                return await self._check.block_height(Finalized, lane)
        except (Unavailable, BadInput, Refused, TimeoutError) as error:
            logger().warning("check_host_unknown", detail=str(error))
            return 0
