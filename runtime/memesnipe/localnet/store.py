"""The chain on disk: one SQLite file, one commit per slot, so a kill at any instant leaves the last whole slot.

Kept: accounts, pools, users' transactions, the slot, how far a recording was played. Not kept: made-up transactions and what was pending,
which a cluster may drop too.
The slot is committed even when nothing else changed: a height that went backwards would bring expired blockhashes back to life.
"""

import sqlite3
from pathlib import Path

import msgspec
from solders.account import Account
from solders.pubkey import Pubkey

from memesnipe.kernel.errors import ConfigError
from memesnipe.localnet.accounts import RENT_EPOCH
from memesnipe.localnet.chain import FIRST_SLOT, Chain, Progress, Record
from memesnipe.localnet.pools import Pool

SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS account (address BLOB PRIMARY KEY, lamports TEXT NOT NULL, owner BLOB NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS pool (mint TEXT PRIMARY KEY, born INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS record (signature TEXT PRIMARY KEY, slot INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
"""
SCHEMA_VERSION = 1


class Store:
    """The file behind a chain. `save` after each slot, `load` once before the first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "localnet.db", isolation_level=None, timeout=0.5)
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            raise ConfigError(f"--data-dir: {folder} is in use by another localnet ({error})") from error
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def load(self, chain: Chain) -> bool:
        """Bring a chain back; False when the file is new. Raises ConfigError when it is of another seed or another recording."""
        facts: dict[str, int] = dict(self._db.execute("SELECT name, value FROM fact"))
        if not facts:
            return False
        if (facts["seed"], facts["version"]) != (chain.settings.seed, SCHEMA_VERSION):
            raise ConfigError(
                f"--data-dir: holds a chain of seed {facts['seed']}, version {facts['version']}; start with that seed or another folder"
            )
        chain.slot = facts["slot"]
        chain.progress = _progress(facts, chain.progress.identity)
        for address, lamports, owner, data in self._db.execute("SELECT address, lamports, owner, data FROM account"):
            account = Account(int(lamports), data, Pubkey.from_bytes(owner), False, RENT_EPOCH)
            chain.bank.put(Pubkey.from_bytes(address), account)
        for (body,) in self._db.execute("SELECT body FROM pool ORDER BY rowid"):
            chain.market.remember(msgspec.msgpack.decode(body, type=Pool))
        for (body,) in self._db.execute("SELECT body FROM record ORDER BY slot, at"):
            chain.remember(msgspec.msgpack.decode(body, type=Record))
        self._clean(chain)
        return True

    def save(self, chain: Chain) -> None:
        """Commit everything that changed since the last time."""
        self._db.execute("BEGIN")
        facts = {"seed": chain.settings.seed, "version": SCHEMA_VERSION, "slot": chain.slot}
        facts |= {f"recording_{name}": value for name, value in msgspec.structs.asdict(chain.progress).items()}
        self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())
        self._save_accounts(chain)
        changed = [pool for pool in chain.market.all() if pool.mint in chain.market.dirty]  # rows in order of creation
        gone = [(mint,) for mint in chain.market.dirty if chain.market.get(mint) is None]
        self._db.executemany("DELETE FROM pool WHERE mint = ?", gone)
        rows = [(pool.mint, pool.created_slot, msgspec.msgpack.encode(pool)) for pool in changed]
        self._db.executemany("INSERT INTO pool VALUES (?, ?, ?) ON CONFLICT (mint) DO UPDATE SET body = excluded.body", rows)
        self._db.executemany("DELETE FROM record WHERE signature = ?", [(signature,) for signature in chain.undone])
        signed = [record for record in chain.fresh if not record.synthetic]
        records = [(record.signature, record.slot, record.index, msgspec.msgpack.encode(record)) for record in signed]
        self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", records)
        self._db.execute("COMMIT")
        self._clean(chain)

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def _save_accounts(self, chain: Chain) -> None:
        for key in chain.bank.dirty:
            account = chain.bank.get(key)
            if account is None:
                self._db.execute("DELETE FROM account WHERE address = ?", (bytes(key),))
            else:
                row = (bytes(key), str(account.lamports), bytes(account.owner), account.data)
                self._db.execute("INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?)", row)

    @staticmethod
    def _clean(chain: Chain) -> None:
        chain.bank.dirty.clear()
        chain.market.dirty.clear()
        chain.fresh.clear()
        chain.undone.clear()


def _progress(facts: dict[str, int], identity: int) -> Progress:
    """How far the recording was played. Another one's position would mean nothing, and its pools would stand among ours forever."""
    found = facts.get("recording_identity", 0)
    if found != identity:
        held = "moved by a recording, and not by this one" if found else "not moved by a recording"
        raise ConfigError(f"--data-dir: holds a chain that was {held}; start it as before or name another folder")
    return Progress(found, facts.get("recording_played", 0), facts.get("recording_last_slot", FIRST_SLOT))
