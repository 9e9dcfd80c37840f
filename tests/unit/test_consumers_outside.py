"""What hosts outside tell is read by its form alone: a mint counts, a name does not; an amount is whole, or there is none."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from memesnipe.chain.clients.transport import Transport
from memesnipe.chain.programs import DEVNET_GENESIS, MAINNET_GENESIS
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.chain_reader import ChainReader
from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.mentions import mints_in
from memesnipe.consumers.sources import jetstream_posts, outside, pumpportal_launches, wormhole_operations
from memesnipe.consumers.sources.outside import OnMainnet, guarded
from memesnipe.consumers.sources.sessions import Pauses, Wire
from memesnipe.consumers.times import rfc3339_ns
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.kernel.ids import derive
from memesnipe.messages.market import BridgeTransfer, Launch, SocialPost
from memesnipe.testing.social_servers import DID, a_creation, a_post, an_operation

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
OTHER = "So11111111111111111111111111111111111111112"
SIGNATURE = "5" * 88
NOW_US = 1_757_812_456_000_000
NOW = NOW_US * 1_000
S = 10**9
BOUNDS = Bounds(age_ns_max=3_600 * S, future_ns_max=60 * S)


def post(text: str = f"buy {MINT}", /, **changes: Any) -> jetstream_posts.Told:
    return jetstream_posts.told_in(json.dumps(a_post(text, NOW_US, "r1", **changes)), BOUNDS)


def creation(**changes: Any) -> pumpportal_launches.Told:
    return pumpportal_launches.told_in(json.dumps(a_creation(MINT, SIGNATURE, **changes)), NOW)


def operation(**properties: Any) -> wormhole_operations.Told:
    return wormhole_operations.told_in(json.dumps(an_operation(7, NOW_US, **properties)).encode())


@pytest.mark.parametrize(
    ("text", "mints"),
    [
        (f"{MINT}", (MINT,)),
        (f"ape {MINT}! and {OTHER}, and {MINT} again", (MINT, OTHER)),
        (f"https://pump.fun/coin/{MINT}?x=1", (MINT,)),
        ("$WIF $BONK to the moon", ()),
        (f"{MINT[:31]}", ()),
        (f"{MINT}x", ()),
        (f"0{MINT}", ()),
        (f"_{MINT}_", ()),
        (MINT.replace("p", "\u0440"), ()),
        (MINT[:20] + "\u200b" + MINT[20:], ()),
        ("z" * 44, ()),
        ("1" * 33, ()),
    ],
)
def test_a_text_names_a_token_by_its_whole_address_alone(text: str, mints: tuple[str, ...]) -> None:
    assert mints_in([text]) == mints


def test_a_post_becomes_an_event_at_the_time_the_host_saw_it() -> None:
    assert post().post == SocialPost(derive("social", "bluesky", DID, "r1"), NOW, "bluesky", DID, f"buy {MINT}", (MINT,))


def test_a_mint_behind_a_shortened_link_is_found() -> None:
    facet = {"features": [{"$type": "app.bsky.richtext.facet#link", "uri": f"https://pump.fun/coin/{MINT}"}], "index": {}}

    told = post("pump.fun/coin/8gQkv4...", record={"facets": [facet]})

    assert told.post is not None
    assert told.post.mints == (MINT,)


@pytest.mark.parametrize(
    "changes",
    [
        {"record": {"text": "no token here"}},
        {"kind": "identity"},
        {"commit": {"operation": "delete"}},
        {"commit": {"operation": "update"}},
        {"commit": {"collection": "app.bsky.feed.like"}},
    ],
)
def test_what_is_no_new_post_about_a_token_is_passed_over_and_moves_the_cursor(changes: dict[str, Any]) -> None:
    told = post(**changes)

    assert (told.post, told.time_us, bool(told.skipped)) == (None, NOW_US, True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"created_at": "2031-01-01T00:00:00Z"}, "createdAt"),
        ({"created_at": "2021-01-01T00:00:00Z"}, "createdAt"),
        ({"created_at": "2025-09-14T01:14:16"}, "createdAt"),
        ({"created_at": "yesterday"}, "createdAt"),
        ({"created_at": "9" * 5_000}, "$.createdAt"),
        ({"time_us": -1}, "$.time_us"),
        ({"time_us": NOW}, "$.time_us"),
        ({"time_us": 1.5}, "$.time_us"),
        ({"did": "did:plc:" + "x" * 100}, "$.did"),
        ({"did": "not a did"}, "$.did"),
        ({"record": {"text": "x" * 10_001}}, "$.text"),
        ({"record": {"text": None}}, "$.text"),
        ({"record": {"facets": [{"features": [{"uri": 5}]}]}}, "$.facets[0].features[0].uri"),
        ({"commit": {"rkey": ""}}, "$.commit.rkey"),
    ],
)
def test_a_post_that_makes_no_sense_is_refused_by_the_name_of_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        post(**changes)

    assert refused.value.field == field


@pytest.mark.parametrize("raw", ["", "{", "[]", "null", '{"did": "did:a:b", "did": "did:a:c"}', '"\\ud800"', "[" * 100_000, "x" * 200_000])
def test_a_message_that_is_none_is_refused_by_every_reader(raw: str) -> None:
    with pytest.raises(BadInput):
        jetstream_posts.told_in(raw, BOUNDS)
    with pytest.raises(BadInput):
        wormhole_operations.told_in(raw.encode())
    if raw != '{"did": "did:a:b", "did": "did:a:c"}':
        with pytest.raises(BadInput):
            pumpportal_launches.told_in(raw, NOW)


def test_a_long_post_is_cut_to_its_bound_and_its_mint_is_found_behind_it() -> None:
    told = post("\u00e9" * 2_000 + f" {MINT}")

    assert told.post is not None
    assert (len(told.post.text), told.post.mints) == (1_024, (MINT,))


def test_a_claimed_launch_is_in_whole_base_units_under_the_id_that_our_own_feed_gives() -> None:
    launch = creation().launch

    assert isinstance(launch, Launch)
    assert (launch.quote_lamports, launch.base_units) == (30_790_123_454, 1_045_465_116_339_853)
    assert (launch.event_id, launch.slot, launch.symbol) == (derive("launch", MINT), 0, "SLB")


def test_a_launch_without_a_name_is_a_launch() -> None:
    launch = creation(pool="bonk", name=None, symbol=None, uri=None).launch

    assert launch is not None
    assert (launch.venue, launch.name, launch.symbol) == ("bonk", "", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"txType": "buy"},
        {"txType": None},
        {"pool": "moonshot"},
        {"pool": None},
        {"pool": "bonk", "vSolInBondingCurve": None, "vTokensInBondingCurve": None, "solInPool": 0.992, "tokensInPool": 965739053.104158},
    ],
)
def test_a_launch_whose_price_is_not_told_is_passed_over(changes: dict[str, Any]) -> None:
    told = creation(**changes)

    assert (told.launch, bool(told.skipped)) == (None, True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"vSolInBondingCurve": -1}, "vSolInBondingCurve"),
        ({"vSolInBondingCurve": 0}, "vSolInBondingCurve"),
        ({"vSolInBondingCurve": 1e300}, "vSolInBondingCurve"),
        ({"vTokensInBondingCurve": 0.0000001}, "vTokensInBondingCurve"),
        ({"vSolInBondingCurve": True}, "$.vSolInBondingCurve"),
        ({"mint": "0x123"}, "$.mint"),
        ({"mint": None}, "message"),
        ({"signature": "short"}, "$.signature"),
        ({"name": "x" * 5_000}, "$.name"),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused_by_the_name_of_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        creation(**changes)

    assert refused.value.field == field


def test_a_transfer_is_counted_in_whole_units_of_its_message() -> None:
    assert operation().transfer == BridgeTransfer(
        derive("bridge", "wormhole", "2/0000000000000000000000003ee18b2214aff97000d974cf647e7c347e8fa585/7"),
        NOW,
        "wormhole",
        "ethereum",
        "solana",
        "ethereum:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
        1_032_254_070,
    )


def test_a_token_of_solanas_own_is_told_by_its_mint() -> None:
    transfer = operation(fromChain=1, toChain=30, tokenChain=1, tokenAddress=MINT).transfer

    assert transfer is not None
    assert (transfer.from_chain, transfer.to_chain, transfer.token) == ("solana", "base", MINT)


def test_a_token_whose_address_is_too_long_for_a_label_keeps_an_identity_of_its_own() -> None:
    tokens = [operation(tokenChain=21, tokenAddress="0x" + digit * 64 + "::coin::COIN").transfer for digit in "ab"]

    assert len({one.token for one in tokens if one is not None and one.token.startswith("sui:")}) == 2


@pytest.mark.parametrize(
    "properties",
    [{"fromChain": 2, "toChain": 23}, {"fromChain": 0}, {"amount": ""}, {"amount": "0"}],
)
def test_what_moved_nothing_to_or_from_solana_is_passed_over(properties: dict[str, Any]) -> None:
    told = operation(**properties)

    assert (told.transfer, bool(told.skipped)) == (None, True)


@pytest.mark.parametrize("missing", ["content", "sourceChain"])
def test_an_operation_that_is_not_complete_yet_is_passed_over(missing: str) -> None:
    whole = an_operation(7, NOW_US)

    assert wormhole_operations.told_in(json.dumps(whole | {missing: None}).encode()).skipped == "incomplete"


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"amount": "12.5"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": "\u0661\u0662"}, "amount"),
        ({"amount": "9223372036854775808"}, "amount"),
        ({"amount": "9" * 97}, "$.content.standarizedProperties.amount"),
        ({"amount": 12}, "$.content.standarizedProperties.amount"),
        ({"tokenChain": 1, "tokenAddress": "0xabc"}, "tokenAddress"),
        ({"tokenChain": 1, "tokenAddress": MINT[:-2]}, "tokenAddress"),
        ({"tokenAddress": ""}, "tokenAddress"),
        ({"toChain": 70_000}, "$.content.standarizedProperties.toChain"),
    ],
)
def test_a_transfer_that_makes_no_sense_is_refused_by_the_name_of_its_field(properties: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        operation(**properties)

    assert refused.value.field == field


@pytest.mark.parametrize("text", ["", "2025", "2025-09-14T01:14:16", "now", "2025-13-01T00:00:00Z"])
def test_a_time_without_a_zone_is_none(text: str) -> None:
    with pytest.raises(BadInput, match="no time with a zone"):
        rfc3339_ns(text, "time")


class Node(ChainReader):
    """An RPC host that gives these answers to the question which chain it is of."""

    def __init__(self, *answers: str | Exception) -> None:
        super().__init__(Transport.__new__(Transport), "confirmed")
        self._answers = list(answers)

    async def genesis(self) -> str:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Outside:
    """A source that says one thing."""

    name = "outside"

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        yield Delivery("outside", cursor=cursor)


async def told(*answers: str | Exception) -> list[Delivery]:
    return [delivery async for delivery in OnMainnet(Outside(), Node(*answers)).deliveries(b"c")]


async def test_a_source_outside_speaks_on_mainnet_from_its_cursor_and_on_no_other_chain() -> None:
    assert await told(MAINNET_GENESIS) == [Delivery("outside", cursor=b"c")]
    assert await told(DEVNET_GENESIS) == []
    assert await told("") == []


async def test_a_chain_that_is_not_known_yet_is_asked_for_again_and_not_taken_for_mainnet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "ASK_AGAIN_S", 0.0)

    assert await told(Unavailable("rpc", "away"), BadInput("rpc", "odd"), DEVNET_GENESIS) == []


@pytest.mark.parametrize(
    ("url", "free"),
    [
        ("ws://127.0.0.1:80/x", True),
        ("wss://localhost", True),
        ("http://[::1]:8080", True),
        ("wss://pumpportal.fun/api/data", False),
        ("wss://127.0.0.1.example.com", False),
        ("wss://localhost@example.com", False),
    ],
)
def test_only_a_host_on_this_machine_may_speak_on_any_chain(url: str, free: bool) -> None:
    source = Outside()

    assert (guarded(source, url, Node()) is source) is free


def test_pauses_between_connections_double_with_jitter_up_to_their_longest() -> None:
    pauses = Pauses(Wire("ws://x", 1.0, backoff_s=(1.0, 60.0)))

    drawn = [pauses.after(failures) for failures in (0, 1, 2, 3, 10, 10_000)]

    assert all(longest / 2 <= pause <= longest for pause, longest in zip(drawn, (1, 1, 2, 4, 60, 60), strict=True))
    assert len({pauses.after(1) for _ in range(5)}) == 5
