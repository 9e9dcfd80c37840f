"""What this host keeps on disk of what Redis holds: Redis may forget that a person froze the wallet, control may not."""

from pathlib import Path

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.control.history import opened
from memesnipe.control.kill_switch import Said
from memesnipe.control.promotions import Words
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.promotion import PromotionStep

_SCHEMA = """
CREATE TABLE IF NOT EXISTS halts (scope TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS kill_switch (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, after TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS publication (one INTEGER PRIMARY KEY CHECK (one = 1), entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS said (one INTEGER PRIMARY KEY CHECK (one = 1), said BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS demoted (strategy TEXT PRIMARY KEY, word BLOB NOT NULL);
"""
_said = msgspec.json.Decoder(Said)
_word = msgspec.json.Decoder(PromotionStep)


class Known:
    """`control.desk.Memory` as five tables in control's database. A local write takes a millisecond or two, so it blocks the loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(path) as db:
            db.executescript(_SCHEMA)

    async def halts(self) -> Halts:
        """Return what was kept last; everyone ACTIVE in epoch 0 when nothing was."""
        with opened(self._path) as db:
            row = db.execute("SELECT epoch, after FROM kill_switch").fetchone()
            scopes = db.execute("SELECT scope, state, reason FROM halts").fetchall()
        if row is None:
            return Halts()
        states = {scope: HaltState(state) for scope, state, _ in scopes}
        return Halts(row[0], row[1], states, {scope: reason for scope, _, reason in scopes})

    async def keep_halts(self, halts: Halts) -> None:
        """Replace what is kept, in one transaction."""
        rows = [(scope, state.value, halts.reasons.get(scope, "")) for scope, state in halts.states.items()]
        with opened(self._path) as db:
            db.execute("DELETE FROM halts")
            db.executemany("INSERT INTO halts VALUES (?, ?, ?)", rows)
            db.execute("INSERT OR REPLACE INTO kill_switch VALUES (1, ?, ?)", (halts.epoch, halts.after))

    async def publication(self) -> str:
        """Return the entry id of the newest configuration that we published, "0" without any."""
        with opened(self._path) as db:
            row = db.execute("SELECT entry FROM publication").fetchone()
        return row[0] if row else "0"

    async def keep_publication(self, entry_id: str) -> None:
        """Replace it."""
        with opened(self._path) as db:
            db.execute("INSERT OR REPLACE INTO publication VALUES (1, ?)", (entry_id,))

    async def said(self) -> Said:
        """Return what the RiskPolicy's kill switch said last."""
        with opened(self._path) as db:
            row = db.execute("SELECT said FROM said").fetchone()
        return _said.decode(row[0]) if row else Said()

    async def keep_said(self, said: Said) -> None:
        """Replace it."""
        with opened(self._path) as db:
            db.execute("INSERT OR REPLACE INTO said VALUES (1, ?)", (msgspec.json.encode(said),))

    async def demoted(self) -> Words:
        """Return the demotions that were in force last."""
        with opened(self._path) as db:
            return {strategy: _word.decode(word) for strategy, word in db.execute("SELECT strategy, word FROM demoted").fetchall()}

    async def keep_demoted(self, words: Words) -> None:
        """Replace them, in one transaction."""
        with opened(self._path) as db:
            db.execute("DELETE FROM demoted")
            db.executemany("INSERT INTO demoted VALUES (?, ?)", [(name, msgspec.json.encode(word)) for name, word in words.items()])
