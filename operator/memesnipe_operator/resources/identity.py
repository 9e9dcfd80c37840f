"""Who a strategy's pod is: a service account without a token, its spec in a ConfigMap, its own Redis user in a Secret."""

import base64

import msgspec

from memesnipe.strategy.spec import StrategySpec
from memesnipe_operator.kinds import CONFIG_MAP, SECRET, SERVICE_ACCOUNT
from memesnipe_operator.resources.plan import Manifest, Plan

SPEC_FILE = "strategy.json"


def service_account(plan: Plan) -> Manifest:
    """A strategy is code that somebody wrote for profit: it gets no way to talk to the API server."""
    return plan.manifest(SERVICE_ACCOUNT, automountServiceAccountToken=False)


def config_map(plan: Plan) -> Manifest:
    """The spec as the executor reads it."""
    running = plan.running
    spec = StrategySpec(plan.view.name, running.plugin, running.spec_hash, running.parameters)
    return plan.manifest(CONFIG_MAP, data={SPEC_FILE: msgspec.json.encode(spec).decode()})


def secret(plan: Plan) -> Manifest:
    """The address of Redis with this strategy's own user in it."""
    redis = plan.template
    url = f"{redis.redis_scheme}://{plan.user}:{plan.password}@{redis.redis_address}/{redis.redis_database}"
    return plan.manifest(SECRET, type="Opaque", data={"url": base64.b64encode(url.encode()).decode()})
