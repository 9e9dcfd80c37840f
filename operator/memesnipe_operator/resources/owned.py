"""All that one Strategy becomes, in the order in which it is written."""

from memesnipe_operator.resources.deployment import deployment
from memesnipe_operator.resources.identity import config_map, secret, service_account
from memesnipe_operator.resources.network_policy import network_policy
from memesnipe_operator.resources.plan import Manifest, Plan
from memesnipe_operator.resources.pod_monitor import pod_monitor


def owned(plan: Plan, *, progress_s: int, monitored: bool) -> list[Manifest]:
    """Return the objects; the pod last, when all that it needs is there and its network is closed."""
    monitors = [pod_monitor(plan)] if monitored else []
    return [service_account(plan), config_map(plan), secret(plan), network_policy(plan), *monitors, deployment(plan, progress_s)]
