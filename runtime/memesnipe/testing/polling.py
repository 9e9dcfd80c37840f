"""Waiting in tests for what another process or task does: ask until it is so, within a bound that a busy machine keeps."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T | None]], timeout_s: float = 120.0, every_s: float = 0.02, *, what: str = "") -> T:
    """Return the condition's first true value. Raises TimeoutError, which says `what` did not come."""
    try:
        async with asyncio.timeout(timeout_s):
            while not (value := await condition()):  # noqa: ASYNC110 - what is waited for sets no event of ours
                await asyncio.sleep(every_s)
    except TimeoutError as error:
        raise TimeoutError(f"not within {timeout_s} s: {what or condition}") from error
    return value


async def answers(url: str) -> bool:
    """Return whether a server is there."""
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(url)).status_code == 200
    return False
