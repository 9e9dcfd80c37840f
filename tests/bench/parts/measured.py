"""What a contender prints when it is done: one line of JSON. Nothing but the standard library: peers run it in a venv of their own."""

import json
import resource
import sys
from pathlib import Path


def tell(events: int, work_s: float, orders: int, **more: float) -> None:
    """Print the numbers of a run. `work_s`: seconds of a processor for the work alone, without imports, reading and conversion."""
    sys.stdout.write(json.dumps({"events_per_s": events / work_s, "orders": orders, "peak_mb": peak_mb(), **more}) + "\n")


def peak_mb() -> float:
    """Return the most memory that this process held. `ru_maxrss` would count what its parent held when it was forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
