"""No bytes break a decoder: each is fuzzed for a minute by atheris, and what it ever found is tried first.

`MEMESNIPE_FUZZ_S` sets the seconds of each target; `make fuzz SECONDS=600` fuzzes longer.
"""

import os
import subprocess
import sys
from pathlib import Path
from struct import pack

import pytest

from memesnipe.testing.decoders import TARGETS

RUN = Path(__file__).with_name("run.py")
SECONDS = int(os.environ.get("MEMESNIPE_FUZZ_S", "60"))
BY_NAME = {target.name: target for target in TARGETS}
_LATE = 2**62
_TRADE = bytes.fromhex("bddb7fd34ee661ee") + bytes(32) + pack("<QQ?32sQQQ", 1, 1, True, bytes(32), _LATE, 1, 1) + bytes(48 + 8 + 40 + 8 + 8)
CRASHERS: tuple[tuple[str, str, bytes], ...] = (
    (
        "notifications",
        "an account key without its address",
        b'{"method":"transactionNotification","params":{"subscription":1,"result":{"signature":"%s","slot":7,"transaction":{"transaction":'
        b'{"message":{"accountKeys":[{"qubkey":"a"}]}},"meta":{"err":null,"innerInstructions":[{"index":0}]}}}}}' % (b"5" * 88),
    ),
    (
        "notifications",
        "inner instructions that are no list",
        b'{"method":"transactionNotification","params":{"subscription":1,"result":{"signature":"%s","slot":7,"transaction":{"transaction":'
        b'{"message":{"accountKeys":[]}},"meta":{"err":null,"innerInstructions":7}}}}}' % (b"5" * 88),
    ),
    ("events", "a trade at a time that no message can carry", _TRADE),
    ("manifests", "a mapping as a key", b"{a:,{a: 1, a a:&2: 2}}\n\n"),
)
"""(target, what it is, bytes): each made its decoder raise what it may not, before it was fixed."""


@pytest.mark.parametrize(("name", "bytes_"), [pytest.param(name, raw, id=what) for name, what, raw in CRASHERS])
def test_what_once_broke_a_decoder_does_not_again(name: str, bytes_: bytes) -> None:
    BY_NAME[name](bytes_)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_seed_of_a_target_passes(name: str) -> None:
    for seed in BY_NAME[name].seeds:
        BY_NAME[name](seed)


@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux alone")
@pytest.mark.parametrize("name", BY_NAME)
def test_no_bytes_break_a_decoder(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(RUN), "--target", name, "--seconds", str(SECONDS), "--findings", str(tmp_path)]

    fuzzed = subprocess.run(command, capture_output=True, text=True)

    assert fuzzed.returncode == 0, fuzzed.stdout[-4_000:] + fuzzed.stderr[-2_000:]
    assert "Done" in fuzzed.stdout, "nothing was run"
