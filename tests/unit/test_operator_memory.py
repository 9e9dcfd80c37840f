"""The operator's state in the API server: written by one at a time, found again after a lost answer, never written over another's."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from memesnipe.bus.folds import Halts
from memesnipe.kernel.errors import Bug, Unavailable
from memesnipe.manifests.models import AllocationSpec, RiskPolicySpec
from memesnipe_operator.api import ApiError
from memesnipe_operator.memory import Kept, Memory


class OneConfigMap:
    """An API server that holds one object, refuses a write at another version, and may lose an answer."""

    def __init__(self) -> None:
        self.body: dict[str, Any] | None = None
        self.writes = 0
        self.loses_answers = 0

    async def get(self, *_: object) -> dict[str, Any] | None:
        return self.body

    async def replace(self, _kind: object, manifest: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0)  # others get their turn, as they do while a real answer is under way
        known = self.body["metadata"]["resourceVersion"] if self.body else ""
        if manifest["metadata"].get("resourceVersion", "") != known:
            raise ApiError(409, "Conflict", "the object has been modified")
        self.writes += 1
        self.body = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": str(self.writes)}}
        if self.loses_answers:
            self.loses_answers -= 1
            raise Unavailable("API server", "ServerDisconnectedError")
        return self.body


def a_memory(server: OneConfigMap) -> Memory:
    return Memory(server, "memesnipe")  # type: ignore[arg-type]  # as much of an Api as it uses


async def read(server: OneConfigMap) -> Kept:
    memory = a_memory(server)
    await memory.open()
    return memory.kept


async def test_two_steps_that_keep_something_at_once_lose_nothing_of_each_other() -> None:
    server = OneConfigMap()
    memory = a_memory(server)
    await memory.keep_config(1, "d1", ["a", "b"])

    await asyncio.gather(memory.keep_halts(Halts(epoch=4)), memory.keep_config(2, "d2", ["c"]), memory.forget("a"))

    kept = await read(server)
    assert (kept.halts.epoch, kept.version, kept.ever) == (4, 2, ("b", "c"))


async def test_a_write_whose_answer_was_lost_is_found_by_the_next_attempt() -> None:
    server = OneConfigMap()
    memory = a_memory(server)
    await memory.keep_publication("1-0")
    server.loses_answers = 1
    with pytest.raises(Unavailable):
        await memory.keep_halts(Halts(epoch=1))

    await memory.keep_halts(Halts(epoch=1))
    await memory.keep_halts(Halts(epoch=2))

    assert (await read(server)).halts.epoch == 2


async def test_a_write_whose_answer_was_lost_is_no_other_operators_though_something_else_is_to_be_kept_meanwhile() -> None:
    server = OneConfigMap()
    memory = a_memory(server)
    await memory.keep_publication("1-0")
    server.loses_answers = 1
    with pytest.raises(Unavailable):
        await memory.keep_halts(Halts(epoch=1))

    await memory.keep_halts(Halts(epoch=2))

    assert (await read(server)).halts.epoch == 2


async def test_what_another_operator_wrote_is_not_written_over() -> None:
    server = OneConfigMap()
    first, second = a_memory(server), a_memory(server)
    await first.keep_publication("1-0")
    await second.open()
    await second.keep_halts(Halts(epoch=9))

    with pytest.raises(Bug, match="another operator"):
        await first.keep_halts(Halts(epoch=1))

    assert (await read(server)).halts.epoch == 9


async def test_what_is_kept_already_costs_no_write() -> None:
    server = OneConfigMap()
    memory = a_memory(server)
    await memory.keep_publication("1-0")

    await memory.keep_publication("1-0")
    await memory.forget("nobody")

    assert server.writes == 1


async def test_the_limits_that_were_in_force_are_found_again_without_the_kill_switch() -> None:
    server = OneConfigMap()
    policy = RiskPolicySpec.model_validate({"slippageBpsMax": 321, "tradeSizeSolMax": 0.1, "killSwitch": {"state": "Halted"}})
    await a_memory(server).keep_limits(AllocationSpec.model_validate({"capitalSol": 0.123456789}), policy)

    memory = a_memory(server)
    await memory.open()

    limits = memory.limits()
    assert limits is not None
    assert (limits[0].capital_sol, limits[1].slippage_bps_max, limits[1].kill_switch) == (Decimal("0.123456789"), 321, None)


async def test_before_any_limits_there_are_none() -> None:
    assert a_memory(OneConfigMap()).limits() is None
