"""The faucet: SOL out of nothing, in transfers that are signed and land like anybody's."""

import struct

from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from memesnipe.localnet import fees, seeds
from memesnipe.localnet.chain import Chain, Submission


class Faucet:
    """Gives as long as the chain runs; the compute-unit limit makes each transfer a different transaction."""

    def __init__(self, chain: Chain) -> None:
        self._chain, self._given = chain, 0

    def give(self, to: Pubkey, lamports: int) -> str:
        """Send a transfer, to land in the next slot; return its signature."""
        faucet = seeds.keypair(self._chain.settings.seed, "faucet")
        self._given += 1
        unique = Instruction(fees.COMPUTE_BUDGET, struct.pack("<BI", 2, 10_000 + self._given % 1_000_000), [])
        pay = transfer(TransferParams(from_pubkey=faucet.pubkey(), to_pubkey=to, lamports=lamports))
        recent = Hash.from_string(self._chain.blockhash("processed")[0])
        tx = VersionedTransaction(MessageV0.try_compile(faucet.pubkey(), [unique, pay], [], recent), [faucet])
        self._chain.submit(Submission([tx]))
        return str(tx.signatures[0])
