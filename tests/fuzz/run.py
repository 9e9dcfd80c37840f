"""Fuzz the decoders by atheris (libFuzzer with the coverage of our Python), each target in a process of its own.

    python tests/fuzz/run.py --seconds 60                    every target, one after another
    python tests/fuzz/run.py --seconds 600 --target tokens

What is fuzzed is in `memesnipe.testing.decoders`. A finding is an exception that the target may not raise, an input that takes longer
than HANG_S, or more memory than MEMORY_MB. It is kept in .fuzz/<target>/ and told with the exit code; put its bytes into CRASHERS of
tests/fuzz/test_decoders.py when it is fixed.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FINDINGS = HERE.parent.parent / ".fuzz"
HANG_S, MEMORY_MB, INPUT_BYTES_MAX = 10, 1_024, 4_096
START_S_MAX = 120
"""A loaded machine instruments our modules slowly."""


def fuzz(name: str, seconds: int, findings: Path = FINDINGS) -> str:
    """Fuzz one target in a process of its own; return what was found, "" for nothing."""
    folder = findings / name
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--inside", name, "--seconds", str(seconds), "--findings", str(folder)]
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run(command, stdout=said, stderr=said, timeout=seconds + HANG_S + START_S_MAX)
        said.seek(0)
        text = said.read().decode(errors="replace")
    print(
        f"{name}: {next((line for line in reversed(text.splitlines()) if line.startswith(('Done', 'stat::'))), 'no summary')}", flush=True
    )
    return "" if ended.returncode == 0 else text[-4_000:]


def inside(name: str, seconds: int, findings: Path) -> None:
    """Be the process that is fuzzed. Ends the process."""
    atheris: Any = __import__("atheris")
    with atheris.instrument_imports(include=["memesnipe"]):
        from memesnipe.testing.decoders import TARGETS

    target = next(each for each in TARGETS if each.name == name)
    with tempfile.TemporaryDirectory() as corpus:
        for seed in target.seeds:
            (Path(corpus) / sha256(seed).hexdigest()).write_bytes(seed)
        limits = [f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={INPUT_BYTES_MAX}", f"-max_total_time={seconds}"]
        atheris.Setup([sys.argv[0], *limits, "-seed=1", f"-artifact_prefix={findings}/", corpus], quietly(target))
        atheris.Fuzz()


def quietly(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return the target as atheris calls it."""
    return lambda data: target(bytes(data))


def main() -> int:
    """Run what was asked for; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--target", help="one alone")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--findings", type=Path, default=FINDINGS)
    asked = parser.parse_args()
    if asked.inside:
        inside(asked.inside, asked.seconds, asked.findings)
        return 0
    from memesnipe.testing.decoders import TARGETS

    found = [
        (each.name, text)
        for each in TARGETS
        if asked.target in (None, each.name) and (text := fuzz(each.name, asked.seconds, asked.findings))
    ]
    for name, text in found:
        print(f"== {name}\n{text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
