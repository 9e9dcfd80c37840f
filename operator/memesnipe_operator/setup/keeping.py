"""Reads and writes the objects of setup. No text of the API server's about a Secret gets into an error: it could quote the Secret."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import ApiError
from memesnipe_operator.kinds import Kind
from memesnipe_operator.setup.objects import Data, Manifest, Place, SecretType, Stored, manifest

T = TypeVar("T")
TRIES = 6
PAUSE_S_MAX = 10.0


class Objects(Protocol):
    """Where objects are kept: the API server in a cluster, a folder on one host. ApiError's statuses mean what HTTP has them mean."""

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """Return an object, None where there is none. Raises Unavailable, ApiError."""
        ...

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Create an object. Raises Unavailable, ApiError."""
        ...

    async def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Write an object whole. Raises Unavailable, ApiError."""
        ...


class Keeping:
    """Objects that are made when missing. What is secret is never overwritten; what is derived follows what it is derived from."""

    def __init__(self, api: Objects) -> None:
        self._api = api

    async def found(self, place: Place) -> Stored | None:
        """Return an object, None where there is none. Raises ConfigError, Unavailable."""
        body = await _patiently(place, "get", lambda: self._api.get(place.kind, place.namespace, place.name))
        return None if body is None else Stored(place, body)

    async def kept(self, place: Place, make: Callable[[], Data], *, needs: tuple[str, ...], for_ever: bool = False) -> Stored:
        """Return the object as it is, made by `make` when missing. Raises ConfigError when it lacks a key that it `needs`, Unavailable."""
        stored = await self.found(place) or await self.made(place, make(), for_ever=for_ever)
        return stored.require(*needs)

    async def made(self, place: Place, data: Data, *, type_: SecretType = "Opaque", for_ever: bool = False) -> Stored:
        """Create an object; return what is there, which is somebody else's when they were faster. Raises ConfigError, Unavailable."""
        body = manifest(place, data, type_=type_, for_ever=for_ever)
        try:
            created = await _patiently(place, "create", lambda: self._api.create(place.kind, body))
        except _Taken:
            there = await self.found(place)
            if there is None:
                raise Unavailable("API server", f"{place} was there and is gone") from None
            return there
        logger().info("made", object=str(place))
        return Stored(place, created)

    async def derived(self, place: Place, data: Data) -> Stored:
        """Return the object with these keys as given: made, or brought up to date. Raises ConfigError for another's that differs."""
        stored = await self.found(place) or await self.made(place, data)
        return stored if _has(stored, data) else await self.changed(stored, data)

    async def changed(self, stored: Stored, data: Data) -> Stored:
        """Replace some keys of an object of ours. Raises ConfigError for another's, Unavailable when it changed meanwhile."""
        place = stored.place
        if not stored.is_ours:
            raise ConfigError(f"{place}: {', '.join(sorted(data))} must differ, but somebody else made it: change it, or delete it")
        body = stored.with_data(data)
        try:
            replaced = await _patiently(place, "update", lambda: self._api.replace(place.kind, body))
        except _Taken:
            raise Unavailable("API server", f"{place} was changed by somebody else at the same time") from None
        logger().info("brought_up_to_date", object=str(place), keys=sorted(data))
        return Stored(place, replaced)


def _has(stored: Stored, data: Data) -> bool:
    return all(stored.data.get(key) == raw for key, raw in data.items())


class _Taken(Exception):  # noqa: N818 - an answer, not an error
    """The name is taken, or the version is no longer the one that was read."""


async def _patiently(place: Place, verb: str, call: Callable[[], Awaitable[T]]) -> T:
    """Return what a call gives, asked again while the server does not answer: all of ours may be repeated."""
    for attempt in range(1, TRIES):
        try:
            return await _once(place, verb, call)
        except Unavailable as error:
            await asyncio.sleep(min(error.retry_after_s * attempt, PAUSE_S_MAX))
    return await _once(place, verb, call)


async def _once(place: Place, verb: str, call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except ApiError as error:
        raise _refused(place, verb, error) from None


def _refused(place: Place, verb: str, error: ApiError) -> Exception:
    if error.status == 409:
        return _Taken()
    if error.status == 403:
        return ConfigError(f"{place}: the account of setup may not {verb} it (HTTP 403): its Role lacks that verb, or a policy forbids it")
    if error.status == 404:
        return ConfigError(f"{place}: there is no namespace {place.namespace}: create it first, or let the chart create it")
    return ConfigError(f"{place}: {verb}: HTTP {error.status} {error.reason}")
