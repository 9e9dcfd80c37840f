"""What the stack says of itself: the configuration in force, the gates, the halts, whether it runs on paper.

On a host that runs on paper, or not at all, the folder of manifests is judged as the next start would judge it: that is the question
before the switch is turned.
"""

from pathlib import Path
from typing import Any

import msgspec
from redis.exceptions import NoPermissionError, RedisError

from memesnipe.bus import topology
from memesnipe.bus.api import Entry
from memesnipe.bus.folds import Halts, fold_halts, latest_config
from memesnipe.bus.rows import row_of
from memesnipe.control.applied import Around, in_force, judged
from memesnipe.control.evidence_folder import EvidenceFolder
from memesnipe.control.promotions import fold_words
from memesnipe.control.status import Condition, Verdict, status_in
from memesnipe.control.tracker import Tracker
from memesnipe.kernel.errors import BadInput
from memesnipe.live_check.facts import Applied, Seen, Silent, Switch, Unseen
from memesnipe.live_check.gather.stores import asked
from memesnipe.live_check.installation import Installation
from memesnipe.live_check.judge.mode import START
from memesnipe.manifests.reading import read
from memesnipe.supervisor.settings import OWN_STRATEGIES

ELSEWHERE = "kubectl exec -n memesnipe deploy/memesnipe-wallet-guard -- memesnipe live-check"
PAGE = 1_000
PAGES_MAX = 200
Gates = dict[str, tuple[Condition, ...]]


def switch(place: Installation) -> Switch:
    """The switch as it is set here, and as control last said it stands for what runs."""
    gates = status(place) if place.by_up and place.runs else None
    switches = [each.status for group in (gates or {}).values() for each in group if each.type == "SwitchedLive"]
    return Switch(place.paper, switches[0] is not Verdict.TRUE if switches else None, place.strangers, place.key_in_environment)


def status(place: Installation) -> Gates | None:
    """What control wrote of every strategy; None where it wrote nothing that can be read."""
    try:
        return {each.id: each.conditions for each in status_in(place.data)}
    except (OSError, msgspec.DecodeError):
        return None


async def configuration(place: Installation, genesis: str, now_ns: int) -> Seen[Applied]:
    """What is in force; else what the manifests would make of it. Raises ConfigError for manifests that are wrong."""
    about_to_go_live = place.by_up and not place.paper and switch(place).paper_running is True
    if place.runs and place.guard.redis_url and not about_to_go_live:
        entries = await folded(place, topology.CONFIG.name)
        if isinstance(entries, Silent | Unseen):
            return entries
        config = latest_config(None, entries)
        return Applied(config, status(place) if place.by_up else None) if config else Silent("no configuration was applied yet")
    if place.control is None:
        return Unseen("config_channel in Redis tells: run this where MEMESNIPE_REDIS_URL is set")
    # `up` makes the folder for a person's own strategies at its start; until then it is nobody's mistake that it is not there.
    manifests = read([folder for folder in place.control.folders() if folder.is_dir() or folder != Path(OWN_STRATEGIES)])
    records = EvidenceFolder(place.control.evidence_folder()).look()
    reading = _Reading(place)
    track = await Tracker(reading).look([one.metadata.name for one in manifests.strategies])
    words = fold_words({}, await reading.fold(topology.PROMOTIONS.name), again=True)
    around = Around(paper_switch=place.paper, genesis=genesis, time_ns=now_ns, records=records, track=track, words=words)
    verdicts = judged(manifests, around)
    return Applied(in_force(manifests, verdicts, around, 0), {name: conditions for name, (_, conditions) in verdicts.items()})


class _Reading:
    """What services said in the Redis of this stack, as far as it can be read; nothing where it does not run."""

    def __init__(self, place: Installation) -> None:
        self._place = place

    async def fold(self, stream: str, after: str = "0") -> list[Entry]:
        """Return the entries of a stream; `after` is always its start here."""
        found = await folded(self._place, stream) if self._runs else []
        return found if isinstance(found, list) else []

    async def get(self, key: str) -> bytes | None:
        """Return a key's value."""
        if not self._runs:
            return None
        client: Any
        try:
            async with asked(self._place.guard.redis_url, decode_responses=False) as client:
                found: bytes | None = await client.get(self._place.guard.key_prefix + key)
        except (RedisError, OSError, ValueError):
            return None
        return found

    @property
    def _runs(self) -> bool:
        return self._place.runs and bool(self._place.guard.redis_url)


async def halts(place: Installation) -> Seen[Halts]:
    """The kill switch as everyone folds it."""
    if not place.guard.redis_url or (place.by_up and not place.runs):
        return Unseen(f"halts lie in Redis: {START}")
    entries = await folded(place, topology.KILL_SWITCH.name)
    return entries if isinstance(entries, Silent | Unseen) else fold_halts(Halts(), entries)


async def folded(place: Installation, stream: str) -> list[Entry] | Silent | Unseen:
    """Return a stream's entries, reading only: a bus would bury what it cannot decode, and this writes nothing."""
    found, last, row = list[Entry](), "0", row_of(stream)
    client: Any
    try:
        async with asked(place.guard.redis_url, decode_responses=False) as client:
            for _ in range(PAGES_MAX):
                page = await client.execute_command("XRANGE", place.guard.key_prefix + stream, f"({last}", "+", "COUNT", PAGE)
                for entry_id, fields in _pairs(page):
                    last = entry_id
                    try:
                        found.append(row.decode(last, fields))
                    except BadInput:
                        continue
                if len(page) < PAGE:
                    break
    except NoPermissionError:
        return Unseen(f"this service's Redis user may not read {stream}: {ELSEWHERE}")
    except (RedisError, OSError, ValueError) as error:
        return Silent(f"{stream} cannot be read: {type(error).__name__}")
    return found


def _pairs(page: Any) -> list[tuple[str, list[bytes]]]:
    """redis-py gives an entry's fields as a map; a row wants them as they came."""
    return [(entry_id.decode(), [part for pair in fields.items() for part in pair]) for entry_id, fields in page]
