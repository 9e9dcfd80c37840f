"""The three kinds of `memesnipe.io/v1alpha1`, as pydantic models. Field names are the manifest's (camelCase by alias)."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from memesnipe.messages.bounds import Mode

GROUP = "memesnipe.io"
API_VERSION = f"{GROUP}/v1alpha1"
LAMPORTS_PER_SOL = 10**9
SOL_MAX = 1_000_000


def _exact(value: Any) -> Any:
    """Take 0.1 as the person wrote it, not as the nearest float; refuse NaN and booleans, which Decimal would let through."""
    if isinstance(value, bool):
        raise ValueError("must be a number of SOL, not a boolean")  # noqa: TRY004 - pydantic turns only ValueError into its report
    return Decimal(str(value)) if isinstance(value, float | int) else value


def _whole_lamports(value: Decimal) -> Decimal:
    if value * LAMPORTS_PER_SOL != int(value * LAMPORTS_PER_SOL):
        raise ValueError("has more than nine decimals: the smallest unit is one lamport, 0.000000001 SOL")
    return value


Sol = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=SOL_MAX, allow_inf_nan=False), AfterValidator(_whole_lamports)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", min_length=1, max_length=63)]
BpsField = Annotated[int, Field(ge=0, le=10_000, strict=True)]
CountField = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]


def lamports(value: Decimal) -> int:
    """Return whole lamports; exact, because `Sol` allows nine decimals at most."""
    return int(value * LAMPORTS_PER_SOL)


class Model(BaseModel):
    """Unknown fields are refused: a misspelt limit must not become no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Metadata(Model):
    """The part of Kubernetes' metadata that a host needs; the rest is accepted and left alone."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: Name


class StrategySpecModel(Model):
    """What to run."""

    strategy: Name
    """Entry-point name of the code; cannot be changed on an existing Strategy."""
    mode: Mode | None = None
    """`live` is a request that gates decide on; `paper` is always paper; absent follows the installation's switch on a host."""
    paused: bool = False
    parameters: dict[str, Any] = Field(default_factory=dict)


class Strategy(Model):
    """One running strategy."""

    api_version: Literal["memesnipe.io/v1alpha1"]
    kind: Literal["Strategy"]
    metadata: Metadata
    spec: StrategySpecModel


class AllocationSpec(Model):
    """How capital is shared out."""

    capital_sol: Sol
    method: Literal["equal", "fixed"] = "equal"
    weights_bps: dict[Name, BpsField] = Field(default_factory=dict)
    """`fixed` only: share by Strategy name, 10,000 bps in all at most."""


class Allocation(Model):
    """The portfolio's capital."""

    api_version: Literal["memesnipe.io/v1alpha1"]
    kind: Literal["Allocation"]
    metadata: Metadata
    spec: AllocationSpec


class RiskPolicySpec(Model):
    """Limits. Every one has a default that is small; none can be switched off by leaving it out."""

    trade_size_sol_max: Sol = Decimal("0.5")
    strategy_exposure_sol_max: Sol = Decimal(5)
    token_exposure_sol_max: Sol = Decimal(1)
    portfolio_exposure_sol_max: Sol = Decimal(10)
    open_positions_max: CountField = 20
    orders_per_minute_max: CountField = 60
    slippage_bps_max: BpsField = 1_500
    drawdown_bps_max: BpsField = 2_000
    event_age_ms_max: CountField = 5_000
    clock_skew_ms_max: CountField = 2_000
    stop_loss_bps: BpsField = 2_500
    take_profit_bps: CountField = 10_000
    time_stop_s: CountField = 1_800
    guard_trade_size_sol_max: Sol = Decimal(1)
    priority_fee_sol_max: Sol = Decimal("0.005")
    tip_sol_max: Sol = Decimal("0.005")
    spend_sol_per_hour_max: Sol = Decimal(20)
    spend_sol_per_day_max: Sol = Decimal(100)


class RiskPolicy(Model):
    """The portfolio's limits."""

    api_version: Literal["memesnipe.io/v1alpha1"]
    kind: Literal["RiskPolicy"]
    metadata: Metadata
    spec: RiskPolicySpec


Manifest = Annotated[Strategy | Allocation | RiskPolicy, Field(discriminator="kind")]
