"""The Strategy contract: `id`, `subscriptions`, `init(params)`, `async on_event(event) -> action`, snapshot and restore.

A strategy sees market events and its own view (`View`), and answers with an action. It never sees Redis, keys, other
strategies or the clock. Whatever it raises is no action, counted.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from memesnipe.messages.market import MarketEvent
from memesnipe.strategy.signals import Signal


class EventType(StrEnum):
    """What a strategy may subscribe to; the executor routes only these to it."""

    PRICE = "price"
    DEPTH = "depth"
    SOCIAL = "social"
    BRIDGE = "bridge"
    LAUNCH = "launch"


class Buy(msgspec.Struct, frozen=True):
    """Spend `size_lamports` (before fees) on a token, at the price of the event's ratio within the slippage."""

    mint: str
    size_lamports: int
    slippage_bps_max: int
    quote_lamports: int
    base_units: int
    reason: str = ""


class Sell(msgspec.Struct, frozen=True):
    """Sell `size_units` base units of a token that is held."""

    mint: str
    size_units: int
    slippage_bps_max: int
    quote_lamports: int
    base_units: int
    reason: str = ""


Action = Buy | Sell | None
"""None is "no action"; a strategy may also answer with a list of actions."""


class Holding(msgspec.Struct, frozen=True):
    """What the strategy holds of one token, by its own fills."""

    units: int
    cost_lamports: int


class View(Protocol):
    """What a strategy may know of itself."""

    def holding(self, mint: str) -> Holding | None:
        """Return what is held of a token, None without a position."""
        ...

    def holdings(self) -> Mapping[str, Holding]:
        """Return all open positions by mint."""
        ...

    def in_flight(self, mint: str) -> bool:
        """Return whether an order for this token has no outcome yet."""
        ...

    @property
    def capital_lamports(self) -> int:
        """What the allocator gave this strategy."""
        ...

    @property
    def free_lamports(self) -> int:
        """Capital less cost of open positions and orders in flight."""
        ...


class Meter(Protocol):
    """A strategy's own metrics: labelled with its id by the runtime, bounded in number and in label values."""

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Add to the strategy's own counter `memesnipe_strategy_<name>_total`."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set the strategy's own gauge `memesnipe_strategy_<name>`."""
        ...


class Parameters(BaseModel):
    """Base of a strategy's parameters: unknown names are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """YAML reads `on` and `yes` as true, and Python takes true for 1: `positions_max: on` must not mean one position."""
        wanted = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and bool not in (wanted, Any, *get_args(wanted)):
            raise ValueError("must not be a boolean")
        return value


class RiskProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says of how a strategy may hurt; taken from its document."""

    thesis: str
    exposures: tuple[str, ...]
    failure_modes: tuple[str, ...]
    holding_time_s: int
    loss_per_trade_bps_max: int


P = TypeVar("P", bound=Parameters)


class Strategy(Generic[P]):
    """Base class of strategies. Subclass it, decorate with `@strategy(...)`, implement `on_event`."""

    id: ClassVar[str]
    version: ClassVar[str]
    subscriptions: ClassVar[frozenset[EventType]]
    parameters: ClassVar[type[Parameters]]
    risk_profile: ClassVar[RiskProfile]
    signal: ClassVar[Signal | None] = None
    """The same idea as a function of arrays, for searches by the compiled lane; None where it has no such shape. See `strategy.signals`."""

    params: P
    view: View
    meter: Meter

    def init(self, params: P, view: View, meter: Meter) -> None:
        """Take the validated parameters and handles; called once, before the first event."""
        self.params, self.view, self.meter = params, view, meter

    async def on_event(self, event: MarketEvent) -> Action | list[Action]:
        """Answer one event. Must not wait for anything outside: a backtest drives it without an event loop."""
        raise NotImplementedError

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain data (ints, floats, strings, lists, dicts); stored with each commit."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` returned."""


S = TypeVar("S", bound=Strategy[Any])


class strategy:  # noqa: N801 - used as a decorator
    """Declare a strategy: `@strategy(id=..., version=..., subscriptions={...}, parameters=..., risk_profile=...)`."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the seed's name for it
        version: str,
        subscriptions: set[EventType],
        parameters: type[Parameters],
        risk_profile: RiskProfile,
        signal: Signal | None = None,
    ) -> None:
        self._facts = {
            "id": id,
            "version": version,
            "subscriptions": frozenset(subscriptions),
            "parameters": parameters,
            "risk_profile": risk_profile,
            "signal": signal,
        }

    def __call__(self, kind: type[S]) -> type[S]:
        """Write the facts onto the class and return it."""
        for name, value in self._facts.items():
            setattr(kind, name, value)
        return kind
