"""Kubernetes events: what happened to a Strategy, for `kubectl describe`. Told best-effort: nothing waits for one, nothing fails by one."""

import hashlib

from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import Api, Manifest
from memesnipe_operator.conditions import time_text
from memesnipe_operator.kinds import EVENT, Kind

COMPONENT = "memesnipe-operator"
NORMAL, WARNING = "Normal", "Warning"


class Recorder:
    """Writes events of one namespace."""

    def __init__(self, api: Api, clock: Clock, namespace: str, identity: str) -> None:
        self._api, self._clock, self._namespace, self._identity = api, clock, namespace, identity

    async def tell(self, kind: Kind, name: str, uid: str, type_: str, reason: str, message: str) -> None:
        """Write one event; a failure is logged."""
        log = logger()
        log.info("event", kind=kind.kind, name=name, reason=reason, detail=message)
        try:
            await self._api.create(EVENT, self._manifest(kind, name, uid, type_, reason, message))
        except MemeSnipeError as error:
            log.warning("event_lost", reason=reason, detail=str(error))

    def _manifest(self, kind: Kind, name: str, uid: str, type_: str, reason: str, message: str) -> Manifest:
        now_ns = self._clock.now_ns()
        time = time_text(now_ns)
        mark = hashlib.sha256(f"{uid} {reason} {message} {now_ns}".encode()).hexdigest()[:16]
        about = {"apiVersion": kind.api_version, "kind": kind.kind, "name": name, "namespace": self._namespace, "uid": uid}
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name[:200]}.{mark}", "namespace": self._namespace},
            "involvedObject": about,
            "type": type_,
            "reason": reason,
            "message": message[:1_024],
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._identity,
        }
