"""A checkout as it is on the desk of somebody who works through the pages: the files that they speak of, and what their words stand for."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from memesnipe.testing.documented.market import write_candles, write_trades
from memesnipe.testing.documented.pages import ROOT
from memesnipe.testing.documented.table import NAMED, help_of, plain
from memesnipe.testing.documented.typed import Answer, as_typed, run

TRADES, CANDLES = 700, 900
"""Two days of trades and five weeks of candles: enough for every study of the pages to end, and no more."""
ORDERS = "SELECT intent_id FROM fills WHERE status = 'filled' ORDER BY 1"
HELD = "SELECT strategy, mint FROM positions WHERE units > 0 ORDER BY 2 DESC"
SOLD = "holds nothing of"
"""What is said to whoever closes a position that is none any more."""
RESEARCH = {
    "STRATEGY.yaml": "momentum.yaml",
    "STRATEGY": "momentum.yaml",
    "MARKET": "trades.parquet",
    "MANIFEST": "momentum.yaml",
    "RECORD": "out/momentum.evidence.json",
    "momentum.yaml trades.parquet --grid ...": "momentum.yaml trades.parquet --grid fast_s=5,10,20",
    "--grid ...": "--grid dip_bps=500,1000,2000 --grid recovery_bps=400,800,1600",
}
ELSE = {
    "VERSION": "1",
    "N": "1",
    "SHELL": "bash",
    "COMMAND": "status",
    "CSV": "trades.csv",
    "RECORDING": "again.parquet",
    "NAME": "another",
}
SYNOPSES = {
    "memesnipe walkforward STRATEGY MARKET": "memesnipe walkforward STRATEGY MARKET --grid fast_s=5,10,20",
    "memesnipe evidence [STRATEGY] [MARKET]": "memesnipe evidence STRATEGY MARKET --grid fast_s=5,10,20 --out out",
}
"""A synopsis of the reference whose options cannot all be left out -> the same with the fewest."""
CODES = {
    "memesnipe live-check": (1,),  # beside a stack on paper: nothing is signed, and it says so
    "memesnipe doctor": (0, 1),  # the test machine may be full, or busy
    "memesnipe evidence": (0, 3),  # the gate may say no: that is what it is for
}
"""What a command ends with that need not end with 0, by its beginning."""


@dataclass(frozen=True)
class Desk:
    """Somebody's checkout, beside a stack that runs in it."""

    folder: Path
    settings: Mapping[str, str]
    first: Callable[[str], tuple[str, ...]]
    """Waits for an answer of the ledger."""
    chain: tuple[str, str]
    """The chain's RPC, and the wallet's address."""

    def furnish(self) -> None:
        """Write the files that pages leave to the reader."""
        write_trades(self.folder / "trades.csv", TRADES)
        shutil.copy(self.folder / "trades.csv", self.folder / "pumpfun_trades_2025-09.csv")
        for name, price in (("WIF", 2.0), ("BONK", 0.00002), ("SOL", 150.0)):
            write_candles(self.folder / f"{name}_USDT-5m.feather", CANDLES, price)
        for path in (ROOT / "docs" / "reference" / "evidence").glob("*.yaml"):
            shutil.copy(path, self.folder)
        shutil.copy(self.folder / "momentum-wif.yaml", self.folder / "slow.yaml")

    def type(self, text: str) -> Answer:
        """Run a command of a page; ask for the help of what is called by its verb alone, which must know the options that are named."""
        if plain(text) in NAMED:
            command, options = help_of(plain(text))
            asked = run(command, self.folder, self.settings)
            return Answer(asked.code or int(any(option not in asked.said for option in options)), asked.said)
        whole = SYNOPSES.get(plain(text), text)
        answer = run(as_typed(whole, self._words(whole)), self.folder, self.settings)
        # A position's own stop may be quicker than a person: then there is another one to close.
        return self.type(text) if " close " in whole and SOLD in answer.said else answer

    def codes(self, text: str) -> tuple[int, ...]:
        """Return what a command may end with."""
        if plain(text) in NAMED:
            return (0,)
        return next((codes for begins, codes in CODES.items() if plain(text).startswith(begins)), (0,))

    def _words(self, text: str) -> dict[str, str]:
        if any(f"memesnipe {study} " in text for study in ("backtest", "walkforward", "evidence")):
            return RESEARCH
        words = dict(ELSE)
        if "orders show" in text:
            (words["ID"],) = self.first(ORDERS)
        if " close " in text:
            words["STRATEGY"], words["MINT"] = self.first(HELD)
        if " resume " in text:
            words["STRATEGY"] = "momentum"
        if "OLD_ADDRESS" in text:
            words["https://..."], words["OLD_ADDRESS"] = self.chain
        return words
