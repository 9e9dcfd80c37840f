"""`memesnipe doctor`: is this installation well? What `live-check` looks at that paper needs, too, and what only a host can tell."""

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec

from memesnipe.cli import addresses as stack
from memesnipe.cli.live_check import running_on
from memesnipe.cli.showing import JsonOption

if TYPE_CHECKING:
    from memesnipe.live_check.finding import Reported
    from memesnipe.live_check.look import Done

NEEDED_ON_PAPER = (
    ("settings", "environment"),
    ("mode", "variables"),
    ("mode", "halts"),
    ("keys", "role keys"),
    ("keys", "certificates"),
    ("endpoints", "rpc"),
    ("endpoints", "chain"),
    ("endpoints", "blocks"),
    ("endpoints", "websocket"),
    ("clock", "skew"),
    ("stores", "data folder"),
    ("stores", "audit"),
    ("stores", "ledger"),
    ("stores", "redis"),
    ("stores", "redis keeps"),
)
"""Of live-check's findings; the others are about live money and have their command."""


def doctor(json: JsonOption = False) -> None:
    """Tell what is wrong with this installation, each with its fix.

    It looks at settings, keys, Redis, ledger, chain, clock, disk, ports, versions, services and lag.
    Reads only. Exit code 0: nothing is wrong; 1: something is.
    Whether a live order could go out is `memesnipe live-check`.
    """
    from memesnipe.cli.live_check_report import tell

    tell(_looked, machine=json)


async def _looked(done: "Done") -> "list[Reported]":
    from memesnipe.cli.host_checks import host_findings
    from memesnipe.kernel.clock import SystemClock
    from memesnipe.live_check.check import check

    data = stack.data_dir()
    seen = await check(dict(os.environ), running_on(data), SystemClock(), done)
    needed = [_here(one) for one in seen if (one.area, one.check) in NEEDED_ON_PAPER]
    return needed + await asyncio.to_thread(host_findings, data)


def _here(one: "Reported") -> "Reported":
    """live-check tells to start the stack and ask live-check again: whoever asked a doctor asks a doctor again."""
    from memesnipe.cli.host_checks import START
    from memesnipe.live_check.judge.mode import START as FOR_LIVE

    return msgspec.structs.replace(one, fix=one.fix.replace(FOR_LIVE, START))
