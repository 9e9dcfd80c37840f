"""What the operator makes of events about objects that it wrote itself: its own writes are no news, somebody else's are."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from memesnipe_operator.api import Api
from memesnipe_operator.children import Children
from memesnipe_operator.kinds import SECRET

NAME = "strategy-momentum"
MANIFEST = {"kind": "Secret", "metadata": {"name": NAME, "namespace": "n"}}


class Server:
    """Answers a write with the next version; `meanwhile` runs before the answer is out."""

    def __init__(self) -> None:
        self.version = 6
        self.meanwhile: Callable[[], object] = lambda: None

    async def apply(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        answer = body(self.version)
        self.meanwhile()
        return answer


def body(version: int) -> dict[str, Any]:
    return {"metadata": {"name": NAME, "namespace": "n", "resourceVersion": str(version)}}


def children_of(server: Server) -> Children:
    return Children(cast("Api", server))


def ensure(children: Children) -> bool:
    return asyncio.run(children.ensure([MANIFEST]))


def test_the_event_of_a_write_that_was_answered_is_no_news() -> None:
    children = children_of(Server())
    ensure(children)

    assert children.observe(SECRET, body(7), deleted=False) == ""


def test_the_event_of_a_write_that_overtakes_its_answer_is_no_news() -> None:
    server = Server()
    children = children_of(server)
    told: list[str] = []
    server.meanwhile = lambda: told.append(children.observe(SECRET, body(7), deleted=False))

    moved = ensure(children)

    assert (told, moved) == ([""], False)


def test_a_strangers_change_while_a_write_is_under_way_wants_another_look() -> None:
    server = Server()
    children = children_of(server)
    server.meanwhile = lambda: children.observe(SECRET, body(8), deleted=False)

    assert ensure(children)


def test_a_strangers_change_after_it_marks_the_strategy() -> None:
    children = children_of(Server())
    ensure(children)

    assert children.observe(SECRET, body(8), deleted=False) == "momentum"


def test_a_deletion_while_a_write_is_under_way_is_never_taken_for_our_own_doing() -> None:
    server = Server()
    children = children_of(server)
    told: list[str] = []
    server.meanwhile = lambda: told.append(children.observe(SECRET, body(8), deleted=True))

    moved = ensure(children)

    assert (told, moved) == (["momentum"], True)
