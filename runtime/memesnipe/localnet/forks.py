"""When the cluster takes another fork: slots that were confirmed and not finalized turn out never to have been."""

from memesnipe.kernel.logs import logger
from memesnipe.localnet.chain import Chain


def fork(chain: Chain) -> None:
    """Undo the newest slots if the switches say so and a user's transaction is as deep as they say."""
    switches = chain.faults.switches
    # A finalized slot is `finality_slots` deep; nothing of it may ever be undone.
    depth = min(switches.fork_depth_slots, chain.settings.finality_slots - 1)
    block = chain.blocks.get(chain.slot - depth)
    if block is None or all(record.synthetic for record in block.records) or not chain.faults.take("forks"):
        return
    gone = chain.undo(block.slot, switches.fork_again_slots)
    logger().info("localnet_forked", first_slot=block.slot, slots=depth + 1, transactions=len(gone))
