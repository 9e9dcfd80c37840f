"""Records of evidence, by the Strategy whose name their ConfigMap is labelled with. Opened once, when they are seen; pure.

Who may write one is decided by the API server (`crds.attesting`); that it is whole, by its hash.
"""

from collections.abc import Iterable
from typing import Any

from memesnipe.control.metrics import EVIDENCE_ERRORS, EVIDENCE_RECORDS
from memesnipe.control.proofs import Damaged, Sighting
from memesnipe.evidence.record import open_record
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.logs import logger
from memesnipe_operator.kinds import CONFIG_MAP, EVIDENCE_KEY, EVIDENCE_LABEL
from memesnipe_operator.newest import Newest

Body = dict[str, Any]


class Records:
    """Of one namespace."""

    def __init__(self) -> None:
        self._newest = Newest()
        self._found: dict[str, tuple[str, Sighting]] = {}
        """By ConfigMap: the Strategy it is labelled with, and what it holds. One without a record is not in it."""
        self._of: dict[str, dict[str, Sighting]] = {}
        """By Strategy and ConfigMap: the same, for ten thousand Strategies are asked about at each verdict."""

    def of(self, strategy: str) -> tuple[Sighting, ...]:
        """Return what there is for a Strategy."""
        return tuple(self._of.get(strategy, {}).values())

    def observe(self, body: Body, *, deleted: bool) -> set[str]:
        """Take in an event; return the Strategies whose evidence it changed."""
        name = body["metadata"]["name"]
        key = (CONFIG_MAP.kind, name)
        news = self._newest.drop(key, body) if deleted else self._newest.put(key, _kept(body))
        changed = self._replace(name, None if deleted else _read(body)) if news else set()
        self._count()
        return changed

    def replace(self, bodies: Iterable[Body], version: str) -> set[str]:
        """Make what is known be what a list of this version shows; return the Strategies whose evidence it changed."""
        listed = list(bodies)
        unread = [body for body in listed if not self._knows(body)]
        gone = self._newest.replace(CONFIG_MAP.kind, map(_kept, listed), version)
        changed = {strategy for name in gone for strategy in self._replace(name, None)}
        for body in unread:
            if self._knows(body):  # else an event was quicker than the list
                changed |= self._replace(body["metadata"]["name"], _read(body))
        self._count()
        return changed

    def _knows(self, body: Body) -> bool:
        """Whether the newest that is known of an object is this state of it. By version: of a body not all is kept."""
        meta = body["metadata"]
        known = self._newest.get((CONFIG_MAP.kind, meta["name"]))
        return known is not None and known["metadata"]["resourceVersion"] == meta["resourceVersion"]

    def _replace(self, name: str, now: tuple[str, Sighting] | None) -> set[str]:
        before = self._found.pop(name, None)
        if before is not None:
            del self._of[before[0]][name]
        if now is not None:
            self._found[name] = now
            self._of.setdefault(now[0], {})[name] = now[1]
        return {one[0] for one in (before, now) if one is not None} if before != now else set()

    def _count(self) -> None:
        EVIDENCE_RECORDS.set(sum(not isinstance(one, Damaged) for _, one in self._found.values()))


def _kept(body: Body) -> Body:
    return {"metadata": body["metadata"]}


def _read(body: Body) -> tuple[str, Sighting] | None:
    meta = body["metadata"]
    strategy, text = (meta.get("labels") or {}).get(EVIDENCE_LABEL, ""), (body.get("data") or {}).get(EVIDENCE_KEY)
    if not strategy or text is None:
        return None
    try:
        record = open_record(text.encode())
    except BadInput as error:
        EVIDENCE_ERRORS.inc()
        logger().error("evidence_refused", origin=meta["name"], strategy=strategy, detail=str(error))
        return strategy, Damaged(f"ConfigMap {meta['name']}", str(error))
    logger().info("evidence_read", origin=meta["name"], strategy=strategy, record=record.sha256)
    return strategy, record
