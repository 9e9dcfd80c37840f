"""One look at a whole installation, by the very code that the page is made by: streams, ledger, gates, and who is ready.

It works wherever Redis and the ledger can be reached: beside `memesnipe up` by its data folder, in a container of compose or a pod by the
environment of the service there. A part that does not answer is a line under `problems`, and the rest is shown.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from memesnipe.cli import addresses as stack
from memesnipe.control.status import Condition, StrategyStatus, status_file, status_in
from memesnipe.kernel.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    import httpx

    from memesnipe.dashboard.facts import LedgerFacts, StreamFacts
    from memesnipe.dashboard.shown import Snapshot

REPLY_S_MAX = 5.0
ASKED_AT_ONCE_MAX = 32
NOT_RUNNING = "nothing runs on {data} now: this is how it was left"
ELSEWHERE = "gates are written by the operator: kubectl get strategies -n memesnipe-strategies"


class Stage(msgspec.Struct, frozen=True):
    """Where a strategy stands between paper and its whole share of live capital, and why."""

    stage: str
    reason: str = ""


class Ready(msgspec.Struct, frozen=True):
    """Whether one service takes work, and why not."""

    service: str
    ready: bool
    why: str


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What `memesnipe status` shows."""

    data_dir: str
    running: bool
    snapshot: "Snapshot"
    gates: dict[str, tuple[Condition, ...]]
    stages: dict[str, Stage]
    services: tuple[Ready, ...]
    problems: tuple[str, ...]
    streams_known: bool
    """False: Redis was not asked or did not answer, so the snapshot's mode, halts, capital and marks are nobody's word."""
    modes: dict[str, str]
    """As control wrote them; nothing where an operator judges."""
    unanswered: tuple[str, ...]
    """Parts that should answer and do not: what is shown of them is nothing, which is not "none"."""


def look() -> Picture:
    """Return the picture. Raises ConfigError where nothing was ever started and no address is named."""
    from memesnipe.dashboard.facts import Facts
    from memesnipe.dashboard.snapshot import build

    data, silent = stack.data_dir(), dict[str, str]()
    runs, judged = stack.runs(data), judged_of(data)
    streams = _streams(silent, runs=runs)
    ledger = _ledger(silent, streams)
    problems = (*_remarks(data, runs=runs, judged=bool(judged)), *silent.values())
    unknown = tuple(silent) if runs else ("redis", *silent)
    facts = Facts(time_ns=time.time_ns(), streams=streams, ledger=ledger, problems=problems, unknown=unknown)
    return Picture(
        data_dir=str(data), running=runs, snapshot=build(facts), gates={one.id: one.conditions for one in judged},
        stages={one.id: Stage(one.promotion.stage, one.promotion.reason) for one in judged if one.promotion is not None},
        services=services_of(data) if runs else (),
        problems=problems, unanswered=tuple(silent),
        streams_known="redis" not in unknown,
        modes={one.id: one.mode for one in judged},
    )  # fmt: skip


def _remarks(data: Path, *, runs: bool, judged: bool) -> tuple[str, ...]:
    if not runs:
        return (NOT_RUNNING.format(data=data),)
    return () if judged else (ELSEWHERE,)


def judged_of(data: Path) -> tuple[StrategyStatus, ...]:
    """Return what control wrote of every strategy; nothing where an operator judges, or nobody yet.

    Raises ConfigError where nothing was ever started here and no address of a stack is named.
    """
    if status_file(data).is_file():
        return status_in(data)
    if not stack.elsewhere():
        raise ConfigError(f"{status_file(data)} does not exist: nothing was applied here yet; start with `make up`")
    return ()


def services_of(data: Path) -> tuple[Ready, ...]:
    """Return what each service of `memesnipe up` says of itself now; none where something else started them."""
    import httpx

    path = data / "run" / "services.json"
    if not path.is_file():
        return ()
    ports: dict[str, int] = json.loads(path.read_bytes())
    with httpx.Client(timeout=REPLY_S_MAX, trust_env=False) as client, ThreadPoolExecutor(ASKED_AT_ONCE_MAX) as asking:
        return tuple(asking.map(lambda one: _ready(client, *one), ports.items()))


def _ready(client: "httpx.Client", service: str, port: int) -> Ready:
    import httpx

    try:
        answer = client.get(f"http://127.0.0.1:{port}/readyz")
        return Ready(service, answer.status_code == 200, "" if answer.status_code == 200 else str(answer.json().get("why", "")))
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        return Ready(service, False, f"does not answer: {type(error).__name__}")


def _streams(silent: dict[str, str], *, runs: bool) -> "StreamFacts":
    from memesnipe.dashboard.facts import StreamFacts

    if not runs:
        return StreamFacts()
    try:
        return streams_now(stack.find())
    except (ConfigError, Unavailable) as error:
        silent["redis"] = f"Redis does not answer, so halts, marks and lag are not known: {error}"
        return StreamFacts()


def streams_now(found: stack.Addresses) -> "StreamFacts":
    """Return what the streams say. Raises Unavailable."""
    import redis

    from memesnipe.dashboard.streams import StreamReader
    from memesnipe.kernel.settings import CommonSettings, load

    with redis.Redis.from_url(found.redis_url, socket_timeout=REPLY_S_MAX, socket_connect_timeout=2.0) as client:
        return StreamReader(client, load(CommonSettings).key_prefix).look()


def _ledger(silent: dict[str, str], streams: "StreamFacts") -> "LedgerFacts":
    from memesnipe.dashboard import ledger
    from memesnipe.dashboard.facts import LedgerFacts
    from memesnipe.dashboard.snapshot import shown_mode

    try:
        with stack.ledger() as engine:
            return ledger.look(engine, shown_mode(streams))
    except (ConfigError, Unavailable) as error:
        silent["ledger"] = f"the ledger does not answer, so positions and results are not known: {error}"
        return LedgerFacts()
