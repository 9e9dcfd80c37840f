"""Where `memesnipe` starts: a service by its name, or one of the commands for people.

Services are dispatched before anything else is imported, because the signer's image holds no command-line library.
"""

import importlib
import sys

SERVICES: dict[str, str] = {
    "data_consumers": "memesnipe.consumers.service",
    "executor": "memesnipe.executor.service",
    "executors": "memesnipe.supervisor.executors",
    "risk_guardian": "memesnipe.risk.service",
    "wallet_guard": "memesnipe.guard.service",
    "signer": "memesnipe.signer.service",
    "position_manager": "memesnipe.positions.service",
    "autonomous_allocator": "memesnipe.allocator.service",
    "strategy_factory": "memesnipe.factory.service",
    "dashboard": "memesnipe.dashboard.service",
    "notifier": "memesnipe.notify.service",
    "tracer": "memesnipe.tracing.service",
    "control": "memesnipe.control.service",
}
"""Service name -> module whose `main() -> int` runs it. Service names are those of the topology;
`executors` is compose's executor, a process for each Strategy."""

NOT_IN_THE_SIGNERS_IMAGE = ("memesnipe.cli.commands", "typer")


def main() -> None:
    """Run a service or a command; never returns."""
    if len(sys.argv) == 2 and sys.argv[1] in SERVICES:
        raise SystemExit(importlib.import_module(SERVICES[sys.argv[1]]).main())
    try:
        from memesnipe.cli.commands import run  # here, because services must not need what commands need
    except ModuleNotFoundError as missing:
        if missing.name not in NOT_IN_THE_SIGNERS_IMAGE:
            raise
        raise SystemExit(f"memesnipe: the commands are not installed here ({missing.name} is missing); `memesnipe signer` is") from None

    run()
