"""What the operator keeps in the API server: halts, versions, publications. One ConfigMap, written at the version that was read.

Another operator that took over writes it, too; then our write is refused as a conflict, and this process ends rather than grant leases
by what is no longer true.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.control.kill_switch import Said
from memesnipe.control.promotions import Words
from memesnipe.kernel.errors import BadInput, Bug, Unavailable
from memesnipe.manifests.models import AS_STORED, AllocationSpec, RiskPolicySpec
from memesnipe.messages.promotion import PromotionStep
from memesnipe_operator.api import Api, ApiError, Manifest
from memesnipe_operator.kinds import CONFIG_MAP

NAME = "memesnipe-operator-state"
LIMITS = ("allocation", "policy")


class Usurped(Bug):
    """Another operator keeps the state: this one must end, whatever it was doing."""


class Kept(msgspec.Struct, frozen=True):
    """All of it."""

    halts: Halts = Halts()
    publication: str = "0"
    said: Said = Said()
    version: int = 0
    digest: str = ""
    """Of the configuration that has this version."""
    ever: tuple[str, ...] = ()
    """Every Strategy that ever was and may still hold something; one that was closed and deleted is taken out."""
    limits: dict[str, dict[str, Any]] = {}
    """The specs of the Allocation and the RiskPolicy that were in force last: exits go on by them when one of the two is gone."""
    demoted: dict[str, PromotionStep] = {}
    """Demotions in force: a Redis that lost everything must not give back what was taken."""


_decoder = msgspec.json.Decoder(Kept)


class Memory:
    """`control.desk.Memory` on one ConfigMap."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self._namespace = api, namespace
        self._version = ""
        self._writing = asyncio.Lock()
        self._tried: list[Kept] = []
        """What was sent since the last answer, without one."""
        self.kept = Kept()

    async def open(self) -> None:
        """Read it. Raises Unavailable, ApiError, BadInput for one that nobody can read."""
        found = await self._api.get(CONFIG_MAP, self._namespace, NAME)
        if found is not None:
            self._version = found["metadata"]["resourceVersion"]
            self.kept = _decoded(found)

    async def keep(self, **changes: object) -> None:
        """Replace a part of it. Raises Unavailable, ApiError; Bug when another operator wrote meanwhile."""
        async with self._writing:
            await self._keep(msgspec.structs.replace(self.kept, **changes))

    async def keep_config(self, version: int, digest: str, strategies: Iterable[str]) -> None:
        """Keep the version of a configuration, and every Strategy that is in it. Raises as `keep`."""
        async with self._writing:
            ever = tuple(sorted({*self.kept.ever, *strategies}))
            await self._keep(msgspec.structs.replace(self.kept, version=version, digest=digest, ever=ever))

    async def keep_limits(self, allocation: AllocationSpec, policy: RiskPolicySpec) -> None:
        """Keep the limits that are in force; a kill switch is no limit, and what it said is kept apart. Raises as `keep`."""
        dumped = {
            name: spec.model_dump(mode="json", by_alias=True, exclude_none=True)
            for name, spec in zip(LIMITS, (allocation, policy), strict=True)
        }
        dumped["policy"].pop("killSwitch", None)
        async with self._writing:
            await self._keep(msgspec.structs.replace(self.kept, limits=dumped))

    def limits(self) -> tuple[AllocationSpec, RiskPolicySpec] | None:
        """Return the limits that were in force last; None where there never were any."""
        if not self.kept.limits:
            return None
        allocation, policy = (self.kept.limits[name] for name in LIMITS)
        return AllocationSpec.model_validate(allocation, context=AS_STORED), RiskPolicySpec.model_validate(policy, context=AS_STORED)

    async def forget(self, strategy: str) -> None:
        """Take out a Strategy that holds nothing and is gone. Raises as `keep`."""
        async with self._writing:
            await self._keep(msgspec.structs.replace(self.kept, ever=tuple(one for one in self.kept.ever if one != strategy)))

    async def _keep(self, kept: Kept) -> None:
        if kept == self.kept:
            return
        try:
            answer = await self._api.replace(CONFIG_MAP, self._manifest(kept))
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            answer = await self._ours(kept)
        except Unavailable:
            self._tried.append(kept)  # it may have been written, or may be yet
            raise
        self._version, self.kept = answer["metadata"]["resourceVersion"], kept
        self._tried.clear()

    async def _ours(self, kept: Kept) -> Manifest:
        """A write whose answer was lost is found here by a later attempt; one that was deleted is made anew, for we hold all of it.

        Raises Bug where somebody else wrote.
        """
        found = await self._api.get(CONFIG_MAP, self._namespace, NAME)
        there = _decoded(found) if found is not None else None
        if there not in (None, kept, *self._tried):
            raise Usurped("another operator keeps the state: this one must not go on")
        if found is not None and there == kept:
            return found
        self._version = found["metadata"]["resourceVersion"] if found is not None else ""
        return await self._api.replace(CONFIG_MAP, self._manifest(kept))

    def _manifest(self, kept: Kept) -> Manifest:
        labels = {"app.kubernetes.io/name": "memesnipe", "app.kubernetes.io/component": "operator"}
        meta = {"name": NAME, "namespace": self._namespace, "labels": labels}
        if self._version:
            meta["resourceVersion"] = self._version
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"kept": msgspec.json.encode(kept).decode()}}

    async def halts(self) -> Halts:
        """Return the halts that were kept last."""
        return self.kept.halts

    async def keep_halts(self, halts: Halts) -> None:
        """Replace them."""
        await self.keep(halts=halts)

    async def publication(self) -> str:
        """Return the entry id of the newest configuration that was published."""
        return self.kept.publication

    async def keep_publication(self, entry_id: str) -> None:
        """Replace it."""
        await self.keep(publication=entry_id)

    async def said(self) -> Said:
        """Return what the RiskPolicy's kill switch said last."""
        return self.kept.said

    async def keep_said(self, said: Said) -> None:
        """Replace it."""
        await self.keep(said=said)

    async def demoted(self) -> Words:
        """Return the demotions that were in force last."""
        return self.kept.demoted

    async def keep_demoted(self, words: Words) -> None:
        """Replace them."""
        await self.keep(demoted=dict(words))


def _decoded(found: Manifest) -> Kept:
    try:
        return _decoder.decode(found.get("data", {}).get("kept", "{}"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"ConfigMap {NAME}: kept", str(error)) from None
