"""Owned objects: written when they are not what they should be, left alone when they are.

Server-side apply of an unchanged object costs a call and changes nothing, so what we wrote last is remembered: what we asked for and
how the API server counted it. An event that shows another count is somebody's change (drift), and the object is written again. A resync
looks at all of them, so that what no event told is repaired, too.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import Api, Manifest
from memesnipe_operator.kinds import DEPLOYMENT, KIND_OF, Kind
from memesnipe_operator.metrics import DRIFT_REPAIRED
from memesnipe_operator.newest import Body, Key, Newest
from memesnipe_operator.resources.plan import NAME_PREFIX

log = logger()


class _Written(msgspec.Struct, frozen=True):
    asked: str
    """Digest of what we asked for."""
    count: str
    """What the API server counted after it; see `count_of`."""


class Children:
    """What was written for every Strategy of one namespace, and what was seen of it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._written: dict[Key, _Written] = {}
        self._seen = Newest()  # of a Deployment all of it, of the others their metadata: a thousand Secrets are not kept

    def observe(self, body: Manifest, *, deleted: bool) -> str:
        """Take in an event of an owned object; return the Strategy it belongs to, "" for nobody's and for old news.

        What was written stays known when the object goes: one that somebody deleted is drift, too.
        """
        key = (body["kind"], body["metadata"]["name"])
        news = self._seen.drop(key, body) if deleted else self._seen.put(key, _kept(body))
        return key[1].removeprefix(NAME_PREFIX) if news and key[1].startswith(NAME_PREFIX) else ""

    def seen(self, kind: str, name: str) -> Body | None:
        """Return an object as the newest event or answer showed it."""
        return self._seen.get((kind, name))

    async def ensure(self, manifests: Iterable[Manifest]) -> None:
        """Write what differs, in the order given. Raises Unavailable, ApiError."""
        for manifest in manifests:
            key, asked = (manifest["kind"], manifest["metadata"]["name"]), _digest(manifest)
            if not self._is_in_place(key, asked):
                await self._write(key, asked, manifest)

    def _is_in_place(self, key: Key, asked: str) -> bool:
        written, seen = self._written.get(key), self._seen.get(key)
        if written is None or written.asked != asked:
            return False
        drifted = seen is None or count_of(seen) != written.count
        if drifted:
            DRIFT_REPAIRED.labels(key[0]).inc()
            log.warning("drift", kind=key[0], name=key[1])
        return not drifted

    async def _write(self, key: Key, asked: str, manifest: Manifest) -> None:
        failpoint("operator.before_child")
        answer = await self._api.apply(manifest)
        self.observe(answer, deleted=False)
        self._written[key] = _Written(asked, count_of(answer))

    async def remove(self, kind: str, namespace: str, name: str) -> None:
        """Delete one object. Raises Unavailable, ApiError."""
        await self._api.delete(KIND_OF[kind], namespace, name)
        self._seen.drop((kind, name))
        self._written.pop((kind, name), None)

    def replace(self, kind: Kind, bodies: Iterable[Manifest], version: str) -> None:
        """Make what was seen of a kind be what a list shows: what a watch missed shows as drift at the next reconcile."""
        self._seen.replace(kind.kind, [_kept({"kind": kind.kind, **body}) for body in bodies], version)

    def forget(self, name: str) -> None:
        """Forget the objects of a Strategy that is gone."""
        for kind in KIND_OF:
            self._seen.forget((kind, name))
            self._written.pop((kind, name), None)


def _kept(body: Manifest) -> Manifest:
    return body if body["kind"] == DEPLOYMENT.kind else {"kind": body["kind"], "metadata": body["metadata"]}


def count_of(body: Body) -> str:
    """Return what changes whenever somebody changes what we wrote, and not when a controller writes a status.

    A Deployment's status changes all the time, so its generation counts, which moves with the spec, beside the metadata that is
    ours. The other kinds have no status, and their resourceVersion moves with any change.
    """
    meta: dict[str, Any] = body["metadata"]
    if body["kind"] != DEPLOYMENT.kind:
        return str(meta.get("resourceVersion", ""))
    ours = [meta.get("labels"), [(one.get("uid"), one.get("controller")) for one in meta.get("ownerReferences") or ()]]
    return f"{meta.get('generation')} {json.dumps(ours, sort_keys=True)}"


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
