"""What was seen, as frozen values: the only thing that judgements look at. No secret is ever in here."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeVar

import msgspec

from memesnipe.bus.folds import Halts
from memesnipe.control.status import Condition
from memesnipe.guard.settings import GuardSettings
from memesnipe.messages.control import ConfigApplied
from memesnipe.signer.settings import SignerSettings

T = TypeVar("T")
Place = Literal["host", "pod"]
"""`host`: one machine, as `memesnipe up` lays it out. `pod`: one service of a cluster, which sees its own part alone."""


class Silent(msgspec.Struct, frozen=True):
    """It was asked, and did not answer, or with something else. `status` is that of HTTP, 0 without one."""

    why: str
    status: int = 0


class Unseen(msgspec.Struct, frozen=True):
    """It cannot be seen from here; `where` says where to look."""

    where: str


Seen: TypeAlias = T | Silent | Unseen


class Switch(msgspec.Struct, frozen=True):
    """PAPER_TRADING_MODE: as set here, and as the running stack has it (None: nothing runs, or it cannot be told)."""

    paper_here: bool
    paper_running: bool | None = None
    strangers: tuple[str, ...] = ()
    """MEMESNIPE_ variables that no service reads."""
    key_in_environment: str = ""
    """What the signer would say of a variable that holds a secret key; the key itself is not in it."""


class Applied(msgspec.Struct, frozen=True):
    """The configuration in force; `gates` by strategy, None where only effective modes are known."""

    config: ConfigApplied
    gates: Mapping[str, tuple[Condition, ...]] | None = None


class KeyFile(msgspec.Struct, frozen=True):
    """A key file: `problem` says what is wrong with it, never what is in it; else `public` is the public half."""

    path: str
    public: str = ""
    problem: str = ""


class RoleKeys(msgspec.Struct, frozen=True):
    """The approval keys that can be seen here, by role, and the pinned public halves of all three."""

    keys: Mapping[str, KeyFile]
    trusted: Mapping[str, str]
    trusted_problem: str = ""


class Certificate(msgspec.Struct, frozen=True):
    """One certificate of ours: its file and when it ends (Unix seconds)."""

    path: str
    ends_s: float


class Door(msgspec.Struct, frozen=True):
    """What the signer's door answered: the wallet it signs for."""

    wallet: str
    latency_ms: int


class Genesis(msgspec.Struct, frozen=True):
    """Which chain answers."""

    genesis: str
    latency_ms: int


class Health(msgspec.Struct, frozen=True):
    """getHealth: `behind` is what the node says is wrong, empty when it is well."""

    behind: str
    latency_ms: int


class Blocks(msgspec.Struct, frozen=True):
    """The block height twice, some time apart, and how old this clock takes the newest block to be (None: its time is not told)."""

    first: int
    second: int
    apart_ms: int
    age_ms: float | None = None


class Headroom(msgspec.Struct, frozen=True):
    """How many calls hosts say are left, by host, and who answered 429 while we looked."""

    left: Mapping[str, int]
    refused: tuple[str, ...] = ()


class Quote(msgspec.Struct, frozen=True):
    """A swap that Jupiter built, or why not."""

    out_units: int
    latency_ms: int


class Price(msgspec.Struct, frozen=True):
    """What price/v3 said of SOL."""

    usd: float
    latency_ms: int


class Route(msgspec.Struct, frozen=True):
    """A host that is configured and answers."""

    latency_ms: int


class Unused(msgspec.Struct, frozen=True):
    """Not configured, which is allowed."""


class Offset(msgspec.Struct, frozen=True):
    """How far this machine's clock is ahead of a host's, as an interval (ms): a Date header tells whole seconds."""

    host: str
    low_ms: float
    high_ms: float


class Holding(msgspec.Struct, frozen=True):
    """Token units in the wallet by mint (SOL apart), and its wrapped SOL in lamports."""

    tokens: Mapping[str, int]
    wrapped_lamports: int


class Folder(msgspec.Struct, frozen=True):
    """The data folder."""

    path: str
    writable: bool
    free_bytes: int


class Audit(msgspec.Struct, frozen=True):
    """The signer's audit chain: its lines, or where it breaks."""

    lines: int
    broken: str = ""


class Ledger(msgspec.Struct, frozen=True):
    """The ledger: its schema beside the one this release wants, and live positions as units by mint."""

    revision: str
    wanted: str
    units: Mapping[str, int]
    exists: bool = True


class RedisServer(msgspec.Struct, frozen=True):
    """How the server keeps what it is told."""

    policy: str
    append_only: bool
    fsync: str
    write_ok: bool = True


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was seen. A field that nobody could fill is Silent or Unseen, with why or where."""

    place: Place
    sees_guard: bool
    """Whether `guard` is what wallet_guard has: another service's pod knows nothing of it."""
    now_s: float
    guard: GuardSettings
    signer: Seen[SignerSettings]
    wallet: str
    """The address that the installation says it trades for; empty: not known."""
    switch: Switch
    applied: Seen[Applied]
    halts: Seen[Halts]
    wallet_file: Seen[KeyFile]
    role_keys: Seen[RoleKeys]
    jito_key: Seen[KeyFile | Unused]
    door: Seen[Door]
    certificates: Seen[tuple[Certificate, ...]]
    genesis: Seen[Genesis]
    health: Seen[Health]
    blocks: Seen[Blocks]
    websocket: Seen[Route]
    quote: Seen[Quote]
    price: Seen[Price]
    second_rpc: Seen[Genesis | Unused]
    jito: Seen[Route | Unused]
    tip_floor: Seen[int | Unused]
    """Median of the tips that landed lately (lamports)."""
    sender: Seen[Route | Unused]
    priority_fee: Seen[int]
    """Micro-lamports for a compute unit."""
    headroom: Headroom
    offsets: tuple[Offset, ...]
    balance: Seen[int]
    holding: Seen[Holding]
    token_watch_s: Seen[float]
    """How often position_manager looks at the mints of what is held; 0: never."""
    folder: Seen[Folder]
    audit: Seen[Audit]
    ledger: Seen[Ledger]
    redis: Seen[int]
    """Milliseconds for a ping under our own user."""
    redis_server: Seen[RedisServer]
