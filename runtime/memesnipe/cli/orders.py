"""`memesnipe orders`: the newest orders, and one of them from the event that caused it to its end."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from memesnipe.cli import addresses as stack
from memesnipe.cli.naming import refuse_unknown
from memesnipe.cli.showing import JsonOption, StrategyOption, show, show_json, table_of, when
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.settings import CommonSettings, load

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from memesnipe.ledger.read import Order
    from memesnipe.timeline.hops import Found, Timeline

orders_app = typer.Typer(help="Orders, and the way of each from event to fill.", no_args_is_help=True)
LIST_MAX = 1_000
OPEN = "open"
COLUMNS = ("TIME (UTC)", "ID", "STRATEGY", "MODE", "SIDE", "MINT", "ATTEMPTS", "MS", "OUTCOME")


@orders_app.command("list")
def listed(
    strategy: StrategyOption = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many, newest first.", min=1, max=LIST_MAX)] = 20,
    json: JsonOption = False,
) -> None:
    """List the newest orders that ended, newest first: how, after how many attempts and how long after their event."""
    found = _newest(strategy, limit)
    if strategy and not found:
        refuse_unknown(strategy)
    if json:
        show_json(found)
        return
    if not found:
        typer.echo("no order ended yet" + (f" of {strategy}" if strategy else ""))
        return
    show(table_of("", COLUMNS, [_row(one) for one in found], right=("ATTEMPTS", "MS"), prose=("OUTCOME",)))


def _row(order: "Order") -> tuple[str, ...]:
    took = "" if order.event_time_ns is None else f"{(order.time_ns - order.event_time_ns) / NS_PER_MS:,.0f}"
    ended = order.outcome if not order.reason else f"{order.outcome}: {order.stage} {order.reason}"
    return when(order.time_ns), order.intent_id, order.strategy, order.mode, order.side, order.mint, str(order.attempts), took, ended


@orders_app.command("show")
def shown(
    id: Annotated[str, typer.Argument(help="An order's id, or enough of its beginning.", show_default=False)],  # noqa: A002 - the word that a person reads
    json: JsonOption = False,
) -> None:
    """Show one order hop by hop: event, wish, approval, attempts, fill or refusal, each with its time, latency and reason."""
    from memesnipe.timeline.hops import timeline_of
    from memesnipe.timeline.reading import ID_BEGINS

    if not ID_BEGINS.fullmatch(id):
        raise ConfigError(f"{id!r} is no order's id: want 4 to 128 letters, digits, colons, dots, dashes or underscores")
    found, booked = _find(id)
    timeline = timeline_of(found) if found else None
    if timeline is None and not booked:
        raise Unavailable("ledger", f"it was not asked, and no order {id} is on the streams")
    if timeline is None:
        raise ConfigError(f"no order {id} is known: `memesnipe orders list` lists those that ended")
    if not booked and timeline.outcome == OPEN:
        timeline = msgspec.structs.replace(timeline, outcome="unknown: the ledger was not asked")
    if json:
        show_json(timeline)
    else:
        _tell(timeline)


def _tell(timeline: "Timeline") -> None:
    took = "" if timeline.total_ms is None else f" · {timeline.total_ms:,.1f} ms from event to end"
    mode = f" {timeline.mode}" if timeline.mode else ""
    show(f"{timeline.id}: {timeline.outcome} · {timeline.strategy}{mode} {timeline.side} {timeline.mint}{took}")
    rows = [
        (when(hop.time_ns), "" if hop.after_ms is None else f"+{hop.after_ms:,.1f}", hop.hop, hop.stage, _told(hop.detail, hop.remedy))
        for hop in timeline.hops
    ]
    show(table_of("", ("TIME (UTC)", "MS", "HOP", "BY", "WHAT"), rows, right=("MS",), prose=("WHAT",)))
    if timeline.gone:
        why = "an earlier release said how it ended, wallet_guard was restarted meanwhile, or Redis was not asked"
        show(f"no longer known: {', '.join(timeline.gone)}; {why}")


def _told(detail: str, remedy: str) -> str:
    return f"{detail}\n{remedy}" if remedy else detail


def _newest(strategy: str, limit: int) -> "list[Order]":
    from memesnipe.ledger.read import last_orders

    with stack.ledger() as engine, engine.connect() as connection:
        return last_orders(connection, limit, strategy)


def _find(id_begins: str) -> "tuple[Found | None, bool]":
    """Ask the ledger, and what is still on the streams; return also whether the ledger answered, for it alone knows how all orders ended.

    Raises ConfigError for a beginning that several orders share.
    """
    from redis.exceptions import RedisError

    from memesnipe.timeline.reading import found

    with ExitStack() as opened:
        connection, client = _connection(opened), _redis(opened)
        try:
            orders = found(client, load(CommonSettings).key_prefix, connection, id_begins)
        except RedisError as error:
            raise Unavailable("redis", type(error).__name__) from None
    if not orders and client is None and (stack.elsewhere() or stack.known(stack.data_dir())):
        raise Unavailable("redis", f"the ledger has no order {id_begins}; one that is on its way is on the streams alone")
    if len(orders) > 1:
        named = ", ".join(one.id for one in orders[:4])
        raise ConfigError(f"{id_begins} begins the ids of {len(orders)} orders or more: {named}; give more of it")
    return orders[0] if orders else None, connection is not None


def _connection(opened: ExitStack) -> "Connection | None":
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return opened.enter_context(opened.enter_context(stack.ledger()).connect())
    except SQLAlchemyError:
        return None
    except ConfigError:
        if not stack.elsewhere() and not stack.known(stack.data_dir()):
            raise
        return None  # an order that is on its way is on the streams alone


def _redis(opened: ExitStack) -> Any:
    """Return a client that answers, None where no stack runs or Redis is away: the ledger has what ended."""
    import redis
    from redis.exceptions import RedisError

    try:
        client = opened.enter_context(redis.Redis.from_url(stack.find().redis_url, socket_timeout=5.0, socket_connect_timeout=2.0))
        client.ping()
    except (ConfigError, RedisError, OSError):
        return None
    return client
