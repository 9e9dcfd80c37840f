"""What is known of a child from outside: does it take work, and if not, why."""

import asyncio

import httpx

from memesnipe.supervisor.child import Child


async def readiness(child: Child, client: httpx.AsyncClient) -> tuple[bool, str]:
    """Return (ready, why not). A child without a health port is ready while it runs."""
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
