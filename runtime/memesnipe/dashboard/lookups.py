"""What a person asks for by a click: one strategy, or one order with all its hops. Read at once, bounded, and never part of a picture."""

from pathlib import Path

import redis
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from memesnipe.dashboard.drill import Detail, detail
from memesnipe.dashboard.feed import Feed
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.timeline.hops import Timeline, timeline_of
from memesnipe.timeline.reading import ID_BEGINS, found


class Lookups:
    """Redis and ledger, asked by any of the server's threads; both hand out a connection to each."""

    def __init__(self, feed: Feed, engine: Engine, client: redis.Redis, prefix: str, data_dir: Path) -> None:
        self._feed, self._engine, self._client, self._prefix, self._data_dir = feed, engine, client, prefix, data_dir

    def strategy(self, strategy: str) -> Detail | None:
        """Return one applied strategy; None where none has this id. Raises Unavailable."""
        return detail(self._engine, self._feed.streams, self._data_dir, strategy)

    def order(self, intent_id: str) -> Timeline | None:
        """Return the way of one order; None where nothing is known of it. Raises BadInput, Unavailable."""
        if not ID_BEGINS.fullmatch(intent_id):
            raise BadInput("id", "is not the id of an order")
        try:
            with self._engine.connect() as connection:
                orders = found(self._client, self._prefix, connection, intent_id)
        except SQLAlchemyError as error:
            raise Unavailable("ledger", type(error).__name__) from error
        except (RedisError, OSError) as error:
            raise Unavailable("redis", type(error).__name__) from error
        if len(orders) > 1:
            raise BadInput("id", f"begins {len(orders)} orders: ask for the whole id")
        return timeline_of(orders[0]) if orders else None
