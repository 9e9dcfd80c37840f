"""What each of the last slots changed, as values from before it: enough to undo slots, and to quote on a pool as it was.

LiteSVM cannot go back, so accounts are remembered before their first change in a slot. Finalized slots are never undone.
"""

from memesnipe.localnet.bank import Accounts, Bank
from memesnipe.localnet.market import Market
from memesnipe.localnet.pools import Pool

SLOTS_KEPT = 64

Before = tuple[Accounts, dict[str, Pool | None]]


class Journal:
    """The last SLOTS_KEPT slots' changes. `bank.before` and `market.before` hold those of the slot that is open."""

    def __init__(self, bank: Bank, market: Market) -> None:
        self._bank, self._market = bank, market
        self._slots: dict[int, Before] = {}

    def begin(self) -> None:
        """Forget what was changed so far: a chain is not undone past its start."""
        self._taken()

    def close(self, slot: int) -> None:
        """The slot ended."""
        self._slots[slot] = self._taken()
        self._slots.pop(slot - SLOTS_KEPT, None)

    def undo(self, first: int) -> None:
        """Put accounts and pools back to what they were before slot `first`."""
        changes = [self._taken(), *(self._slots.pop(slot) for slot in sorted(self._slots, reverse=True) if slot >= first)]
        for accounts, pools in changes:  # newest first: the oldest value of what changed twice is written last
            self._market.put_back(pools)
            self._bank.restore(accounts)
        self._taken()

    def pool(self, mint: str, slots_ago: int, newest: int) -> Pool | None:
        """Return a pool as it was at the end of slot `newest - slots_ago`, or as it was first known."""
        found = self._market.get(mint)
        changes = [self._market.before, *(self._slots[slot][1] for slot in sorted(self._slots, reverse=True) if slot > newest - slots_ago)]
        for pools in changes:
            found = pools.get(mint) or found
        return found

    def _taken(self) -> Before:
        taken = (self._bank.before, self._market.before)
        self._bank.before, self._market.before = {}, {}
        return taken
