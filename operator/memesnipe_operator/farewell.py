"""The end of a Strategy: its pod first, then its positions, then what is left of it. Nothing it holds is ever stranded.

While the finalizer is on, the Strategy is there and says what it waits for. Its executor goes at once, so there is no new risk; exits stay
possible, because the configuration keeps an exit lease for a strategy that is gone. With `onDelete: Close` each position is asked to be
closed, as by hand; with `Refuse` they wait for their own stops and goals, or for a person. Only a Strategy that was seen flat for a
while goes. What nobody can tell (Redis or position_manager do not answer) counts as held.
"""

import msgspec

from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.bus.trim import Trimmer
from memesnipe.control.gates import Condition
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.ids import derive
from memesnipe.kernel.logs import logger
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import CloseRequest
from memesnipe_operator.api import Api, ApiError
from memesnipe_operator.children import Children
from memesnipe_operator.conditions import stated, verdict
from memesnipe_operator.events import NORMAL, Recorder
from memesnipe_operator.installation import Installation
from memesnipe_operator.kinds import DEPLOYMENT, FINALIZER, STRATEGY
from memesnipe_operator.resources.plan import NAME_PREFIX
from memesnipe_operator.settings import OperatorSettings
from memesnipe_operator.users import Users
from memesnipe_operator.views import View
from memesnipe_operator.world import World

AGAIN_S = 2.0
ASKED_AGAIN_NS = 600 * NS_PER_S
BY = "riskpolicy:onDelete"
Held = tuple[tuple[Mode, str, int], ...]


class Hands(msgspec.Struct, frozen=True):
    """What a farewell works with."""

    settings: OperatorSettings
    api: Api
    bus: Bus
    trimmer: Trimmer
    clock: Clock
    world: World
    children: Children
    users: Users
    recorder: Recorder
    installation: Installation


class Farewell:
    """Takes leave of Strategies that are being deleted."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._flat_since_ns: dict[str, int] = {}

    async def reconcile(self, view: View) -> float | None:
        """Take one Strategy a step further out. Returns when to come again; None when it is gone. Raises Unavailable, ApiError."""
        if FINALIZER not in view.finalizers:
            return None
        hands, name = self._hands, f"{NAME_PREFIX}{view.name}"
        await self._stop_the_pod(view, name)
        hands.installation.mark()  # it is no longer among the strategies that may take risk
        held = hands.world.standing.held.get(view.name, ()) if hands.world.standing else None
        if held is None or held:
            self._flat_since_ns.pop(view.name, None)
            await self._wait_for(view, held)
            return AGAIN_S
        since_ns = self._flat_since_ns.setdefault(view.name, hands.clock.now_ns())
        if not (hands.clock.now_ns() - since_ns >= self._settle_s() * NS_PER_S):
            await self._say(view, "Settling", "it holds nothing; waiting whether an order was still on its way")
            return AGAIN_S
        return await self._let_go(view)

    async def clear(self, name: str) -> None:
        """Remove the streams of a Strategy that is gone and of which nothing was ever approved. Raises Unavailable."""
        await self._hands.trimmer.remove(name)

    def _settle_s(self) -> float:
        """An order that was signed may land until its blockhash ends, a minute later; on paper there is none."""
        settings = self._hands.settings
        return settings.settle_s if settings.paper_trading_mode else settings.live_settle_s

    async def _stop_the_pod(self, view: View, name: str) -> None:
        """No new risk. Where the namespace itself is being deleted our right may be gone already; then the pod goes with the namespace."""
        try:
            await self._hands.children.remove(DEPLOYMENT.kind, view.namespace, name)
        except ApiError as error:
            if error.status != 403:
                raise
            logger().warning("pod_left_to_its_namespace", strategy=view.name, detail=str(error))

    async def _wait_for(self, view: View, held: Held | None) -> None:
        if held is None:
            await self._say(view, "Unknown", "position_manager has not said what is held; it is asked again")
            return
        policy = self._hands.world.policy()
        if policy is not None and policy.spec.on_delete == "Refuse":
            message = f"it holds {len(held)} positions and onDelete is Refuse: their stops go on; close them with `memesnipe close`"
            await self._say(view, "PositionsOpen", message)
            return
        for _, mint, _ in held:
            await self._ask_to_close(view, mint)
        await self._say(view, "Closing", f"closing {len(held)} positions; protective exits work unless the wallet is Frozen")

    async def _ask_to_close(self, view: View, mint: str) -> None:
        """One request in ten minutes: position_manager remembers it until the position is closed; one that was lost comes again."""
        now_ns = self._hands.clock.now_ns()
        request_id = derive("on-delete", view.uid, mint, now_ns // ASKED_AGAIN_NS)
        request = CloseRequest(request_id, view.name, mint, BY, now_ns)
        await self._hands.bus.publish(topology.CLOSE_REQUESTS.name, request, request_id)

    async def _let_go(self, view: View) -> float | None:
        """Its user, its streams, its exit lease, then the finalizer: killed in between, all of it is done again."""
        hands = self._hands
        await hands.users.withdraw(view.name)
        if not await hands.trimmer.remove(view.name):
            await self._say(view, "Draining", "waiting until every service has read its streams")
            return AGAIN_S
        await hands.installation.forget(view.name)
        await hands.recorder.tell(STRATEGY, view.name, view.uid, NORMAL, "Gone", "it held nothing and is gone")
        await self._take_finalizer_off(view)
        self._flat_since_ns.pop(view.name, None)
        return None

    async def _take_finalizer_off(self, view: View) -> None:
        failpoint("operator.before_finalizer_off")
        body = self._hands.world.body(STRATEGY, view.name)
        if body is None:
            return
        meta = body["metadata"]
        rest, version = [one for one in meta.get("finalizers") or () if one != FINALIZER], meta["resourceVersion"]
        try:
            await self._hands.api.set_finalizers(STRATEGY, view.namespace, view.name, rest, version)
        except ApiError as error:
            if error.status != 404:
                raise

    async def _say(self, view: View, reason: str, message: str) -> None:
        condition = stated(
            [Condition("Trading", verdict(False), reason, message)], view.status, view.generation, self._hands.clock.now_ns()
        )
        others = [one for one in view.status.get("conditions") or () if one["type"] != "Trading"]
        held = self._hands.world.standing.held.get(view.name, ()) if self._hands.world.standing else None
        counted = {} if held is None else {"openPositions": len(held)}
        wanted = {**view.status, **counted, "trading": "No", "why": message[:256], "conditions": [*others, *condition]}
        if wanted != dict(view.status):
            self._hands.world.answered(STRATEGY, await self._hands.api.set_status(STRATEGY, view.namespace, view.name, wanted, view.uid))
