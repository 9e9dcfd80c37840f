"""The operator's work queue: one at a time for a key, nothing that was marked is lost, and failures come again, later each time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from memesnipe.kernel.errors import Unavailable
from memesnipe_operator import work_queue
from memesnipe_operator.memory import Usurped
from memesnipe_operator.work_queue import BACKOFF_S, BACKOFF_S_MAX, Reconcile, WorkQueue


class Slow:
    """Reconciles that wait until they are let through, and what was under way."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.under_way: list[str] = []
        self.gate = asyncio.Event()

    async def reconcile(self, key: str) -> None:
        assert key not in self.under_way, "two reconciles of one key at once"
        self.began.append(key)
        self.under_way.append(key)
        await self.gate.wait()
        self.under_way.remove(key)


@asynccontextmanager
async def running(reconcile: Reconcile, workers: int = 4) -> AsyncIterator[WorkQueue]:
    queue = WorkQueue("Test", reconcile)
    task = asyncio.create_task(queue.run(workers))
    yield queue
    task.cancel()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the queue has no event for all that is waited for
            await asyncio.sleep(0)


async def test_a_thousand_marks_of_one_key_are_one_reconcile() -> None:
    slow = Slow()
    slow.gate.set()
    queue = WorkQueue("Test", slow.reconcile)
    for _ in range(1_000):
        queue.mark("a")
    task = asyncio.create_task(queue.run(4))

    await until(lambda: slow.began and queue.idle())

    task.cancel()
    assert slow.began == ["a"]


async def test_a_key_that_is_marked_while_it_is_reconciled_is_reconciled_once_more_and_never_twice_at_once() -> None:
    slow = Slow()
    async with running(slow.reconcile) as queue:
        queue.mark("a")
        await until(lambda: slow.under_way)
        for _ in range(10):
            queue.mark("a")
        slow.gate.set()
        await until(queue.idle)

    assert slow.began == ["a", "a"]


async def test_a_slow_key_holds_up_no_other() -> None:
    slow = Slow()
    async with running(slow.reconcile) as queue:
        for key in ("a", "b", "c"):
            queue.mark(key)
        await until(lambda: len(slow.under_way) == 3)

    assert slow.began == ["a", "b", "c"]


def failing(error: Exception, pauses: list[float]) -> tuple[WorkQueue, Callable[[], Awaitable[None]]]:
    """Return a queue whose reconciles fail, and a step that lets one fail; the pauses it asks for are kept, not waited."""

    async def reconcile(_key: str) -> None:
        raise error

    queue = WorkQueue("Test", reconcile)
    queue.mark_later = lambda key, after_s: pauses.append(after_s)  # type: ignore[method-assign]
    return queue, lambda: queue._one("a")


async def test_failures_wait_longer_each_time_up_to_a_bound_and_are_spread_out() -> None:
    pauses: list[float] = []
    queue, fail = failing(RuntimeError("no"), pauses)

    for _ in range(12):
        await fail()

    for count, pause_s in enumerate(pauses):
        middle_s = min(BACKOFF_S * 2**count, BACKOFF_S_MAX)
        assert 0.5 * middle_s <= pause_s <= 1.5 * middle_s
    assert len({round(pause_s, 6) for pause_s in pauses[-4:]}) == 4
    assert queue.failures("a") == 12


async def test_a_server_that_says_how_long_to_wait_is_not_asked_sooner() -> None:
    pauses: list[float] = []
    _, fail = failing(Unavailable("API server", "HTTP 429", 20.0), pauses)

    await fail()

    assert pauses[0] >= 10  # spread around what was asked for, as every pause is


async def test_an_event_does_not_make_it_ask_sooner_either() -> None:
    pauses: list[float] = []
    queue, fail = failing(Unavailable("API server", "HTTP 429", 20.0), pauses)
    await fail()

    queue.mark("a")

    assert queue.idle()
    assert pauses[1] >= 9


async def test_an_event_brings_a_key_that_failed_by_itself_back_at_once() -> None:
    queue, fail = failing(RuntimeError("no"), [])
    await fail()

    queue.mark("a")

    assert not queue.idle()


async def test_a_success_forgets_the_failures() -> None:
    errors: list[Exception] = [RuntimeError("no"), RuntimeError("no")]

    async def reconcile(_key: str) -> None:
        if errors:
            raise errors.pop()

    queue = WorkQueue("Test", reconcile)
    for failures in (1, 2, 0):
        await queue._one("a")
        assert queue.failures("a") == failures


async def test_of_several_later_marks_the_soonest_stands() -> None:
    slow = Slow()
    slow.gate.set()
    async with running(slow.reconcile) as queue:
        queue.mark_later("a", 3_600.0)
        queue.mark_later("a", 0.01)
        queue.mark_later("b", 3_600.0)
        await until(lambda: slow.began)

    assert slow.began == ["a"]


async def test_a_reconcile_that_asks_to_come_again_does() -> None:
    began: list[str] = []

    async def reconcile(key: str) -> float | None:
        began.append(key)
        return 0.01 if len(began) < 3 else None

    async with running(reconcile) as queue:
        queue.mark("a")
        await until(lambda: len(began) == 3)
        await until(queue.idle)

    assert began == ["a", "a", "a"]


async def test_a_queue_that_gives_way_gets_its_turn_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_queue, "GIVES_WAY_S", 0.05)
    busy, told = Slow(), Slow()
    async with running(busy.reconcile) as first:
        first.mark("never done")
        second = WorkQueue("Test", told.reconcile, after=first)
        second.mark("a")
        task = asyncio.create_task(second.run(1))
        await until(lambda: told.began)
        task.cancel()

    assert busy.under_way == ["never done"]


async def test_a_key_that_keeps_failing_is_told_of_and_so_is_its_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_queue, "BACKOFF_S", 0.001)
    told: list[tuple[str, str]] = []
    results = iter([ValueError("no"), ValueError("still no"), None])

    async def reconcile(_key: str) -> None:
        if (error := next(results)) is not None:
            raise error

    queue = WorkQueue("Test", reconcile, told=lambda key, why: told.append((key, why)))
    task = asyncio.create_task(queue.run(1))
    queue.mark("a")
    await until(lambda: len(told) == 2)
    task.cancel()

    assert told == [("a", "ValueError: still no"), ("a", "")]


async def test_a_state_that_another_operator_keeps_ends_the_queue() -> None:
    async def reconcile(_key: str) -> None:
        raise Usurped("another operator keeps the state")

    queue = WorkQueue("Test", reconcile)
    queue.mark("a")

    with pytest.raises(ExceptionGroup):
        async with asyncio.timeout(60):
            await queue.run(1)
