"""The signer beside its floor: what one signature costs, over what nobody can avoid.

Floor: two Ed25519 verifications, one signature, 300 bytes appended and fsynced. Ours, in process: check, sign, store. Ours, over HTTP:
the same through the shipped server in its own process, one kept-alive connection. All three run interleaved in one loop, so that a
noisy machine disturbs them alike; compare the ratios.

    python tests/bench/signer_floor.py [--rounds 400] [--profile]
"""

import argparse
import cProfile
import http.client
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from functools import partial
from pathlib import Path

import msgspec
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

from memesnipe.kernel.clock import NS_PER_S, SystemClock
from memesnipe.kernel.logs import configure
from memesnipe.messages import codec
from memesnipe.messages.signing import SwapTransaction
from memesnipe.signer.service import rails_of, settle_memory
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet
from memesnipe.testing import swaps
from memesnipe.testing.builders import an_intent
from memesnipe.testing.swaps import World

GOAL = 1.5
BATCH, WARM_UP = 25, 50
CAPS = {"spend_lamports_per_hour_max": 10**15, "spend_lamports_per_day_max": 10**15}
Step = Callable[[], None]


def floor(folder: Path) -> Step:
    """Return two verifications, one signature and one fsync of 300 bytes."""
    public, pair = crypto_sign_seed_keypair(os.urandom(32))
    signed, message = crypto_sign(os.urandom(500), pair), os.urandom(600)
    file = os.open(folder / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def step() -> None:
        crypto_sign_open(signed, public)
        crypto_sign_open(signed, public)
        crypto_sign(message, pair)
        os.write(file, bytes(300))
        os.fsync(file)

    return step


def requests_of(world: World) -> Iterator[bytes]:
    """Yield encoded requests as an honest guard makes them, each of another intent; leases as control renews them."""
    while True:
        now_ns = time.time_ns()
        lease = world.a_lease(issued_ns=now_ns, expires_ns=now_ns + 60 * NS_PER_S, **CAPS)
        for _ in range(50):
            intent = an_intent()
            message = swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet, tables=(swaps.a_table(),))
            request = world.a_request(intent, message=message, tables=(swaps.a_table(),), lease=lease, now_ns=time.time_ns())
            yield codec.encode(request)


def in_process(folder: Path, world: World) -> Callable[[bytes], None]:
    """Return decode + decide + sign + store, as the door does it."""
    wallet = Wallet(bytes(world.keypair))
    settings = msgspec.structs.replace(SignerSettings(paper_trading_mode=False), **CAPS)
    signer = Signer(wallet, Store.open(folder / "signer.db"), rails_of(settings, wallet, world.trusted), SystemClock())
    settle_memory()  # as the service does before it listens

    def step(body: bytes) -> None:
        codec.encode(signer.sign(codec.decode(SwapTransaction, body)))

    return step


@contextmanager
def over_http(folder: Path, world: World) -> Iterator[Callable[[bytes], None]]:
    """Run the shipped service and yield a request over one connection."""
    env = {**os.environ, "PAPER_TRADING_MODE": "false", "MEMESNIPE_DATA_DIR": str(folder), "MEMESNIPE_SIGNER_PORT": "0"}
    env |= {f"MEMESNIPE_{name.upper()}": str(value) for name, value in CAPS.items()}
    env["MEMESNIPE_WALLET_FILE"] = str(world.write(folder))
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, "-m", "memesnipe.signer.service"], env=env, stderr=file)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", _port(log))

        def step(body: bytes) -> None:
            connection.request("POST", "/sign", body)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {answer!r}")

        yield step
    finally:
        process.terminate()
        process.wait(20)


def _port(log: Path) -> int:
    for _ in range(1_000):
        for line in log.read_text().splitlines():
            if '"listening"' in line:
                return int(msgspec.json.decode(line)["port"])
        time.sleep(0.02)
    raise RuntimeError(log.read_text())


def _timed_us(step: Step, profile: cProfile.Profile | None = None) -> float:
    if profile:
        profile.enable()
    started = time.perf_counter_ns()
    step()
    took = time.perf_counter_ns() - started
    if profile:
        profile.disable()
    return took / 1_000


def measure(folder: Path, rounds: int, profile: cProfile.Profile | None) -> dict[str, list[float]]:
    """Return microseconds by contestant, interleaved."""
    world, times = World.make(), dict[str, list[float]](floor=[], in_process=[], http=[])
    for name in ("ours", "served", "bare"):
        (folder / name).mkdir()
    bodies, bare, ours = requests_of(world), floor(folder / "bare"), in_process(folder / "ours", world)
    with over_http(folder / "served", world) as served:
        for number in range(0, rounds + WARM_UP, BATCH):
            batch = [next(bodies) for _ in range(2 * BATCH)]  # made beforehand: making a request costs more than signing it
            for mine, other in zip(batch[::2], batch[1::2], strict=True):
                took = (_timed_us(bare), _timed_us(partial(ours, mine), profile), _timed_us(partial(served, other)))
                for name, value in zip(times, took, strict=True):
                    if number >= WARM_UP:
                        times[name].append(value)
    return times


def report(times: dict[str, list[float]]) -> None:
    """Print medians, tails and ratios."""
    base = statistics.median(times["floor"])
    for name, values in times.items():
        cuts = statistics.quantiles(values, n=100)
        print(
            f"{name:<11} p50 {statistics.median(values):7.0f} us   p95 {cuts[94]:7.0f} us   {statistics.median(values) / base:5.2f}x floor"
        )
    ratio = statistics.median(times["in_process"]) / base
    print(f"goal <= {GOAL}x in process: {'reached' if ratio <= GOAL else 'missed'} ({ratio:.2f}x)")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    # The log line of each signature is made, as in the service, and thrown away. The folder is on the checkout's disk: /tmp may be memory.
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere), tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        configure("signer")
        times = measure(Path(folder), options.rounds, profile)
    report(times)
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
