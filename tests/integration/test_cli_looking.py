"""`status`, `positions`, `orders`, `kill`, `resume` on a real Redis and a real ledger, as a person and as a program reads them."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import APPROVED, CLOSE_REQUESTS, CONFIG, INTENTS, KILL_SWITCH
from memesnipe.cli.commands import app
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.read import last_orders, open_positions
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.orders import Fill
from memesnipe.testing.builders import MINT, a_config, a_fill, a_halt, a_strategy, an_approved, an_intent
from memesnipe.testing.scene import STRATEGIES, Scene

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`await run("status")`: a command in a thread of its own, as it has a loop of its own."""
    monkeypatch.setenv("MEMESNIPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MEMESNIPE_REDIS_URL", valkey_url)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    async def command(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(words))

    return command


@pytest.fixture
async def scene(bus: RedisBus, tmp_path: Path) -> None:
    """An hour of trading on paper."""
    await Scene(bus, str(tmp_path), time.time_ns()).play()


def first_filled(data: Path) -> str:
    engine = open_engine(ledger_url(str(data)))
    with engine.connect() as connection:
        return next(order.intent_id for order in last_orders(connection) if order.outcome == "filled")


async def test_status_says_what_money_is_at_stake_and_the_same_in_json(run: Run, scene: None) -> None:
    said, told = await run("status"), await run("status", "--json")

    found: dict[str, Any] = json.loads(told.stdout)
    assert (said.exit_code, told.exit_code) == (0, 0), said.output
    assert said.output.startswith(found["snapshot"]["marker"]["text"])
    assert "no real money moves" in said.output.partition("\n")[0]
    assert {one["id"] for one in found["snapshot"]["strategies"]} == set(STRATEGIES)
    assert all(name in said.output for name in STRATEGIES)


async def test_status_shows_a_halt_with_its_reason_and_what_it_allows(run: Run, bus: RedisBus, scene: None) -> None:
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED, reason="feed is odd"))

    said = await run("status")

    assert 'portfolio halted ("feed is odd"): Strategies are silent.' in said.output


async def test_status_without_a_redis_shows_what_the_ledger_knows_and_exits_four(
    run: Run, scene: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMESNIPE_REDIS_URL", "redis://127.0.0.1:1/0")

    said = await run("status", "--json")

    found = json.loads(said.stdout)
    assert (said.exit_code, found["unanswered"]) == (4, ["redis"])
    assert found["snapshot"]["holdings"]


async def test_what_nobody_said_is_shown_as_unknown_and_never_as_active_or_zero(
    run: Run, scene: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMESNIPE_REDIS_URL", "redis://127.0.0.1:1/0")

    said = await run("status")

    assert said.output.startswith("mode, halts, capital and marks are not known")
    assert not any(word in said.output for word in ("portfolio active", "NO CONFIG", "equity"))


async def test_positions_of_a_ledger_that_is_away_are_unknown_and_not_none(run: Run, bus: RedisBus) -> None:
    said = await run("positions")

    assert isinstance(said.exception, Unavailable)
    assert "nothing is held" not in said.output


async def test_positions_without_a_redis_do_not_call_a_stop_missing_that_nobody_was_asked_of(
    run: Run, scene: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMESNIPE_REDIS_URL", "redis://127.0.0.1:1/0")

    said = await run("positions")

    assert not any(word in said.output for word in ("NONE", "without a stop"))
    assert "stops are not known" in said.output


async def test_positions_names_the_one_without_a_stop(run: Run, tmp_path: Path, scene: None) -> None:
    said, told = await run("positions"), await run("positions", "--json")

    held = json.loads(told.stdout)
    with open_engine(ledger_url(str(tmp_path))).connect() as connection:
        mints = {one.mint for one in open_positions(connection)}
    assert {one["mint"] for one in held} == mints
    assert all(mint in said.output for mint in mints)
    (bare,) = [one for one in held if one["stop_sol"] is None]
    assert f"without a stop: {bare['symbol']} of {bare['strategy']}" in said.output


async def test_whatever_a_person_copies_into_the_next_command_stands_in_one_piece(
    run: Run, tmp_path: Path, scene: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_engine(ledger_url(str(tmp_path))).connect() as connection:
        held, orders = open_positions(connection), last_orders(connection, 20)

    piped = (await run("positions")).output, (await run("orders", "list")).output
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    narrow = (await run("positions")).output, (await run("orders", "list")).output

    for positions, listed in (piped, narrow):
        assert all(one.mint in positions and one.strategy in positions for one in held)
        assert all(one.intent_id in listed and one.mint in listed for one in orders)


async def test_an_order_that_is_on_its_way_is_shown_from_the_streams_alone(run: Run, bus: RedisBus, scene: None) -> None:
    intent = an_intent(time_ns=time.time_ns())
    await bus.publish(INTENTS.of(intent.strategy), intent, intent.id)
    await bus.publish(APPROVED.name, an_approved(intent, time_ns=time.time_ns()), intent.id)

    told = await run("orders", "show", intent.id[:12], "--json")

    found = json.loads(told.stdout)
    assert ([hop["hop"] for hop in found["hops"]], found["outcome"]) == (["event", "wish", "approved"], "open")


async def test_an_order_of_the_ledger_alone_shows_every_hop_and_is_found_by_the_beginning_of_its_id(
    run: Run, tmp_path: Path, scene: None
) -> None:
    id_ = first_filled(tmp_path)

    said, told = await run("orders", "show", id_[:10]), await run("orders", "show", id_, "--json")

    found = json.loads(told.stdout)
    hops = ["event", "wish", "approved", "taken", "filled"]
    assert (found["id"], found["outcome"], found["gone"]) == (id_, "filled", [])
    assert ([hop["hop"] for hop in found["hops"]], [hop["after_ms"] for hop in found["hops"]][:4]) == (hops, [None, 3.0, 3.0, 3.0])
    assert f"{id_}: filled" in said.output
    assert all(hop in said.output for hop in hops)


async def test_a_beginning_that_many_orders_share_is_refused_with_their_ids(run: Run, tmp_path: Path, scene: None) -> None:
    from memesnipe.ledger.write import LedgerWriter

    twins: list[Fill] = [a_fill(an_intent(id=f"twin-{number}")) for number in range(2)]
    LedgerWriter(open_engine(ledger_url(str(tmp_path)))).record(twins)

    said = await run("orders", "show", "twin-")

    assert isinstance(said.exception, ConfigError)
    assert "twin-0, twin-1" in str(said.exception)


async def test_orders_of_one_strategy_are_listed_newest_first(run: Run, scene: None) -> None:
    told = await run("orders", "list", "--strategy", STRATEGIES[0], "--limit", "5", "--json")

    found = json.loads(told.stdout)
    assert {one["strategy"] for one in found} == {STRATEGIES[0]}
    assert [one["time_ns"] for one in found] == sorted((one["time_ns"] for one in found), reverse=True)


async def test_a_mistyped_strategy_is_not_one_that_holds_nothing(run: Run, scene: None) -> None:
    said = [await run(*words, "--strategy", "nope") for words in (("positions",), ("orders", "list"), ("report",), ("allocations",))]

    assert all(isinstance(one.exception, ConfigError) and STRATEGIES[0] in str(one.exception) for one in said)


async def test_a_strategy_that_is_applied_and_never_traded_has_nothing(run: Run, bus: RedisBus, tmp_path: Path) -> None:
    migrate(ledger_url(str(tmp_path)))
    await bus.publish(CONFIG.name, a_config(a_strategy("idle")))

    said = [await run(*words, "--strategy", "idle") for words in (("positions",), ("orders", "list"), ("report",))]

    assert [(one.exit_code, "of idle" in one.output or "by idle" in one.output) for one in said] == [(0, True)] * 3


async def test_a_close_of_a_mistyped_strategy_is_not_asked(run: Run, bus: RedisBus, scene: None) -> None:
    said = await run("close", "nope", MINT)

    assert isinstance(said.exception, ConfigError)
    assert "known: " in str(said.exception)
    assert await bus.fold(CLOSE_REQUESTS.name) == []


async def test_a_close_in_json_says_what_was_asked_and_that_it_is_held(run: Run, bus: RedisBus, tmp_path: Path, scene: None) -> None:
    with open_engine(ledger_url(str(tmp_path))).connect() as connection:
        held = open_positions(connection)[0]

    asked = json.loads((await run("close", held.strategy, held.mint, "--json")).stdout)

    assert (asked["strategy"], asked["mint"], asked["held"]) == (held.strategy, held.mint, True)


@pytest.mark.parametrize("words", [("orders", "show", "0000ffff"), ("orders", "show", "a b")], ids=["unknown", "no id"])
async def test_an_order_that_is_not_there_is_one_clear_word(run: Run, scene: None, words: tuple[str, ...]) -> None:
    said = await run(*words)

    assert isinstance(said.exception, ConfigError)


async def test_kill_in_json_says_what_is_in_force_and_resume_of_a_part_that_it_is_not_enough(run: Run, scene: None) -> None:
    killed = await run("kill", "--reason", "odd", "--json")
    partly = await run("resume", "--strategy", STRATEGIES[0])
    reopened = await run("resume", "--json")

    assert json.loads(killed.stdout) == {"scope": "*", "state": "halted", "effective": "halted", "reason": "odd", "epoch": 1}
    assert f"in force for {STRATEGIES[0]} is halted" in partly.output
    assert json.loads(reopened.stdout)["effective"] == "active"


async def test_halt_is_another_word_for_kill(run: Run, bus: RedisBus, scene: None) -> None:
    await run("halt", "--reduce-only")

    assert [entry.message.state for entry in await bus.fold(KILL_SWITCH.name)] == [HaltState.REDUCE_ONLY]


async def test_without_a_stack_every_look_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMESNIPE_DATA_DIR", str(tmp_path / "empty"))
    monkeypatch.delenv("MEMESNIPE_REDIS_URL", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    said = [CliRunner().invoke(app, words) for words in (["status"], ["positions"], ["orders", "list"], ["orders", "show", "abcd"])]

    assert all(isinstance(one.exception, ConfigError) and str(tmp_path / "empty") in str(one.exception) for one in said)


async def test_without_the_ledger_an_order_on_its_way_is_not_called_open(
    run: Run, bus: RedisBus, scene: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = an_intent(time_ns=time.time_ns())
    await bus.publish(INTENTS.of(intent.strategy), intent, intent.id)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    told = json.loads((await run("orders", "show", intent.id, "--json")).stdout)
    unknown = await run("orders", "show", "0000ffff")

    assert told["outcome"] == "unknown: the ledger was not asked"
    assert isinstance(unknown.exception, Unavailable)


async def test_without_redis_an_order_that_the_ledger_does_not_have_may_be_on_its_way(
    run: Run, scene: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMESNIPE_REDIS_URL", "redis://127.0.0.1:1/0")

    said = await run("orders", "show", "0000ffff")

    assert isinstance(said.exception, Unavailable)
