"""Honest swap transactions in all their forms: what a mutation starts from, and what must be signed untouched."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from random import Random
from typing import Any

import msgspec
from solders.address_lookup_table_account import AddressLookupTable, AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey

from memesnipe.approvals.keys import SigningKey
from memesnipe.chain import programs
from memesnipe.chain.policy import sells
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.messages.signing import LookupTable, SwapTransaction
from memesnipe.testing import routes, swaps
from memesnipe.testing.builders import SOL, a_sale, an_exit, an_intent
from memesnipe.testing.swaps import TOKEN, TOKEN_2022, Parts, World

ROUTES = tuple(routes.ROLES)
SIDES = ("buy", "sale", "exit")
FORMS = ("legacy", "v0", "v0 with a table")
TIPS = (None, swaps.TIP_ACCOUNT, Pubkey.from_string(programs.HELIUS_TIP_ACCOUNTS[0]))
CAPS = {"spend_lamports_per_hour_max": 10**15, "spend_lamports_per_day_max": 10**15}
"""Wide windows: thousands of mutants share one wallet, and each must meet its own check."""


class Shape(msgspec.Struct, frozen=True):
    """One form of an honest transaction."""

    side: str
    route: str
    form: str
    token_program: Pubkey
    tip: Pubkey | None
    priced: bool

    def __str__(self) -> str:
        token = "Token-2022" if self.token_program == TOKEN_2022 else "Token"
        extras = " tip" * (self.tip is not None) + " price" * self.priced
        return f"{self.side} {self.route} {self.form} {token}{extras}"


def drawn(rng: Random) -> Shape:
    """Return a shape by chance."""
    return Shape(
        rng.choice(SIDES), rng.choice(ROUTES), rng.choice(FORMS), rng.choice((TOKEN, TOKEN_2022)), rng.choice(TIPS), rng.random() < 0.8
    )


def world_of(seed: int) -> World:
    """Return a world whose keys follow from the seed: the same corpus, byte for byte, each time."""
    wallet, risk, guard, lease = (hashlib.sha256(f"{role} {seed}".encode()).digest() for role in ("wallet", "risk", "guard", "lease"))
    return World(Keypair.from_seed(wallet), SigningKey(risk), SigningKey(guard), SigningKey(lease))


class Honest:
    """One honest order with its transaction, and the ways to make another one of it. Every request carries fresh approvals of its bytes."""

    def __init__(self, world: World, shape: Shape, rng: Random, name: str) -> None:
        self.world, self.shape, self.rng = world, shape, rng
        self.intent: Intent = _intent(shape.side, name, rng)

    @property
    def wallet(self) -> Pubkey:
        """Our wallet."""
        return self.world.wallet

    @property
    def mint(self) -> Pubkey:
        """The order's token."""
        return Pubkey.from_string(self.intent.mint)

    @property
    def buys(self) -> bool:
        """Whether SOL is given."""
        return not sells(self.intent)

    @property
    def in_amount(self) -> int:
        """What the order gives (base units)."""
        return self.numbers.in_amount

    @property
    def numbers(self) -> routes.Numbers:
        """The route's honest numbers."""
        return routes.numbers_of(self.intent)

    @property
    def table(self) -> LookupTable:
        """A table of the pool's accounts."""
        return swaps.a_table()

    @cached_property
    def parts(self) -> Parts:
        """The honest instructions."""
        parts = swaps.a_swap(self.intent, self.wallet, token_program=self.shape.token_program)
        tip = swaps.pay(self.wallet, self.shape.tip, swaps.TIP) if self.shape.tip else None
        return msgspec.structs.replace(parts, swap=self.swap(), tip=tip, price=parts.price if self.shape.priced else None)

    def swap(self, *, accounts: dict[str, Pubkey] | None = None, data: bytes | None = None, **changes: Any) -> Instruction:
        """Return the route: `accounts` by role, whole `data`, `pool` or `program` changed; else a change of its numbers."""
        others = {key: changes.pop(key) for key in ("pool", "program") if key in changes}
        route, numbers = self.shape.route, msgspec.structs.replace(self.numbers, **changes)
        named = routes.accounts_of(route, self.intent, self.wallet, self.shape.token_program) | (accounts or {})
        return routes.route_of(route, routes.data_of(route, numbers) if data is None else data, named, self.wallet, **others)

    def message(
        self, instructions: Sequence[Instruction] | None = None, *, payer: Pubkey | None = None, table: LookupTable | None = None
    ) -> bytes:
        """Return the message bytes in the shape's form; `table` is looked up in, whatever the form."""
        calls, payer, blockhash = list(instructions or self.parts.instructions()), payer or self.wallet, Hash(self.rng.randbytes(32))
        if self.shape.form == "legacy" and table is None:
            return bytes(Message.new_with_blockhash(calls, payer, blockhash))
        tables = [table] if table else list(self.tables)
        lookups = [
            AddressLookupTableAccount(Pubkey.from_string(each.key), AddressLookupTable.deserialize(data_of(each)).addresses)
            for each in tables
        ]
        return bytes(to_bytes_versioned(MessageV0.try_compile(payer, calls, lookups, blockhash)))

    @property
    def tables(self) -> tuple[LookupTable, ...]:
        """The tables that go with the form."""
        return (self.table,) if self.shape.form == "v0 with a table" else ()

    def request(self, message: bytes | None = None, **changes: Any) -> SwapTransaction:
        """Return a request with fresh approvals over its bytes and tables; `changes` go to `World.a_request`."""
        mint = swaps.a_mint(self.shape.token_program) if self.buys else None
        given: dict[str, Any] = {"tables": self.tables, "lease": self.lease(), "mint": mint, **changes}
        return self.world.a_request(self.intent, message=self.message() if message is None else message, **given)

    def lease(self, **changes: Any) -> bytes:
        """Return a lease that lets the order pass."""
        return self.world.a_lease(**{**CAPS, **changes})

    def replaced(self, **parts: Instruction | None) -> SwapTransaction:
        """Return a request with instructions replaced or left out."""
        return self.request(self.message(msgspec.structs.replace(self.parts, **parts).instructions()))

    def with_extra(self, *extra: Instruction) -> SwapTransaction:
        """Return a request with more instructions, somewhere among the others."""
        calls = self.parts.instructions()
        at = self.rng.randrange(len(calls) + 1)
        return self.request(self.message([*calls[:at], *extra, *calls[at:]]))

    def key(self) -> Pubkey:
        """Return a stranger's address."""
        return Pubkey(self.rng.randbytes(32))


def data_of(table: LookupTable) -> bytes:
    """Return a table's account data."""
    if not isinstance(table.data, bytes):
        raise TypeError("a table of the older form cannot be compiled with")
    return table.data


def _intent(side: str, name: str, rng: Random) -> Intent:
    mint = str(Pubkey(rng.randbytes(32)))
    if side == "buy":
        return an_intent(
            id=f"intent-{name}", mint=mint, size_lamports=rng.randrange(SOL // 100, 2 * SOL), slippage_bps_max=rng.randrange(50, 1_000)
        )
    make: Any = a_sale if side == "sale" else an_exit
    made: Intent = make(id=f"intent-{name}", mint=mint, size_units=rng.randrange(10**9, 10**13), slippage_bps_max=rng.randrange(50, 1_000))
    return made


def is_exit(honest: Honest) -> bool:
    """Return whether the order is a protective exit."""
    return isinstance(honest.intent, ExitIntent)
