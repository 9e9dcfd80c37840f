"""One operator leads, the others wait: a Lease decides. Losing it ends the process at once, so that two never grant leases.

The client's own leader election (37.0.2) cannot create its Lease (its call is refused by its own validation) and gives up when a
connection breaks, so this is written here: each write goes at the version that was read, so of two that try, one is refused. Another's
lease counts from when WE saw it renewed, by our own monotonic clock: clocks of two nodes need not agree.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import MemeSnipeError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import Api, ApiError, Manifest
from memesnipe_operator.kinds import LEASE
from memesnipe_operator.metrics import LEADING
from memesnipe_operator.settings import OperatorSettings

log = logger()
WAIT_S = 1.0
"""How often who waits looks whether the Lease is free, at least."""


class Election:
    """Our side of one Lease."""

    def __init__(self, api: Api, clock: Clock, settings: OperatorSettings) -> None:
        self._api, self._clock, self._settings = api, clock, settings
        self._seen: tuple[str, float] = ("", 0.0)
        """What another's lease said when we first saw it so, and when that was (monotonic)."""

    async def take(self) -> bool:
        """Take the Lease or renew it; return whether it is ours now. Raises Unavailable, ApiError but for a lost race."""
        found = await self._api.get(LEASE, self._settings.namespace, self._settings.lease_name)
        if found is not None and not self._may_take(found.get("spec") or {}):
            return False
        try:
            await self._api.replace(LEASE, self._lease(found, self._settings.identity))
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        return True

    async def release(self) -> None:
        """Let the next one in at once: a rollout must not cost a lease's life of halted trading."""
        try:
            found = await self._api.get(LEASE, self._settings.namespace, self._settings.lease_name)
            if found is not None and (found.get("spec") or {}).get("holderIdentity") == self._settings.identity:
                await self._api.replace(LEASE, self._lease(found, ""))
        except MemeSnipeError as error:
            log.warning("lease_not_released", detail=str(error))

    def _may_take(self, spec: dict[str, Any]) -> bool:
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self._settings.identity):
            return True
        mark, now_s = f"{holder} {spec.get('renewTime')}", time.monotonic()
        if mark != self._seen[0]:
            self._seen = (mark, now_s)
        return now_s - self._seen[1] > float(spec.get("leaseDurationSeconds") or self._settings.lease_s)

    def _lease(self, found: Manifest | None, holder: str) -> Manifest:
        now = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        meta: dict[str, Any] = {"name": self._settings.lease_name, "namespace": self._settings.namespace}
        before = (found or {}).get("spec") or {}
        if found is not None:
            meta["resourceVersion"] = found["metadata"]["resourceVersion"]
        changes = int(before.get("leaseTransitions") or 0) + (before.get("holderIdentity") != holder)
        spec = {"leaseDurationSeconds": self._settings.lease_s, "renewTime": now, "leaseTransitions": changes}
        acquired = before.get("acquireTime") if before.get("holderIdentity") == holder else now
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": meta,
            "spec": spec | {"acquireTime": acquired or now} | ({"holderIdentity": holder} if holder else {}),
        }


async def lead(election: Election, lease_s: float, stop: asyncio.Event, serve: Callable[[], Awaitable[None]]) -> None:
    """Wait for the Lease, then serve until that ends; return when asked to stop while waiting.

    Raises Unavailable when the Lease is lost, and what `serve` raises.
    """
    while not await _taken(election, lease_s):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(lease_s / 6, WAIT_S))
            return
    log.info("leading")
    LEADING.set(1)
    work, holding = asyncio.ensure_future(serve()), asyncio.create_task(_hold(election, lease_s))
    try:
        await asyncio.wait({work, holding}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise Unavailable("Lease", "it is lost: another operator may lead")
        work.result()
    finally:
        LEADING.set(0)
        work.cancel()
        holding.cancel()
    await election.release()


async def _hold(election: Election, lease_s: float) -> None:
    """Renew until it could have run out for others: we stop earlier than they may begin, however long a call hangs."""
    ours_until_s = time.monotonic() + lease_s * 2 / 3
    while time.monotonic() < ours_until_s:
        await asyncio.sleep(lease_s / 6)
        asked_s = time.monotonic()
        if await _taken(election, ours_until_s - asked_s):
            ours_until_s = asked_s + lease_s * 2 / 3


async def _taken(election: Election, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            return await election.take()
    except (MemeSnipeError, TimeoutError) as error:
        log.warning("lease_not_taken", detail=f"{type(error).__name__}: {error}")
        return False
