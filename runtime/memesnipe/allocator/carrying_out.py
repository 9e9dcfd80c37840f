"""Carries proposals out in a cluster: writes `spec.mode` of a Strategy as anyone else does who holds the verb `golive`.

Only where nobody wrote a mode: an absent one is left to proposals, a written `paper` is a person's word and stays. A demoted Strategy
loses its `live` again, so that the next proposal is asked for anew. Admission decides, as it does for people; nothing else is written.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from memesnipe.allocator import metrics
from memesnipe.allocator.promoting import Standings
from memesnipe.allocator.settings import AllocatorSettings
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import logger
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.promotion import HELD, PromotionStage

if TYPE_CHECKING:
    import httpx

PATH = "/apis/memesnipe.io/v1alpha1/namespaces/{namespace}/strategies/{name}"
MERGE = {"Content-Type": "application/merge-patch+json"}
TOKEN, TOKEN_BYTES_MAX = re.compile(rb"[A-Za-z0-9._~+/=-]+"), 16_384
ANSWER_S_MAX = 5.0
AGAIN_NS = 10 * NS_PER_S
"""A mode that was looked at is left alone for so long: the operator's answer to it takes a moment."""


class _Meta(msgspec.Struct):
    resource_version: str = msgspec.field(name="resourceVersion")


class _Spec(msgspec.Struct):
    mode: Mode | None = None


class _Strategy(msgspec.Struct):
    """As much of a Strategy as is needed."""

    metadata: _Meta
    spec: _Spec


_strategy = msgspec.json.Decoder(_Strategy)


def wanted(standings: Standings, config: ConfigApplied) -> dict[str, Mode | None]:
    """Return the mode that each Strategy's manifest ought to have, where it may not have it: live, or none (which is paper). Pure."""
    found: dict[str, Mode | None] = {}
    for one in config.strategies:
        standing = standings.get(one.id)
        if standing is not None and standing.stage is PromotionStage.PROPOSED and not one.asked:
            found[one.id] = Mode.LIVE
        elif standing is not None and standing.stage in HELD and one.asked:
            found[one.id] = None
    return found


class CarryingOut:
    """Writes beside the allocator's loop: an API server that is away must hold up no word and no capital."""

    def __init__(self, settings: AllocatorSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._next_ns: dict[str, int] = {}
        self._writing: asyncio.Task[None] | None = None

    def start(self, wishes: Mapping[str, Mode | None]) -> None:
        """Begin to write what is due, unless that is still being done."""
        now_ns = self._clock.now_ns()
        due = {name: mode for name, mode in wishes.items() if now_ns >= self._next_ns.get(name, 0)}
        if due and self._settings.promote_in_namespace and (self._writing is None or self._writing.done()):
            self._next_ns |= dict.fromkeys(due, now_ns + AGAIN_NS)
            self._writing = asyncio.create_task(self.write(due))

    async def write(self, wishes: Mapping[str, Mode | None]) -> None:
        """Write these modes. What fails is counted, logged and tried again later."""
        import httpx

        try:
            async with self._client() as client:
                for name, mode in wishes.items():
                    _count(name, mode, await self._write(client, name, mode))
        except (httpx.HTTPError, ConfigError, OSError, msgspec.MsgspecError) as error:
            metrics.MODES_WRITTEN.labels("failed").inc()
            logger().error("mode_not_written", detail=f"{type(error).__name__}: {error}"[:512])

    def _client(self) -> "httpx.AsyncClient":
        """The token is read anew each time: the kubelet renews it. Raises ConfigError, OSError."""
        import ssl

        import httpx

        folder = Path(self._settings.account_folder)
        headers = {"Authorization": f"Bearer {_token(folder / 'token')}"}
        authority = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        return httpx.AsyncClient(
            base_url=self._settings.kubernetes_url, headers=headers, verify=authority, timeout=ANSWER_S_MAX, trust_env=False
        )

    async def _write(self, client: "httpx.AsyncClient", name: str, mode: Mode | None) -> str:
        """Return what became of it. The patch names the version that was looked at, so that a person's edit in between wins."""
        path = PATH.format(namespace=self._settings.promote_in_namespace, name=name)
        found = await client.get(path)
        if found.status_code != 200:
            return f"HTTP {found.status_code}"
        strategy = _strategy.decode(found.content)
        if strategy.spec.mode is not (None if mode is Mode.LIVE else Mode.LIVE):
            return "left"
        body: dict[str, Any] = {"metadata": {"resourceVersion": strategy.metadata.resource_version}, "spec": {"mode": mode}}
        done = await client.patch(path, content=msgspec.json.encode(body), headers=MERGE)
        return "written" if done.status_code == 200 else f"HTTP {done.status_code}"


def _token(path: Path) -> str:
    """Return a service account's token, whose file the kubelet guards. Raises ConfigError naming the file, never its content; OSError."""
    text = path.read_bytes()[:TOKEN_BYTES_MAX].strip()
    if not TOKEN.fullmatch(text):
        raise ConfigError(f"{path}: is no token")  # an HTTP client would quote it in its complaint
    return text.decode("ascii")


def _count(name: str, mode: Mode | None, outcome: str) -> None:
    """A mode that a person wrote is left: that is no failure."""
    metrics.MODES_WRITTEN.labels(outcome if outcome in ("written", "left") else "refused").inc()
    say = logger().info if outcome == "left" else logger().warning
    say("mode_written", strategy=name, mode=mode.value if mode else None, outcome=outcome)
