"""Owned objects: written when they are not what they should be, left alone when they are.

Server-side apply of an unchanged object costs a call and changes nothing, so what we wrote last is remembered: what we asked for and
how the API server counted it. An event that shows another count is somebody's change (drift), and the object is written again. A resync
looks at all of them, so that what no event told is repaired, too. Of all kinds but the Deployment only the metadata is asked for: a
change shows there, and a thousand Secrets need not pass through this process.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import JSON, METADATA, METADATA_LIST, Api, Manifest
from memesnipe_operator.kinds import DEPLOYMENT, KIND_OF, Kind
from memesnipe_operator.metrics import DRIFT_REPAIRED
from memesnipe_operator.newest import Body, Key, Newest, version_of
from memesnipe_operator.resources.plan import NAME_PREFIX, SELECTOR

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
        self._writing: set[Key] = set()
        self._listed: dict[str, str] = {}
        """By kind: the resource version of its last list."""

    def observe(self, kind: Kind, body: Manifest, *, deleted: bool) -> str:
        """Take in an event of an owned object; return the Strategy it belongs to, "" for nobody's and for what is no news.

        What was written stays known when the object goes: one that somebody deleted is drift, too. Most events tell of our own
        writes: of one whose answer we have, or of one under way, which is compared with its answer when that comes.
        """
        key = (kind.kind, body["metadata"]["name"])
        known = version_of(self._seen.get(key))
        news = self._seen.drop(key, body) if deleted else self._seen.put(key, _kept(kind, body))
        ours = not deleted and (key in self._writing or 0 < known == version_of(body))
        return key[1].removeprefix(NAME_PREFIX) if news and not ours and key[1].startswith(NAME_PREFIX) else ""

    def seen(self, kind: str, name: str) -> Body | None:
        """Return an object as the newest event or answer showed it."""
        return self._seen.get((kind, name))

    async def ensure(self, manifests: Iterable[Manifest]) -> bool:
        """Write what differs, in the order given; return whether something moved meanwhile, which then wants another look.

        Raises Unavailable, ApiError.
        """
        moved = False
        for manifest in manifests:
            key, asked = (manifest["kind"], manifest["metadata"]["name"]), _digest(manifest)
            if not self._is_in_place(key, asked):
                moved |= await self._write(key, asked, manifest)
        return moved

    def _is_in_place(self, key: Key, asked: str) -> bool:
        written, seen = self._written.get(key), self._seen.get(key)
        if written is None or written.asked != asked:
            return False
        drifted = seen is None or count_of(key[0], seen) != written.count
        if drifted:
            DRIFT_REPAIRED.labels(key[0]).inc()
            log.warning("drift", kind=key[0], name=key[1])
        return not drifted

    async def _write(self, key: Key, asked: str, manifest: Manifest) -> bool:
        """Write an object; return whether somebody did something to it before we had the answer."""
        failpoint("operator.before_child")
        self._writing.add(key)
        try:
            answer = await self._api.apply(manifest)
        finally:
            self._writing.discard(key)
        self.observe(KIND_OF[key[0]], answer, deleted=False)
        self._written[key] = _Written(asked, count_of(key[0], answer))
        return version_of(self._seen.get(key)) != version_of(answer)

    async def remove(self, kind: str, namespace: str, name: str) -> None:
        """Delete one object. Raises Unavailable, ApiError."""
        await self._api.delete(KIND_OF[kind], namespace, name)
        self._seen.drop((kind, name))
        self._written.pop((kind, name), None)

    async def relist(self, kind: Kind, namespace: str) -> None:
        """Make what was seen of a kind be what a list shows: what a watch missed shows as drift at the next reconcile.

        Raises Unavailable, ApiError.
        """
        accept = JSON if kind == DEPLOYMENT else METADATA_LIST
        bodies, version = await self._api.snapshot(kind, namespace, SELECTOR, accept)
        self._seen.replace(kind.kind, [_kept(kind, body) for body in bodies], version)
        self._listed[kind.kind] = version

    def events(self, kind: Kind, namespace: str, version: str, idle_s: float) -> AsyncIterator[Manifest]:
        """Yield the events after `version`, or after the last list if it is empty; see `Api.events`."""
        accept = JSON if kind == DEPLOYMENT else METADATA
        return self._api.events(kind, namespace, SELECTOR, version or self._listed[kind.kind], idle_s, accept)

    def forget(self, name: str) -> None:
        """Forget the objects of a Strategy that is gone."""
        for kind in KIND_OF:
            self._seen.forget((kind, name))
            self._written.pop((kind, name), None)


def _kept(kind: Kind, body: Manifest) -> Manifest:
    return body if kind == DEPLOYMENT else {"metadata": body["metadata"]}


def count_of(kind: str, body: Body) -> str:
    """Return what changes whenever somebody changes what we wrote, and not when a controller writes a status.

    A Deployment's status changes all the time, so its generation counts, which moves with the spec, beside the metadata that is
    ours. The other kinds have no status, and their resourceVersion moves with any change.
    """
    meta: dict[str, Any] = body["metadata"]
    if kind != DEPLOYMENT.kind:
        return str(meta.get("resourceVersion", ""))
    ours = [meta.get("labels"), [(one.get("uid"), one.get("controller")) for one in meta.get("ownerReferences") or ()]]
    return f"{meta.get('generation')} {_in_order(ours).decode()}"


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(_in_order(manifest)).hexdigest()


_in_order = msgspec.json.Encoder(order="deterministic").encode
