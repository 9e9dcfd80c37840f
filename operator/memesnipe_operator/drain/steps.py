"""What the drain does, in its order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from memesnipe.kernel.errors import MemeSnipeError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.manifests.models import GROUP
from memesnipe_operator.api import Api, ApiError, Manifest
from memesnipe_operator.drain.held import refuse_while_held
from memesnipe_operator.drain.settings import DrainSettings
from memesnipe_operator.kinds import DEPLOYMENT, FINALIZER, OWNED, POD_MONITOR, STRATEGY, Kind
from memesnipe_operator.resources.plan import SELECTOR

OPERATOR = "memesnipe-operator"
EXECUTORS = "app.kubernetes.io/component=executor"
NOTE = f"{GROUP}/replicas-before-drain"
POD = Kind("Pod", "pods", "", "v1")
POLL_S = 0.5
TRIES = 5


async def drain(api: Api, settings: DrainSettings) -> None:
    """Make the installation ready to be taken away, or leave it as it was. Raises StillHeld, Unavailable, ApiError.

    An uninstall that does not happen must leave the operator at work: without it the leases end, and after them the exits.
    """
    try:
        await refuse_while_held(settings)
        await _stop(api, settings)
        await refuse_while_held(settings, settings.settle_s)
        for kind in (*OWNED, POD_MONITOR):  # with the pods gone nobody is without a NetworkPolicy for an instant
            await _delete(api, settings, kind)
        await take_finalizers_off(api, settings)
    except (MemeSnipeError, asyncio.CancelledError):  # cancelled: the job's time is up, and it was asked to end
        with contextlib.suppress(MemeSnipeError):  # what went wrong first is what is told
            await start_operator(api, settings)
        raise


async def stop_operator(api: Api, settings: DrainSettings) -> None:
    """Scale the operator to 0, and note on it how many pods it had, for a run after this one. Raises Unavailable, ApiError."""
    await _scale(api, settings, lambda had, noted: (0, noted or str(had)))


async def start_operator(api: Api, settings: DrainSettings) -> None:
    """Give the operator back the pods that a drain, this one or one before, took from it. Raises Unavailable, ApiError."""
    await _scale(api, settings, lambda had, noted: (int(noted) if noted.isdigit() else had, ""))


async def take_finalizers_off(api: Api, settings: DrainSettings) -> None:
    """Take ours, and nobody else's, off every Strategy. Raises Unavailable, ApiError."""
    for _ in range(TRIES):
        ours = [one for one in await _listed(api, settings, STRATEGY) if FINALIZER in one["metadata"].get("finalizers", [])]
        if not ours:
            return
        for each in ours:
            await _take_off(api, each["metadata"])
    raise Unavailable("API server", f"Strategies in {settings.strategies_namespace} get the finalizer {FINALIZER} again and again")


async def _until(settings: DrainSettings, gone: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline_s = asyncio.get_running_loop().time() + settings.gone_s
    while not await gone():
        if asyncio.get_running_loop().time() >= deadline_s:
            raise Unavailable("API server", f"{what} did not go within {settings.gone_s:.0f} s")
        await asyncio.sleep(POLL_S)


async def _operator_is_gone(api: Api, settings: DrainSettings) -> bool:
    """By the Deployment's own labels; a Job's pod, which may have the same, and one that ended do not count."""
    deployment = await api.get(DEPLOYMENT, settings.namespace, OPERATOR)
    if deployment is None:
        return True
    labels = deployment["spec"]["selector"]["matchLabels"]
    pods = await api.list(POD, settings.namespace, ",".join(f"{name}={value}" for name, value in labels.items()))
    return not any(
        _runs(pod) and any(owner["kind"] == "ReplicaSet" for owner in pod["metadata"].get("ownerReferences", [])) for pod in pods
    )


async def _executors_are_gone(api: Api, settings: DrainSettings) -> bool:
    return not any(_runs(pod) for pod in await api.list(POD, settings.strategies_namespace, EXECUTORS))


def _runs(pod: Manifest) -> bool:
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


async def _stop(api: Api, settings: DrainSettings) -> None:
    """Stop the operator, then the executors, which it would bring back."""
    await stop_operator(api, settings)
    await _until(settings, lambda: _operator_is_gone(api, settings), f"the pods of {OPERATOR} in {settings.namespace}")
    await _delete(api, settings, DEPLOYMENT)
    await _until(settings, lambda: _executors_are_gone(api, settings), f"the strategies' pods in {settings.strategies_namespace}")


async def _scale(api: Api, settings: DrainSettings, change: Callable[[int, str], tuple[int, str]]) -> None:
    """Change the operator's number of pods and the note beside it, if it is there."""
    for _ in range(TRIES):
        deployment = await api.get(DEPLOYMENT, settings.namespace, OPERATOR)
        if deployment is None:
            return
        has = (int(deployment["spec"].get("replicas", 1)), (deployment["metadata"].get("annotations") or {}).get(NOTE, ""))
        wanted = change(*has)
        if has == wanted or await _replaced(api, deployment, *wanted):
            return
    raise Unavailable("API server", f"Deployment {settings.namespace}/{OPERATOR} is changed by somebody else all the time")


async def _replaced(api: Api, deployment: Manifest, replicas: int, note: str) -> bool:
    others = {name: text for name, text in (deployment["metadata"].get("annotations") or {}).items() if name != NOTE}
    meta = deployment["metadata"] | {"annotations": others | ({NOTE: note} if note else {})}
    try:
        await api.replace(DEPLOYMENT, deployment | {"metadata": meta, "spec": deployment["spec"] | {"replicas": replicas}})
    except ApiError as error:
        if error.status != 409:
            raise
        return False
    logger().info("scaled", deployment=OPERATOR, replicas=replicas)
    return True


async def _take_off(api: Api, meta: Manifest) -> None:
    rest = [one for one in meta["finalizers"] if one != FINALIZER]
    try:
        await api.set_finalizers(STRATEGY, meta["namespace"], meta["name"], rest, meta["resourceVersion"])
    except ApiError as error:
        if error.status not in (404, 409):  # gone, or changed meanwhile: the next look says which
            raise


async def _delete(api: Api, settings: DrainSettings, kind: Kind) -> None:
    for each in await _listed(api, settings, kind, SELECTOR):
        await api.delete(kind, settings.strategies_namespace, each["metadata"]["name"])
        logger().info("deleted", object=f"{kind.kind} {settings.strategies_namespace}/{each['metadata']['name']}")


async def _listed(api: Api, settings: DrainSettings, kind: Kind, labels: str = "") -> list[Manifest]:
    """Return a kind's objects; none of a kind that the API server does not know."""
    try:
        return await api.list(kind, settings.strategies_namespace, labels)
    except ApiError as error:
        if error.status == 404:
            return []
        raise
