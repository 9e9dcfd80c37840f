"""JSON from hosts, files and people: what it may not contain, that each refusal names what is wrong, and that it is counted."""

from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from msgspec import Meta
from prometheus_client import REGISTRY
from pydantic import ValidationError

from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.transport import Transport
from memesnipe.consumers.rejected import Rejected
from memesnipe.consumers.sources.subscription import notice_of
from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.kernel.strict_json import decode, refuse_repeated_keys
from memesnipe.messages import codec
from memesnipe.messages.orders import OrderIntent
from memesnipe.strategy.spec import read_spec
from memesnipe.testing.builders import MINT, START_NS, an_intent
from memesnipe_strategies.momentum import MomentumParameters

DEEP = "[" * 100_000


class Bounded(msgspec.Struct):
    amount: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    share: float = 0.0
    inner: Any = None


BOUNDED = msgspec.json.Decoder(Bounded)


def counted(source: str, field: str) -> float:
    return REGISTRY.get_sample_value("memesnipe_bad_input_total", {"source": source, "field": field}) or 0.0


def host(body: str) -> Transport:
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body)))
    return Transport("inputs", "https://host.example", rate=Rate(per_s=1e6, burst=1_000, reserved=0), http=http)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"amount": NaN}', "body"),
        ('{"amount": Infinity}', "body"),
        ('{"amount": 1, "share": 1e999}', "$.share"),
        ('{"amount": 1.5}', "$.amount"),
        ('{"amount": true}', "$.amount"),
        ('{"amount": "1"}', "$.amount"),
        ('{"amount": -1}', "$.amount"),
        ('{"amount": 9223372036854775808}', "$.amount"),
        ('{"amount": 18446744073709551616}', "$.amount"),
        ('{"amount": ' + "9" * 5_000 + "}", "$.amount"),
        ('{"amount": 1, "amount": 2}', "body"),
        ('{"amount": 1, "inner": [{"a": {"b": 1, "b": 1}}]}', "body"),
        ('{"amount": 1, "am\\u006funt": 2}', "body"),
        ('{"amount": 1, "inner": ' + DEEP, "body"),
        (DEEP, "body"),
        ('{"amount": 1} {"amount": 2}', "body"),
        ("{", "body"),
        ("", "body"),
    ],
)
def test_a_value_that_is_none_is_refused_by_the_name_of_its_field(text: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        decode(BOUNDED, text)

    assert (refused.value.field, bool(refused.value.reason)) == (field, True)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadInput):
        decode(BOUNDED, b'{"amount": 1, "inner": "\xff"}')


def test_a_repeated_key_is_named_in_the_reason_and_never_as_a_label() -> None:
    with pytest.raises(BadInput, match="'chosen by a stranger' is there twice") as refused:
        refuse_repeated_keys('{"chosen by a stranger": 1, "chosen by a stranger": 2}')

    assert refused.value.field == "body"


def test_a_key_may_be_there_once_in_each_of_many_objects() -> None:
    refuse_repeated_keys('{"a": {"a": [{"a": 1}, {"a": 1}]}, "b": 12345678901234567890123}')


async def test_a_quote_that_says_two_amounts_is_refused_and_counted() -> None:
    before = counted("jupiter.price", "body")

    with pytest.raises(BadInput, match="twice"):
        await Jupiter(host(f'{{"{MINT}": {{"usdPrice": 1.0, "usdPrice": 2.0}}}}')).prices([MINT])

    assert counted("jupiter.price", "body") == before + 1


async def test_a_node_that_answers_twice_in_one_answer_is_refused_and_counted() -> None:
    before = counted("inputs", "body")

    with pytest.raises(BadInput, match="twice"):
        await SolanaRpc(host('{"jsonrpc": "2.0", "id": 1, "result": 1, "result": 2}')).slot()

    assert counted("inputs", "body") == before + 1


@pytest.mark.parametrize("price", ["NaN", "1e999", "-1", "true"])
async def test_a_price_that_is_no_number_is_counted(price: str) -> None:
    before = counted("jupiter.price", "body") + counted("jupiter.price", "$[...].usdPrice")

    with pytest.raises(BadInput):
        await Jupiter(host(f'{{"{MINT}": {{"usdPrice": {price}}}}}')).prices([MINT])

    assert counted("jupiter.price", "body") + counted("jupiter.price", "$[...].usdPrice") == before + 1


@pytest.mark.parametrize(
    "result",
    [
        '{"signature": "%s", "slot": 1, "slot": 2, "transaction": {}}',
        '{"signature": "%s", "slot": NaN, "transaction": {}}',
        '{"signature": "%s", "slot": 1e999, "transaction": {}}',
        '{"signature": "%s", "slot": true, "transaction": {}}',
        '{"signature": "%s", "slot": -1, "transaction": {}}',
        '{"signature": "%s", "slot": 1, "transaction": {"transaction": ' + DEEP,
    ],
)
def test_a_notice_with_a_number_that_is_none_is_refused(result: str) -> None:
    with pytest.raises(BadInput) as refused:
        notice_of('{"method": "transactionNotification", "params": {"result": ' + result.replace("%s", "5" * 88) + "}}")

    assert refused.value.field


def test_what_is_refused_is_counted_and_kept_for_a_person(tmp_path: Path) -> None:
    before = counted("inputs-feed", "events")

    Rejected(tmp_path / "rejected.jsonl").keep("inputs-feed", BadInput("events[3]", "no number"), "what came", START_NS)

    (line,) = (tmp_path / "rejected.jsonl").read_text().splitlines()
    assert msgspec.json.decode(line) == {
        "time_ns": START_NS, "source": "inputs-feed", "field": "events[3]", "reason": "no number", "input": "'what came'",
    }  # fmt: skip
    assert counted("inputs-feed", "events") == before + 1


@pytest.mark.parametrize(
    "raw",
    [
        msgspec.msgpack.encode({"type": "order_intent", "id": "a"}),
        b"\x82\xa4type\xacorder_intent\xa4type\xacorder_intent",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 100_000,
    ],
    ids=["a map", "a map with a key twice", "a map without end", "an array without end", "deep"],
)
def test_a_stream_entry_of_another_shape_is_refused(raw: bytes) -> None:
    """Messages are arrays: there is no key that could be there twice."""
    assert codec.encode(an_intent())[0] & 0xF0 == 0x90 or codec.encode(an_intent())[0] == 0xDC

    with pytest.raises(BadInput):
        codec.decode(OrderIntent, raw)


SPEC = '{"id": "momentum", "plugin": "momentum", "spec_hash": "a", "parameters": %s}'


@pytest.mark.parametrize(
    "text",
    [
        SPEC % "{}" + "x",
        SPEC % '{"fast_s": 1, "fast_s": 2}',
        SPEC % '{"fast_s": NaN}',
        SPEC % ('{"a":' + DEEP),
        SPEC[:-1] % "{}" + ', "mode": "live"}',
    ],
    ids=["two documents", "a parameter twice", "NaN", "deep", "a field that is not its own"],
)
def test_a_spec_file_that_is_not_exactly_one_spec_is_a_config_error_that_names_the_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text(text)

    with pytest.raises(ConfigError, match=r"spec\.json"):
        read_spec(path)


@pytest.mark.parametrize("name", ["fast_s", "positions_max", "slippage_bps_max"])
@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), -1, 10**30, "many", None, [1]])
def test_a_parameter_that_is_no_number_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        MomentumParameters.model_validate({name: value})
