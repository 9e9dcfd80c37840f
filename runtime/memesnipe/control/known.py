"""What this host keeps on disk of what Redis holds: Redis may forget that a person froze the wallet, control may not.

Folded, kept, then leases are granted or withdrawn. When an entry we knew is gone, what is kept is said again, in a later epoch.
"""

from pathlib import Path

from memesnipe.bus.folds import SEVERITY, Halts
from memesnipe.control.history import opened
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, HaltCommand

_SCHEMA = """
CREATE TABLE IF NOT EXISTS halts (scope TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS kill_switch (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, after TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS publication (one INTEGER PRIMARY KEY CHECK (one = 1), entry TEXT NOT NULL);
"""
EPOCH_JUMP = 1_000
"""How far a lost channel's epoch goes on from the one we knew: who still runs may have counted commands that control never saw."""
REASON_MAX = 1_024


class Known:
    """Three tables in control's database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(path) as db:
            db.executescript(_SCHEMA)

    def halts(self) -> Halts:
        """Return what was kept last; everyone ACTIVE in epoch 0 when nothing was."""
        with opened(self._path) as db:
            row = db.execute("SELECT epoch, after FROM kill_switch").fetchone()
            scopes = db.execute("SELECT scope, state, reason FROM halts").fetchall()
        if row is None:
            return Halts()
        states = {scope: HaltState(state) for scope, state, _ in scopes}
        return Halts(row[0], row[1], states, {scope: reason for scope, _, reason in scopes})

    def keep_halts(self, halts: Halts) -> None:
        """Replace what is kept, in one transaction."""
        rows = [(scope, state.value, halts.reasons.get(scope, "")) for scope, state in halts.states.items()]
        with opened(self._path) as db:
            db.execute("DELETE FROM halts")
            db.executemany("INSERT INTO halts VALUES (?, ?, ?)", rows)
            db.execute("INSERT OR REPLACE INTO kill_switch VALUES (1, ?, ?)", (halts.epoch, halts.after))

    def publication(self) -> str:
        """Return the entry id of the newest configuration that we published, "0" without any."""
        with opened(self._path) as db:
            row = db.execute("SELECT entry FROM publication").fetchone()
        return row[0] if row else "0"

    def keep_publication(self, entry_id: str) -> None:
        """Replace it."""
        with opened(self._path) as db:
            db.execute("INSERT OR REPLACE INTO publication VALUES (1, ?)", (entry_id,))


def said_again(halts: Halts, now_ns: int) -> tuple[HaltCommand, ...]:
    """Return the commands that bring a channel which lost its end back to these halts, the portfolio's last.

    They are a machine's word, so where a person set something more severe meanwhile, that stays. All who fold them, whatever
    they had counted before, come out at the same epoch, later than any that was in force.
    """
    scopes = [scope for scope, state in halts.states.items() if scope != PORTFOLIO and SEVERITY[state]]
    first = halts.epoch + EPOCH_JUMP
    return tuple(_again(halts, scope, epoch, now_ns) for epoch, scope in enumerate([*sorted(scopes), PORTFOLIO], start=first))


def _again(halts: Halts, scope: str, epoch: int, now_ns: int) -> HaltCommand:
    state = halts.states.get(scope, HaltState.ACTIVE)
    reason = halts.reasons.get(scope) or "the kill switch channel lost its end"
    return HaltCommand(derive("said-again", scope, epoch), scope, state, "control", reason[:REASON_MAX], now_ns, epoch=epoch)
