"""The page's update in a real Chromium with 200 strategies and 1,000 fills a minute, beside the same page of an empty installation.

An update is taken from the moment the browser has the server's event until what it changed is painted.

    python tests/bench/dashboard_page.py [--seconds 40]
"""

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from pathlib import Path

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.bus.redis_bus import RedisBus, connect
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, PRICE
from memesnipe.dashboard.service import Page
from memesnipe.dashboard.settings import DashboardSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.ids import derive
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import LedgerWriter
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.control import AllocationDecision, StrategyAllocation
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.testing.browser import Tab, a_tab, chromium
from memesnipe.testing.builders import SOL, a_config, a_strategy, a_tick
from memesnipe.testing.scene import SYMBOLS, mint_of

STRATEGIES, FILLS_PER_MINUTE, GOAL_MS = 200, 1_000, 250
NAMES = [f"strategy-{number:03d}" for number in range(STRATEGIES)]
TIMED = """
window.took = [];
const Real = window.EventSource;
window.EventSource = class extends Real {
  set onmessage(handler) {
    super.onmessage = (event) => {
      const began = performance.now();
      handler(event);
      requestAnimationFrame(() => setTimeout(() => window.took.push(performance.now() - began)));
    };
  }
};
"""


def a_trade(number: int) -> Fill:
    """Return one fill of the flood: a buy, or a sale of part of what is held."""
    intent_id, now_ns = derive("bench", number), time.time_ns()
    symbol, buys = SYMBOLS[number % len(SYMBOLS)], number % 3 != 2
    return Fill(
        intent_id, NAMES[number % STRATEGIES], Mode.PAPER, 1, f"paper:{intent_id}:1", FillStatus.FILLED, Side.BUY if buys else Side.SELL,
        mint_of(symbol), number, now_ns, -SOL // 10 if buys else SOL // 12, 10**12 if buys else -(10**11), 5_000, 10_000, 0, 100_000, 1,
        now_ns - 400 * 10**6,
    )  # fmt: skip


async def applied(bus: RedisBus) -> None:
    """Apply the strategies."""
    capital = 1_000 * SOL
    await bus.publish(CONFIG.name, a_config(*(a_strategy(name) for name in NAMES), capital_lamports=capital))
    shares = tuple(StrategyAllocation(name, 1, 50, capital // STRATEGIES, time.time_ns()) for name in NAMES)
    await bus.publish(ALLOCATIONS.name, AllocationDecision(1, time.time_ns(), "1nputs", "equal_weight", "bench", shares))


async def flood(bus: RedisBus, data: Path, stop: threading.Event) -> int:
    """Write fills and prices until told to stop; return how many fills."""
    ledger, began, written = LedgerWriter(open_engine(ledger_url(str(data)))), time.monotonic(), 0
    while not stop.is_set():
        due = int((time.monotonic() - began) * FILLS_PER_MINUTE / 60)
        await asyncio.to_thread(ledger.record, [a_trade(number) for number in range(written, due)])
        written = max(written, due)
        ticks = (
            a_tick(event_id=f"{symbol}-{written}", mint=mint_of(symbol), time_ns=time.time_ns(), quote_lamports=SOL * (20 + written % 7))
            for symbol in SYMBOLS
        )
        await bus.publish(PRICE.name, MarketFrame(tuple(ticks)))
        await asyncio.sleep(0.2)
    return written


def watched(url: str, data: Path, seconds: float) -> list[float]:
    """Return how long each update of a page took, in milliseconds."""
    program = chromium()
    if program is None:
        raise SystemExit("dashboard page: no Chromium on this machine's path")
    page = Page(DashboardSettings(redis_url=url, data_dir=str(data), dashboard_port=0))
    with a_tab(program, data / "profile") as tab:
        took = _looked_at(tab, f"http://127.0.0.1:{page.port}/", seconds)
    page.close()
    return took


def _looked_at(tab: Tab, url: str, seconds: float) -> list[float]:
    tab.do("Page.enable")
    tab.do("Page.addScriptToEvaluateOnNewDocument", source=TIMED)
    tab.open(url, width=1440, height=1400)
    time.sleep(seconds)
    return [float(one) for one in tab.value("window.took")][1:]  # the first draws a page that was not there


def p95(took: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(took, n=20)[-1]


def run(seconds: float, *, busy: bool) -> list[float]:
    """Return the updates of one page: a busy installation's or an empty one's."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder) / "valkey") as server:
        data, stop, wrote = Path(folder), threading.Event(), list[int]()
        migrate(ledger_url(folder))

        async def work() -> None:
            bus = await connect(DashboardSettings(redis_url=server.url), SystemClock(), service="bench")
            if busy:
                await applied(bus)
                wrote.append(await flood(bus, data, stop))
            await bus.close()

        writer = threading.Thread(target=lambda: asyncio.run(work()))
        writer.start()
        took = watched(server.url, data, seconds)
        stop.set()
        writer.join()
        if busy:
            print(f"  {wrote[0]} fills in {seconds:.0f} s, {STRATEGIES} strategies")
        return took


def main() -> None:
    """Print both, and what the busy page takes more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0)
    seconds = parser.parse_args().seconds
    print("dashboard page: an update from the event to the painted page")
    empty, busy = run(seconds, busy=False), run(seconds, busy=True)
    print(f"  empty p95 {p95(empty):.0f} ms ({len(empty)} updates); busy p95 {p95(busy):.0f} ms ({len(busy)} updates), goal {GOAL_MS} ms")
    print(f"  ratio {p95(busy) / p95(empty):.2f}; {'met' if p95(busy) < GOAL_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
