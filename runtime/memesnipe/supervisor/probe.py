"""What is known of a child from outside: does it take work, and if not, why."""

import asyncio

import httpx
from prometheus_client.parser import text_string_to_metric_families

from memesnipe.kernel.errors import Unavailable
from memesnipe.supervisor.child import BAD_CONFIG, Child

WAITING = "memesnipe_guard_pending_orders"


async def readiness(child: Child, client: httpx.AsyncClient) -> tuple[bool, str]:
    """Return (ready, why not). A child without a health port is ready while it runs."""
    if child.state == BAD_CONFIG:
        return False, child.complaint()
    if child.state != "running":
        return False, child.state
    if not child.process.health_port:
        return True, ""
    try:
        answer = await client.get(f"http://127.0.0.1:{child.process.health_port}/readyz")
        why = answer.json().get("why", "")
    except (httpx.HTTPError, ValueError):
        return False, "starting"
    return answer.status_code == 200, str(why)


async def all_ready(children: list[Child], client: httpx.AsyncClient) -> dict[str, tuple[bool, str]]:
    """Return every child's readiness by name."""
    answers = await asyncio.gather(*(readiness(child, client) for child in children))
    return {child.process.name: answer for child, answer in zip(children, answers, strict=True)}


async def paper_orders_waiting(guard: Child) -> int:
    """Return how many paper orders wallet_guard holds without an outcome, as its metrics say. Raises Unavailable."""
    async with httpx.AsyncClient(timeout=2.0) as client:
        try:
            text = (await client.get(f"http://127.0.0.1:{guard.process.health_port}/metrics")).text
        except httpx.HTTPError as error:
            raise Unavailable("wallet_guard", f"does not show its metrics: {error}") from None
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return sum(int(sample.value) for sample in samples if sample.name == WAITING and sample.labels.get("mode") == "paper")
