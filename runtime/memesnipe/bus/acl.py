"""Redis ACL rules, made from the topology: each service reaches its own streams and keys and nothing else. Pure.

A rule set has a root and selectors, and Redis (7.0 and up) lets a command pass if ONE of them allows it whole. That is what
makes "reads events:price in its group" possible without "writes events:price": acknowledging needs write permission on the
key, so XADD stands in another selector, with other keys. Scripts are called through a selector that names all keys, and each
command inside a script is checked again by itself.

Not covered, because Redis ACLs end at the key: a user may name another's consumer GROUP on a stream both may read.
"""

from collections.abc import Iterable

from memesnipe.bus.topology import (
    CURSOR_KEY,
    DEAD_LETTERS,
    EXIT_LEASE_KEY,
    HOLDINGS_KEY,
    LEASE_KEY,
    PAPER_GAP_KEY,
    PNL_HISTORY_KEY,
    SHARPE_KEY,
    STATE_KEY,
    STREAMS,
    Kind,
    Stream,
)

CONNECT = (
    "+ping", "+hello", "+auth", "+select", "+quit", "+client|setname", "+script|load",
)  # fmt: skip
CONSUME = (
    "+xreadgroup", "+xack", "+xpending", "+xautoclaim", "+xgroup|create", "+xgroup|setid", "+xinfo|groups", "+xinfo|stream",
    "+xrange", "+xrevrange",
)  # fmt: skip
PRODUCE = ["+xadd", "+hget", "+hmget", "+hset", "+hsetnx", "+pexpire"]
FOLD = ["+xrange", "+xrevrange", "+xread", "+xlen", "+get", "+lrange"]
OWN = ["+get", "+set", "+del", "+hmget", "+hgetall", "+hset", "+hdel", "+lrange", "+rpush"]
LOOK = (
    "+xrange", "+xrevrange", "+xread", "+xlen", "+xinfo", "+xpending", "+get", "+hmget", "+hgetall", "+lrange", "+exists",
    "+type", "+strlen", "+ttl",
)  # fmt: skip
SETTLED = ["+evalsha_ro", "+xinfo|groups", "+exists", "+xrange", "+xrevrange"]

KEYS: dict[str, tuple[str, ...]] = {
    "wallet_guard": (),
    "position_manager": (PNL_HISTORY_KEY, SHARPE_KEY, PAPER_GAP_KEY, HOLDINGS_KEY),
    "data_consumers": (CURSOR_KEY, "replay:*"),
    "control": (LEASE_KEY, EXIT_LEASE_KEY),
    "operator": (LEASE_KEY, EXIT_LEASE_KEY),
}
"""Plain keys a service reads and writes beside its own state; `{...}` stands for anything."""
READ_KEYS: dict[str, tuple[str, ...]] = {
    "wallet_guard": (LEASE_KEY, EXIT_LEASE_KEY),
    "autonomous_allocator": (PNL_HISTORY_KEY, SHARPE_KEY, PAPER_GAP_KEY, HOLDINGS_KEY),
    "risk_guardian": (HOLDINGS_KEY,),
}
READS_ALL = ("dashboard", "cli")
ADMINISTERS = ("control", "operator")
"""They make the ACL users and trim the streams, so a rule against them would hold nothing back."""


def service_rules(service: str, prefix: str = "") -> list[str]:
    """Return the rules of a service that is not split by strategy, for `ACL SETUSER <name> reset on >password <rules>`."""
    if service in ADMINISTERS:
        return ["~*", "+@all"]
    consumed = [_pattern(stream) for stream in STREAMS if any(one.group == service for one in stream.readers)]
    produced = [_pattern(stream) for stream in STREAMS if service in stream.producers]
    folded = [_pattern(stream) for stream in STREAMS if service in stream.folded_by or _wrote(service, stream)]
    own = [STATE_KEY.format(stage=service), *map(_any, KEYS.get(service, ()))]
    rules = _rules(prefix, consumed, produced, [*folded, *map(_any, READ_KEYS.get(service, ()))], own)
    return [*rules, _selector(LOOK, ["%R~*"])] if service in READS_ALL else rules


def executor_rules(strategy: str, prefix: str = "") -> list[str]:
    """Return the rules of one strategy's executor: its own stream set, and nothing of any other strategy."""
    read = [stream for stream in STREAMS if any(one.group == "executor" for one in stream.readers)]
    folded = [stream for stream in STREAMS if "executor" in stream.folded_by]
    produced = [stream for stream in STREAMS if "executor" in stream.producers]
    return _rules(prefix, _own(read, strategy), _own(produced, strategy), _own(folded, strategy), [f"strategy:{strategy}:*"])


def replay_rules(prefix: str = "") -> list[str]:
    """Return what every user needs on top in a replay: to see whether it is its turn it must see all groups, reading only."""
    return [_selector(SETTLED, [f"%R~{prefix}*"])]


def user_of(strategy: str) -> str:
    """Return the name of a strategy's Redis user."""
    return f"executor-{strategy}"


def _rules(prefix: str, consumed: list[str], produced: list[str], folded: list[str], own: list[str]) -> list[str]:
    written = [*produced, DEAD_LETTERS]
    fences = [f"fence:{name}:*" for name in written]
    consume = [*CONNECT, *CONSUME, *(f"~{prefix}{name}" for name in consumed)]
    everything = [*consumed, *written, *fences, *own]
    rules = [
        *consume,
        _selector(PRODUCE, (f"~{prefix}{name}" for name in (*written, *fences))),
        _selector(OWN, (f"~{prefix}{name}" for name in own)),
        _selector(["+evalsha", "+evalsha_ro"], (f"~{prefix}{name}" for name in everything)),
    ]
    # A selector without keys would not be one: Redis wants at least something that it allows.
    return [*rules, _selector(FOLD, (f"%R~{prefix}{name}" for name in folded))] if folded else rules


def _selector(commands: Iterable[str], keys: Iterable[str]) -> str:
    return f"({' '.join([*commands, *keys])})"


def _wrote(service: str, stream: Stream) -> bool:
    """A producer reads back what it said last, so that a restart does not say it again; orders have their fence for that."""
    return stream.kind is not Kind.ORDER and service in stream.producers


def _pattern(stream: Stream) -> str:
    return stream.name + "*" if stream.split else stream.name


def _own(streams: Iterable[Stream], strategy: str) -> list[str]:
    return [stream.of(strategy) if stream.split else stream.name for stream in streams]


def _any(key: str) -> str:
    """Return a key template as a pattern: `lease:{strategy}` is `lease:*`."""
    head, _, tail = key.partition("{")
    return head + "*" + tail.partition("}")[2]
