"""Real swap transactions, byte for byte, and a signer's world around them: keys, leases, approvals, requests.

A test takes the honest parts, changes one thing and sees who refuses. Built with solders from the wire formats, without any code of
`chain.build`, so that the policy is not tested against its own assumptions.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from struct import pack
from typing import Any

import msgspec
from solders.address_lookup_table_account import AddressLookupTable, AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from memesnipe.approvals import approve, leases
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.chain import programs
from memesnipe.chain.policy import price_floor, sells
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.messages.signing import Lease, LookupTable, MintAccount, SwapTransaction
from memesnipe.testing import mints
from memesnipe.testing.builders import GENESIS, POLICY_HASH, SOL, SPEC_HASH, START_NS, an_intent

NOW_NS = START_NS + NS_PER_S
WSOL = Pubkey.from_string(programs.WRAPPED_SOL_MINT)
TOKEN = Pubkey.from_string(programs.TOKEN_PROGRAM)
TOKEN_2022 = Pubkey.from_string(programs.TOKEN_2022_PROGRAM)
SYSTEM = Pubkey.from_string(programs.SYSTEM_PROGRAM)
JUPITER = Pubkey.from_string(programs.JUPITER_PROGRAM)
ATA = Pubkey.from_string(programs.ATA_PROGRAM)
EVENT_AUTHORITY = Pubkey.from_string(programs.JUPITER_EVENT_AUTHORITY)
TIP_ACCOUNT = Pubkey.from_string(programs.JITO_TIP_ACCOUNTS[0])
STRANGER = Pubkey.from_string("5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1")
POOL = tuple(Pubkey.from_bytes(bytes([9, number]) + bytes(30)) for number in range(6))
"""The pool's own accounts: the only ones that may come from a lookup table."""
UNITS, PRICE, TIP = 300_000, 100_000, 10_000
PRIORITY_FEE = 30_000
"""ceil(UNITS x PRICE / 10^6)."""


def ata(owner: Pubkey, mint: Pubkey, token_program: Pubkey = TOKEN) -> Pubkey:
    """Return the associated token account."""
    return Pubkey.find_program_address([bytes(owner), bytes(token_program), bytes(mint)], ATA)[0]


class Parts(msgspec.Struct, frozen=True):
    """The instructions of a swap in their order; None leaves one out. Replace one to make a poisoned transaction."""

    limit: Instruction | None
    price: Instruction | None
    create_wrapped: Instruction | None
    create_token: Instruction | None
    wrap: Instruction | None
    sync: Instruction | None
    swap: Instruction | None
    close: Instruction | None
    tip: Instruction | None
    extra: tuple[Instruction, ...] = ()

    def instructions(self) -> list[Instruction]:
        """Return what is not left out."""
        *single, extra = msgspec.structs.astuple(self)
        return [each for each in (*single, *extra) if each is not None]


def a_swap(intent: Intent, wallet: Pubkey, *, token_program: Pubkey = TOKEN, **swap: Any) -> Parts:
    """Return the honest parts of an order's swap; `swap` goes to `a_route_v2`."""
    mint = Pubkey.from_string(intent.mint)
    wrapped = ata(wallet, WSOL)
    buys = not sells(intent)
    return Parts(
        limit=set_compute_unit_limit(UNITS),
        price=set_compute_unit_price(PRICE),
        create_wrapped=create_account(wallet, wallet, WSOL, TOKEN),
        create_token=create_account(wallet, wallet, mint, token_program) if buys else None,
        wrap=pay(wallet, wrapped, _in_amount(intent)) if buys else None,
        sync=Instruction(TOKEN, b"\x11", [AccountMeta(wrapped, False, True)]) if buys else None,
        swap=a_route_v2(intent, wallet, token_program=token_program, **swap),
        close=Instruction(TOKEN, b"\x09", [AccountMeta(wrapped, False, True), AccountMeta(wallet, False, True), _signer(wallet)]),
        tip=pay(wallet, TIP_ACCOUNT, TIP),
    )


def pay(giver: Pubkey, taker: Pubkey, lamports: int) -> Instruction:
    """Return a System transfer."""
    return transfer(TransferParams(from_pubkey=giver, to_pubkey=taker, lamports=lamports))


def create_account(payer: Pubkey, owner: Pubkey, mint: Pubkey, token_program: Pubkey, account: Pubkey | None = None) -> Instruction:
    """Return `createIdempotent` of an associated token account."""
    keys = (account or ata(owner, mint, token_program), owner, mint, SYSTEM, token_program)
    metas = [AccountMeta(key, False, number == 0) for number, key in enumerate(keys)]
    return Instruction(ATA, b"\x01", [AccountMeta(payer, True, True), *metas])


def a_route_v2(
    intent: Intent,
    wallet: Pubkey,
    *,
    token_program: Pubkey = TOKEN,
    in_amount: int | None = None,
    quoted_out: int | None = None,
    slippage_bps: int | None = None,
    platform_fee_bps: int = 0,
    positive_slippage_bps: int = 0,
    program: Pubkey = JUPITER,
    accounts: dict[int, Pubkey] | None = None,
) -> Instruction:
    """Return Jupiter's `route_v2`; `accounts` replaces accounts by their place."""
    amount = _in_amount(intent) if in_amount is None else in_amount
    slippage = intent.slippage_bps_max if slippage_bps is None else slippage_bps
    numbers = (amount, quoted(intent) if quoted_out is None else quoted_out, slippage, platform_fee_bps, positive_slippage_bps, 1)
    data = programs.JUPITER_ROUTE_V2 + pack("<QQHHHI", *numbers) + bytes([7, 0x10, 0x27, 0, 1])
    source, destination, source_mint, destination_mint, programs_of = _sides(intent, wallet, token_program)
    keys = [wallet, source, destination, source_mint, destination_mint, *programs_of, JUPITER, EVENT_AUTHORITY, JUPITER, *POOL]
    for place, key in (accounts or {}).items():
        keys[place] = key
    writable = {1, 2, *range(10, len(keys))}
    metas = [AccountMeta(key, place == 0 and key == wallet, place in writable) for place, key in enumerate(keys)]
    return Instruction(program, data, metas)


def a_route_v1(intent: Intent, wallet: Pubkey, *, steps: bytes = bytes([7, 100, 0, 1]), count: int = 1, tail: bytes = b"") -> Instruction:
    """Return Jupiter's older `route`; its numbers stand behind the plan. `tail` is appended, which the program would ignore."""
    numbers = pack("<QQHB", _in_amount(intent), quoted(intent), intent.slippage_bps_max, 0)
    data = programs.JUPITER_ROUTE + pack("<I", count) + steps + numbers + tail
    source, destination, _, destination_mint, _ = _sides(intent, wallet, TOKEN)
    keys = [TOKEN, wallet, source, destination, JUPITER, destination_mint, JUPITER, EVENT_AUTHORITY, JUPITER, *POOL]
    return Instruction(JUPITER, data, [AccountMeta(key, key == wallet, place in (2, 3)) for place, key in enumerate(keys)])


def quoted(intent: Intent) -> int:
    """Return what the order's own price promises, without any loss (out base units)."""
    return price_floor(msgspec.structs.replace(intent, slippage_bps_max=0), 0)


def compiled(parts: Parts, wallet: Pubkey, *, tables: Sequence[LookupTable] = (), blockhash: int = 1) -> bytes:
    """Return the v0 message of the parts."""
    lookups = [AddressLookupTableAccount(Pubkey.from_string(table.key), list(_listed(table))) for table in tables]
    return bytes(to_bytes_versioned(MessageV0.try_compile(wallet, parts.instructions(), lookups, _hash(blockhash))))


def compiled_legacy(parts: Parts, wallet: Pubkey) -> bytes:
    """Return the legacy message of the parts."""
    return bytes(Message.new_with_blockhash(parts.instructions(), wallet, _hash(1)))


def a_table(*addresses: Pubkey) -> LookupTable:
    """Return a lookup table as on chain; of the pool's accounts without any given."""
    return LookupTable(str(Pubkey.from_bytes(bytes([8] * 32))), table_data(*(addresses or POOL)))


def a_mint(token_program: Pubkey = TOKEN, *, data: bytes | None = None) -> MintAccount:
    """Return the account of a harmless token."""
    return MintAccount(str(token_program), mints.mint() if data is None else data)


def table_data(*addresses: Pubkey, deactivated: int = 2**64 - 1) -> bytes:
    """Return a lookup table account's data: state, deactivation slot, last extension, authority, padding, addresses."""
    return pack("<IQQBB32sH", 1, deactivated, 0, 0, 1, bytes(32), 0) + b"".join(map(bytes, addresses))


def _listed(table: LookupTable) -> Sequence[Pubkey]:
    if not isinstance(table.data, bytes):
        raise TypeError("a table of the older form cannot be compiled with")
    return AddressLookupTable.deserialize(table.data).addresses


CLEAN_MINT = a_mint()
"""What a buy carries unless a test says otherwise; a sell carries none."""


class World(msgspec.Struct, frozen=True):
    """The keys around one signer, and requests as an honest guard would make them."""

    keypair: Keypair
    risk: SigningKey
    guard: SigningKey
    lease: SigningKey

    def __repr__(self) -> str:
        return f"World({self.wallet})"

    @classmethod
    def make(cls) -> "World":
        """Return a world with fresh keys."""
        return cls(Keypair(), *(SigningKey(os.urandom(32)) for _ in range(3)))

    @property
    def wallet(self) -> Pubkey:
        """The wallet's address."""
        return self.keypair.pubkey()

    @property
    def trusted(self) -> TrustedKeys:
        """The public halves, by role."""
        return TrustedKeys(self.risk.verify_key, self.guard.verify_key, self.lease.verify_key)

    def write(self, data_dir: Path) -> Path:
        """Write trusted.json and the wallet file as the signer reads them; return the wallet file."""
        self.trusted.save(data_dir / "keys" / "trusted.json")
        wallet_file = data_dir / "wallet.json"
        wallet_file.touch(mode=0o600)
        wallet_file.write_text(self.keypair.to_json())
        return wallet_file

    def a_lease(self, **changes: Any) -> bytes:
        """Return a live lease of `momentum`'s, sealed."""
        lease = Lease(
            "momentum", Mode.LIVE, SPEC_HASH, POLICY_HASH, GENESIS, 0, False, NOW_NS - NS_PER_S, NOW_NS + 60 * NS_PER_S,
            5 * SOL, SOL // 100, SOL // 100, 20 * SOL, 50 * SOL,
        )  # fmt: skip
        return leases.grant(msgspec.structs.replace(lease, **changes), self.lease)

    def a_request(
        self,
        intent: Intent | None = None,
        *,
        parts: Parts | None = None,
        message: bytes | None = None,
        attempt: int = 1,
        tables: tuple[LookupTable, ...] = (),
        min_out: int | None = None,
        height: int | None = None,
        mint: MintAccount | None = CLEAN_MINT,
        lease: bytes | None = None,
        now_ns: int = NOW_NS,
        risk: dict[str, Any] | None = None,
        guard: dict[str, Any] | None = None,
        **changes: Any,
    ) -> SwapTransaction:
        """Return a whole request; `risk`, `guard` change what each approves, `changes` the request after it was approved."""
        intent = intent or an_intent()
        if message is None:
            message = compiled(parts or a_swap(intent, self.wallet), self.wallet, tables=tables)
        common = {
            "mode": Mode.LIVE,
            "genesis": GENESIS,
            "policy_hash": POLICY_HASH,
            "halt_epoch": 0,
            "now_ns": now_ns,
            "ttl_ns": 30 * NS_PER_S,
        }
        risk_approval = approve.approve_risk(intent, **{**common, "key": self.risk, **(risk or {})})
        floor = quoted(intent) * (10_000 - intent.slippage_bps_max) // 10_000
        request = SwapTransaction(
            intent, attempt, message, 1_000 + attempt if height is None else height, floor if min_out is None else min_out, tables,
            risk_approval, b"", self.a_lease() if lease is None else lease, mint=None if mint is CLEAN_MINT and sells(intent) else mint,
        )  # fmt: skip
        of_bytes = {"attempt": attempt, "message": message, "tables": tables, "risk_approval": risk_approval}
        approved = {**common, **of_bytes, "stated": approve.stated_digest(request), "key": self.guard, **(guard or {})}
        return msgspec.structs.replace(request, **{"guard_approval": approve.approve_guard(intent, **approved), **changes})


def _in_amount(intent: Intent) -> int:
    return intent.size_units if sells(intent) or isinstance(intent, ExitIntent) else intent.size_lamports


def _sides(intent: Intent, wallet: Pubkey, token_program: Pubkey) -> tuple[Pubkey, Pubkey, Pubkey, Pubkey, tuple[Pubkey, Pubkey]]:
    mint = Pubkey.from_string(intent.mint)
    token, sol = (ata(wallet, mint, token_program), mint, token_program), (ata(wallet, WSOL), WSOL, TOKEN)
    give, take = (token, sol) if sells(intent) else (sol, token)
    return give[0], take[0], give[1], take[1], (give[2], take[2])


def _signer(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, True, False)


def _hash(number: int) -> Hash:
    return Hash.from_bytes(bytes([number]) * 32)
