"""What is fuzzed: every decoder of bytes that a stranger may have written, its seeds, and what it may raise.

A target takes bytes and returns nothing. It may raise one of `allowed` and nothing else; what it asserts beside that is written in
it: what was decoded encodes to the same bytes again, two readers of one wire format agree, and a yes is only ever given to the order.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from memesnipe.approvals import approve, leases
from memesnipe.approvals.dsse import seal, unseal
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.chain import policy, programs
from memesnipe.chain.clients import json_rpc, jupiter, rpc_types
from memesnipe.chain.decode import decode_message, read_transaction
from memesnipe.chain.token_rules import TokenRules, check_token, mint_facts
from memesnipe.consumers.sources.subscription import notice_of
from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput, ConfigError, MemeSnipeError, Refused
from memesnipe.localnet import message as localnet
from memesnipe.manifests.reading import parse, understand
from memesnipe.market.pumpfun_events import CREATE, TRADE
from memesnipe.market.pumpfun_events import decode as decode_event
from memesnipe.market.pumpfun_ticks import event_of
from memesnipe.messages import codec, control, decisions, orders, pairs, signing
from memesnipe.messages.bounds import Mode
from memesnipe.messages.market import MarketFrame
from memesnipe.testing import builders, mints, swaps
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

KEYS = [SigningKey(bytes([number]) * 32) for number in (1, 2, 3)]
TRUSTED = TrustedKeys(*(key.verify_key for key in KEYS))
INTENT = builders.an_intent(id="fuzz", event_id="tick")
WALLET = Pubkey.from_bytes(bytes([7]) * 32)
TABLE = swaps.a_table()
PARTS = swaps.a_swap(INTENT, WALLET)
TERMS = policy.terms_of(
    INTENT,
    wallet=WALLET,
    min_out=swaps.quoted(INTENT) * 97 // 100,
    limits=policy.Limits(priority_fee_lamports_max=builders.SOL // 100, tip_lamports_max=builders.SOL // 100),
)


class Broken(Exception):  # noqa: N818 - says what was found
    """A decoder said something that cannot be true."""


def require(holds: bool) -> None:
    """Raise Broken: the trace names the line."""
    if not holds:
        raise Broken


class Target(msgspec.Struct, frozen=True):
    """One decoder or a few that read the same bytes."""

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    allowed: tuple[type[MemeSnipeError], ...]

    def __call__(self, data: bytes) -> None:
        """Run it; what may be raised is passed over."""
        try:
            self.run(data)
        except self.allowed:
            return


# Transactions: what we are asked to sign, what landed, and the localnet's own reader of the same wire format.
def transactions(data: bytes) -> None:
    """A message passes the policy only if it is the order; both readers of whole transactions see the same accounts."""
    try:
        summary = policy.check(data, (TABLE,), TERMS)
    except Refused:
        summary = None
    if summary is not None:
        require(summary.swap.in_amount == INTENT.size_lamports)
        require(summary.swap.enforced_out >= TERMS.out_min)
    try:
        decode_message(data, (TABLE,))
    finally:
        _landed(data)


def _landed(data: bytes) -> None:
    try:
        ours = read_transaction(data)
    except Refused:
        return
    theirs = localnet.parse(data).message
    require([str(key) for key in ours.keys] == [str(key) for key in theirs.account_keys])


def routes(data: bytes) -> None:
    """The first byte says how many of the honest accounts a Jupiter instruction has, the rest is its data."""
    honest = swaps.a_route_v2(INTENT, WALLET)
    route = Instruction(honest.program_id, data[1:], honest.accounts[: data[0] % 40] if data else [])
    message = swaps.compiled(msgspec.structs.replace(PARTS, swap=route), WALLET)
    summary = policy.check(message, (), TERMS)
    require(summary.swap.in_amount == INTENT.size_lamports)
    require(summary.swap.enforced_out >= TERMS.out_min)


# Approvals and leases: as an envelope from anywhere, and as a payload that the right key signed.
def approvals(data: bytes) -> None:
    """Bytes that nobody signed are never an approval; what a pinned key signed is one, or refused."""
    for envelope, kind, key in ((data, signing.APPROVAL_TYPE, KEYS[0]), (data, signing.LEASE_TYPE, KEYS[2])):
        try:
            payload = unseal(envelope, kind, (key.verify_key,))
        except Refused:
            continue
        require(seal(kind, payload, key) == envelope)
    _payload(data)


def _payload(data: bytes) -> None:
    checks: tuple[Callable[[], object], ...] = (
        lambda: approve.check_risk(seal(signing.APPROVAL_TYPE, data, KEYS[0]), INTENT, TRUSTED, builders.START_NS),
        lambda: leases.check(seal(signing.LEASE_TYPE, data, KEYS[2]), TRUSTED, builders.START_NS),
    )
    for check in checks:
        try:
            check()
        except Refused:
            continue


# Messages of the bus and of the signer's door.
MESSAGES: tuple[Any, ...] = (
    MarketFrame, orders.OrderIntent, orders.ExitIntent, orders.Intent, orders.ApprovedOrder, orders.Outcome, control.HaltCommand,
    control.CloseRequest, control.ConfigApplied, control.StrategyRegistered, control.AllocationDecision, control.PositionUpdate,
    control.Holdings, signing.Approval, signing.Lease, signing.SwapTransaction, signing.EarlierSignature, signing.SignedTransaction,
    pairs.Pair, decisions.Decision,
)  # fmt: skip


def messages(data: bytes) -> None:
    """The first byte names the type; what is read comes back the same after it was written."""
    if not data:
        return
    kind = MESSAGES[data[0] % len(MESSAGES)]
    message = codec.decode(kind, data[1:])
    require(codec.decode(kind, codec.encode(message)) == message)


# Answers of hosts, as JSON.
ANSWERS: tuple[Any, ...] = (
    json_rpc.Envelope, rpc_types.SignatureStatuses, rpc_types.Landed, rpc_types.Simulation, rpc_types.Accounts, rpc_types.LatestBlockhash,
    rpc_types.Balance, rpc_types.PriorityFees, rpc_types.LargestAccounts, jupiter.Build, dict[str, jupiter.Price | None],
)  # fmt: skip
_DECODERS = tuple(msgspec.json.Decoder(kind) for kind in ANSWERS)


def answers(data: bytes) -> None:
    """The first byte names the answer; strict reading refuses what two readers could read differently."""
    if data:
        strict_json.decode(_DECODERS[data[0] % len(_DECODERS)], data[1:])


def notifications(data: bytes) -> None:
    """A WebSocket message is a transaction, no transaction, or bad input."""
    notice_of(data)


def events(data: bytes) -> None:
    """A pump.fun event becomes a market event or bad input."""
    seen = decode_event(data)
    if seen is not None and (event := event_of(seen, "5" * 64, 0, 1)) is not None:
        codec.decode(MarketFrame, codec.encode(MarketFrame((event,))))


# Tokens: raw accounts.
def tokens(data: bytes) -> None:
    """A mint's bytes are read or refused."""
    for program in (programs.TOKEN_PROGRAM, programs.TOKEN_2022_PROGRAM):
        try:
            check_token(mint_facts(program, data), TokenRules())
        except Refused:
            continue


def manifests(data: bytes) -> None:
    """A file is manifests or a ConfigError: no alias, no bomb, no key twice."""
    parse(data, "fuzz.yaml")
    understand({"fuzz.yaml": data})


def _message_seeds() -> Iterable[bytes]:
    world = swaps.World(Keypair.from_seed(bytes([9]) * 32), *KEYS)
    request = world.a_request(INTENT, tables=(TABLE,))
    values: tuple[Any, ...] = (
        builders.a_frame(), INTENT, builders.an_exit(), builders.a_sale(), builders.an_approved(), builders.a_fill(), builders.a_halt(),
        control.CloseRequest("close-1", "momentum", builders.MINT, "me", builders.START_NS), builders.a_config(),
        builders.a_position(), builders.a_pair(), builders.a_decision(), a_lease(), builders.a_rejection(), request,
        world.a_request(builders.an_exit()), signing.EarlierSignature("fuzz", 1, "5" * 88, 7),
        signing.SignedTransaction("fuzz", 1, "5" * 88, request.message, 7),
        codec.decode(signing.Approval, unseal(request.guard_approval, signing.APPROVAL_TYPE, (KEYS[1].verify_key,))),
    )  # fmt: skip
    for number, kind in enumerate(MESSAGES):
        for value in values:
            try:
                codec.decode(kind, codec.encode(value))
            except BadInput:
                continue
            yield bytes([number]) + codec.encode(value)


def _answer_seeds() -> Iterable[bytes]:
    key = builders.MINT
    call = jupiter.Instruction(key, (jupiter.AccountMeta(key, False, True),), b"data")
    life = jupiter.BlockhashWithMetadata((7,) * 32, 1_150)
    held = rpc_types.TokenBalance(0, key, rpc_types.UiAmount("5", 6), key)
    meta = rpc_types.TransactionMeta(None, 5_000, (1,), (2,), (held,), (held,), rpc_types.LoadedAddresses((key,), ()), ("log",), 7)
    values: tuple[Any, ...] = (
        jupiter.Build(key, "1", key, "2", "2", 300, call, life, (call,), (call,), call),
        rpc_types.Landed(7, ("AA==", "base64"), meta),
        {key: jupiter.Price(1.5)},
    )  # fmt: skip
    for kind, value in zip((jupiter.Build, rpc_types.Landed, dict[str, jupiter.Price | None]), values, strict=True):
        yield bytes([ANSWERS.index(kind)]) + msgspec.json.encode(value)
    yield b'\x00{"result":{},"error":null}'
    yield b"\x01" + _STATUS


def a_lease() -> signing.Lease:
    """Return a live lease of the builders' strategy."""
    now, sol = builders.START_NS, builders.SOL
    names = (builders.SPEC_HASH, builders.POLICY_HASH, builders.GENESIS)
    return signing.Lease("momentum", Mode.LIVE, *names, 0, False, now, now + 10**9, sol, 1, 1, sol, sol)


def _approval_seeds() -> Iterable[bytes]:
    common: dict[str, Any] = {"mode": Mode.LIVE, "genesis": builders.GENESIS, "policy_hash": builders.POLICY_HASH, "halt_epoch": 0}
    risk = approve.approve_risk(INTENT, **common, now_ns=builders.START_NS, ttl_ns=10**9, key=KEYS[0])
    yield risk
    yield unseal(risk, signing.APPROVAL_TYPE, (KEYS[0].verify_key,))
    yield codec.encode(a_lease())
    yield leases.grant(a_lease(), KEYS[2])


def _route_seeds() -> Iterable[bytes]:
    newer, older = swaps.a_route_v2(INTENT, WALLET), swaps.a_route_v1(INTENT, WALLET)
    yield bytes([len(newer.accounts)]) + bytes(newer.data)
    shared = (programs.JUPITER_SHARED_ACCOUNTS_ROUTE_V2, programs.JUPITER_SHARED_ACCOUNTS_ROUTE)
    for discriminator in (programs.JUPITER_ROUTE_V2, programs.JUPITER_ROUTE, *shared):
        for honest in (newer, older):
            yield bytes([20]) + discriminator + bytes(honest.data)[8:]


_LOGS = b'"value":{"signature":"%s","err":null,"logs":["Program 6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P invoke [1]"]}' % (b"5" * 88)
_TOLD = (
    b'{"method":"transactionNotification","params":{"subscription":1,"result":{"signature":"%s","slot":7,"transaction":{"transaction":'
    b'{"message":{"accountKeys":[{"pubkey":"a"}]}},"meta":{"err":null,"innerInstructions":[{"index":0,"instructions":'
    b'[{"programIdIndex":0,"data":"3J"}]}],"loadedAddresses":{"writable":[],"readonly":[]},"logMessages":["Log truncated"]}}}}}'
) % (b"5" * 88)
_STATUS = b'{"context":{"slot":7},"value":[{"slot":7,"err":null,"confirmationStatus":"confirmed"},null]}'
_PARSED_MINT = (
    b'{"owner":"%s","data":{"parsed":{"type":"mint","info":{"supply":"1","decimals":6,"mintAuthority":null,"freezeAuthority":null,'
    b'"extensions":[{"extension":"metadataPointer"}]}}}}'
) % programs.TOKEN_PROGRAM.encode()

TARGETS: tuple[Target, ...] = (
    Target(
        "transactions",
        transactions,
        (
            swaps.compiled(PARTS, WALLET),
            swaps.compiled_legacy(PARTS, WALLET),
            swaps.compiled(PARTS, WALLET, tables=(TABLE,)),
            b"\x01" + bytes(64) + swaps.compiled(PARTS, WALLET),
        ),
        (Refused,),
    ),
    Target("routes", routes, tuple(_route_seeds()), (Refused,)),
    Target("approvals", approvals, tuple(_approval_seeds()), ()),
    Target("messages", messages, tuple(_message_seeds()), (BadInput,)),
    Target("answers", answers, tuple(_answer_seeds()), (BadInput,)),
    Target(
        "notifications",
        notifications,
        (b'{"method":"logsNotification","params":{"subscription":1,"result":{"context":{"slot":7},%s}}}' % _LOGS, _TOLD),
        (BadInput,),
    ),
    Target("events", events, (TRADE + bytes(300), CREATE + b"\x01\x00\x00\x00a" * 3 + bytes(200)), (BadInput,)),
    Target(
        "tokens",
        tokens,
        (mints.mint(), mints.mint(mints.fee(0, 0), mints.metadata(), mints.pointer()), _PARSED_MINT),
        (BadInput,),
    ),
    Target("manifests", manifests, (f"{PORTFOLIO}---\n{a_strategy()}".encode(), b"a: &a [1]\nb: *a\n", b"{a: 1, a: 2}\n"), (ConfigError,)),
)
