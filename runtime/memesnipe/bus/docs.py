"""docs/reference/streams.md, made from the topology. `python -m memesnipe.bus.docs > docs/reference/streams.md` renews it."""

import sys
from typing import Any, get_args

from memesnipe.bus import topology
from memesnipe.bus.topology import STREAMS, Kind, Stream

HEAD = """# Streams

Made from `memesnipe.bus.topology` by `python -m memesnipe.bus.docs`; a test holds it against the code. A name that ends in `:` has
one stream for each strategy. An entry has one field, `m`: the message as a msgpack array. Every key may carry a prefix
(`MEMESNIPE_KEY_PREFIX`), which a Redis Cluster needs as a hash tag.

- **market**: bounded by time and size; a reader that falls behind skips to the newest and counts the gap.
- **order**: lossless; trimmed only behind the slowest group, and where somebody folds it only what is older than ten minutes.
- **fold**: read from its start by everyone, without a group.

| stream | kind | message | written by | read by groups (turn in a replay) | folded by | kept |
|---|---|---|---|---|---|---|
"""

KEYS = (
    ("LEASE_KEY", "signed mode lease, written by control or operator"),
    ("EXIT_LEASE_KEY", "the longer lease under which only exits are signed"),
    ("STATE_KEY", "a stage's state: hash of version `v`, data `d`, last commit `w`, parts `p:<name>`"),
    ("STRATEGY_STATE_KEY", "an executor's state, the strategy's snapshot in it"),
    ("PNL_HISTORY_KEY", "list of JSON {time_ns, net_lamports, intent_id, mode, outlay_lamports} of closed trades"),
    ("SHARPE_KEY", "the strategy's Sharpe ratio"),
    ("PAPER_GAP_KEY", "JSON of the gap between the strategy's newest live orders and their paper twins, by position_manager"),
    ("HOLDINGS_KEY", "all that is held by the ledger, by position_manager; risk_guardian starts from it when its own state is gone"),
    ("CURSOR_KEY", "where a market source stopped"),
)


def render() -> str:
    """Return the page as markdown."""
    keys = "\n".join(f"| `{getattr(topology, name)}` | {meaning} |" for name, meaning in KEYS)
    tail = f"""
`{topology.DEAD_LETTERS}` keeps what could not be decoded: fields stream, id, raw, field, reason. It is never trimmed.
`fence:<stream>:<period>` is a hash of the business keys written in a period of six hours; the second message with a key of this
period or the one before is dropped.

# Keys

| key | what it holds |
|---|---|
{keys}
"""
    return HEAD + "\n".join(map(_row, STREAMS)) + "\n" + tail


def _row(stream: Stream) -> str:
    readers = ", ".join(f"{one.group}{':*' if one.per_strategy else ''} ({one.turn})" for one in stream.readers)
    cells = [
        f"`{stream.name}`", stream.kind.value, _types(stream.message), ", ".join(stream.producers), readers, ", ".join(stream.folded_by),
        _kept(stream),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _types(message: Any) -> str:
    return " or ".join(one.__name__ for one in get_args(message) or (message,))


def _kept(stream: Stream) -> str:
    kept = {
        Kind.MARKET: f"{stream.age_ms_max // 60_000} min, at most {stream.length_max:,}; readers skip after {stream.lag_ms_max // 1_000} s",
        Kind.ORDER: "until every group is done",
        Kind.FOLD: "all" if stream is topology.KILL_SWITCH else f"the last {stream.length_max:,}",
    }
    return kept[stream.kind]


if __name__ == "__main__":
    sys.stdout.write(render())
