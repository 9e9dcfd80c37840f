"""Every event of our own kinds that the operator hears, on one screen. Handlers only mark: what they raise nobody would try again."""

import random
from collections.abc import Iterator
from typing import Any

import kopf

from memesnipe_operator.kinds import ALLOCATION, RISK_POLICY, STRATEGY
from memesnipe_operator.operating import Operator

REGISTRY = kopf.OperatorRegistry()


class Pauses:
    """Seconds between attempts while the API server is away: without an end, and short, because the kill switch comes this way."""

    def __iter__(self) -> Iterator[float]:
        longest_s = 0.25
        while True:
            yield longest_s * (0.5 + random.random() / 2)  # noqa: S311 - spreads attempts out; decides nothing
            longest_s = min(2 * longest_s, 4.0)


@kopf.on.login(registry=REGISTRY)
def login(memo: Any, **context: Any) -> kopf.ConnectionInfo | None:
    """As the pod's service account, or as the operator's own client; asked again when a token is refused."""
    return kopf.login_with_service_account(**context) or operator_of(memo).login()


@kopf.on.event(STRATEGY.group, STRATEGY.version, STRATEGY.plural, registry=REGISTRY)
async def strategy(event: Any, memo: Any, **_: Any) -> None:
    """A Strategy."""
    operator_of(memo).on_ours(STRATEGY, event)


@kopf.on.event(ALLOCATION.group, ALLOCATION.version, ALLOCATION.plural, registry=REGISTRY)
async def allocation(event: Any, memo: Any, **_: Any) -> None:
    """The Allocation."""
    operator_of(memo).on_ours(ALLOCATION, event)


@kopf.on.event(RISK_POLICY.group, RISK_POLICY.version, RISK_POLICY.plural, registry=REGISTRY)
async def risk_policy(event: Any, memo: Any, **_: Any) -> None:
    """The RiskPolicy, with the kill switch in it."""
    operator_of(memo).on_ours(RISK_POLICY, event)


def operator_of(memo: Any) -> Operator:
    """Return the operator that runs in this process."""
    operator: Operator = memo
    return operator


def settings(watch_idle_s: float) -> kopf.OperatorSettings:
    """Return how kopf watches: nothing of its own is written to any object."""
    made = kopf.OperatorSettings()
    made.posting.enabled = False
    made.scanning.disabled = True  # no look at CRDs and namespaces: those rights would be cluster-wide
    made.peering.standalone = True  # who leads is decided by a Lease
    made.watching.chunk_size = 500
    made.watching.inactivity_timeout = watch_idle_s
    made.networking.request_timeout = 20
    made.networking.error_backoffs = Pauses()
    made.queueing.exit_timeout = 1.0
    return made
