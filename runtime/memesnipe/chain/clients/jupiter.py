"""Jupiter: prices and swap building (`/price/v3`, `/swap/v2/build`), docs of 2026-08-21.

The host omits mints without a price; here they are None, and so is a price of 0: nothing is ever worth nothing by default. Amounts are
decimal text, instruction data base64. A build is a read: it may be asked again, and each answer is a new quote; sending what was
built is not done here. A bad key is 401 and ends as Refused(API_KEY_REFUSED); no key at all is fine, and slow.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Reply, Transport, bad_input, parsed, reading
from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.logs import logger
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import AMOUNT_MAX, Bps, Pubkey, Slot

MINTS_MAX = 50
WINDOW_S = 60.0
"""The host counts calls in a sliding window of this length, for the account and over all endpoints (https://dev.jup.ag/docs/portal/rate-limits)."""
KEYLESS_RATE = Rate(per_s=0.5, burst=1, reserved=0)
KEYED_RATE = Rate(per_s=10.0, burst=10, reserved=2)
KEY_VARIABLE = "MEMESNIPE_JUPITER_API_KEY"
NO_ROUTE_WORDS = ("NO_ROUTES_FOUND", "COULD_NOT_FIND_ANY_ROUTE", "TOKEN_NOT_TRADABLE", "CIRCULAR_ARBITRAGE_IS_DISABLED")

Amount = Annotated[str, Meta(max_length=19, pattern=r"^[0-9]+\Z")]
Height = Annotated[int, Meta(ge=0, le=2**53)]
Byte = Annotated[int, Meta(ge=0, le=255)]


class Price(msgspec.Struct, frozen=True, rename="camel"):
    """One mint's price. A float: a statistic for deciding, never money."""

    usd_price: Annotated[float, Meta(ge=0, le=1e12)]
    block_id: Slot | None = None
    decimals: Annotated[int, Meta(ge=0, le=19)] = 6
    liquidity: Annotated[float, Meta(ge=0, le=1e15)] | None = None


class AccountMeta(msgspec.Struct, frozen=True, rename="camel"):
    """An account of an instruction."""

    pubkey: Pubkey
    is_signer: bool
    is_writable: bool


class Instruction(msgspec.Struct, frozen=True, rename="camel"):
    """An instruction as Jupiter proposes it; nothing in it is trusted."""

    program_id: Pubkey
    accounts: Annotated[tuple[AccountMeta, ...], Meta(max_length=256)]
    data: Annotated[bytes, Meta(max_length=1_232)]


class BlockhashWithMetadata(msgspec.Struct, frozen=True, rename="camel"):
    """The blockhash to build on, as 32 numbers, and the last height it is valid at."""

    blockhash: Annotated[tuple[Byte, ...], Meta(min_length=32, max_length=32)]
    last_valid_block_height: Height


class Build(msgspec.Struct, frozen=True, rename="camel"):
    """A quote and the instructions of its swap."""

    input_mint: Pubkey
    in_amount: Amount
    output_mint: Pubkey
    out_amount: Amount
    other_amount_threshold: Amount
    slippage_bps: Bps
    swap_instruction: Instruction
    blockhash_with_metadata: BlockhashWithMetadata
    compute_budget_instructions: Annotated[tuple[Instruction, ...], Meta(max_length=8)] = ()
    setup_instructions: Annotated[tuple[Instruction, ...], Meta(max_length=16)] = ()
    cleanup_instruction: Instruction | None = None
    other_instructions: Annotated[tuple[Instruction, ...], Meta(max_length=16)] = ()
    tip_instruction: Instruction | None = None
    addresses_by_lookup_table_address: dict[Pubkey, Annotated[tuple[Pubkey, ...], Meta(max_length=256)]] | None = None
    price_impact_pct: Annotated[str, Meta(max_length=64)] | None = None
    context_slot: Slot | None = None


class _Failure(msgspec.Struct, frozen=True, rename="camel"):
    error: str = ""
    error_code: str | int = ""
    message: str = ""


_PRICES = msgspec.json.Decoder(dict[Pubkey, msgspec.Raw])
_UNPRICED = msgspec.Raw(b"null")
_PRICE: "msgspec.json.Decoder[Price | None]" = msgspec.json.Decoder(Price | None)
_BUILD = msgspec.json.Decoder(Build)
_FAILURE = msgspec.json.Decoder(_Failure)


class Jupiter:
    """One Jupiter host."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str, api_key: str = "", rate: Rate | None = None, timeout_s: float = 5.0) -> "Jupiter":
        """Return a client; without a key the host allows one call in two seconds."""
        headers = {"x-api-key": api_key} if api_key else {}
        rate = msgspec.structs.replace(rate or (KEYED_RATE if api_key else KEYLESS_RATE), window_s=WINDOW_S)
        return cls(Transport("jupiter", url, rate=rate, headers=headers, timeout_s=timeout_s, key_variable=KEY_VARIABLE))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def prices(self, mints: Sequence[str]) -> dict[str, Price | None]:
        """Return the price of each mint, of at most 50; None: unpriced. Raises Unavailable, Refused(API_KEY_REFUSED), BadInput."""
        asked = mints[:MINTS_MAX]
        reply = await reading(lambda: self._transport.get("/price/v3", {"ids": ",".join(asked)}, call="price"))
        self._require_ok(reply)
        return _prices(asked, parsed("jupiter.price", reply.body, _PRICES))

    async def build(
        self, *, input_mint: str, output_mint: str, amount: int, taker: str, slippage_bps: int, lane: Lane = Lane.NORMAL
    ) -> Build:
        """Return a fresh quote with its instructions.

        Raises Refused(NO_ROUTE, API_KEY_REFUSED), Unavailable, BadInput (another swap than asked).
        """
        params: dict[str, str | int] = {
            "inputMint": input_mint,
            "outputMint": output_mint,
            "amount": amount,
            "taker": taker,
            "slippageBps": slippage_bps,
        }
        reply = await reading(lambda: self._transport.get("/swap/v2/build", params, call="build", lane=lane))
        self._require_ok(reply)
        build = parsed("jupiter.build", reply.body, _BUILD)
        _require_what_was_asked(build, input_mint, output_mint, amount)
        return build

    def _require_ok(self, reply: Reply) -> None:
        if reply.status == 200:
            return
        try:
            failure = _FAILURE.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            failure = _Failure()
        said = f"{failure.error_code} {failure.error} {failure.message}".strip()[:200]
        if any(word in said for word in NO_ROUTE_WORDS):
            raise Refused(ReasonCode.NO_ROUTE, said)
        raise bad_input("jupiter", "status", f"HTTP {reply.status} {said}")


def _prices(asked: Sequence[str], told: dict[str, msgspec.Raw]) -> dict[str, Price | None]:
    """Return what is good of an answer: one token's nonsense must not hide the prices that other tokens' stops wait for.

    Raises BadInput where nothing is good.
    """
    prices: dict[str, Price | None] = dict.fromkeys(asked)
    broken = []
    for mint in asked:
        try:
            prices[mint] = _price(told.get(mint, _UNPRICED))
        except BadInput as error:
            logger().warning("bad_input", source="jupiter.price", mint=mint, field=error.field[:64], reason=error.reason[:256])
            broken.append(error)
    if broken and not any(prices.values()):
        raise broken[0]
    return prices


def _price(raw: msgspec.Raw) -> Price | None:
    try:
        price = strict_json.decode(_PRICE, bytes(raw))
    except BadInput as error:
        raise bad_input("jupiter.price", error.field.replace("$", "$[...]", 1), error.reason) from None
    return price if price is not None and price.usd_price > 0 else None


def _require_what_was_asked(build: Build, input_mint: str, output_mint: str, amount: int) -> None:
    """A quote for another pair or size than asked is a lie, or a bug that would trade the wrong thing."""
    if (build.input_mint, build.output_mint) != (input_mint, output_mint):
        raise bad_input("jupiter", "inputMint", "the quote is for another pair")
    if int(build.in_amount) != amount:
        raise bad_input("jupiter", "inAmount", f"{build.in_amount} instead of {amount}")
    if not (0 < int(build.other_amount_threshold) <= int(build.out_amount) <= AMOUNT_MAX):
        raise bad_input("jupiter", "otherAmountThreshold", "not within 1..outAmount")
