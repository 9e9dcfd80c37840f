"""The types that manifests are made of, each with its unit and bounds: a host and the API server refuse by the same numbers."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

LAMPORTS_PER_SOL = 10**9
SOL_MAX = 1_000_000
STRATEGIES_MAX = 1_024
AS_STORED = {"as_stored": True}
"""Context for reading back what was accepted once: a rule that came later must not lock a control plane out of its own history."""


class Change(StrEnum):
    """What a change of a field does to what runs."""

    FIXED = "fixed"
    """Refused: make a new object under a new name."""
    GATED = "gated"
    """Takes effect when the gates agree; the way back takes effect at once."""
    APPLIED = "applied"
    """In force within seconds; no pod is replaced."""
    SCALED = "scaled"
    """The strategy's pod goes, or comes back as it was; its positions stay guarded meanwhile."""
    RESTARTED = "restarted"
    """The strategy's process starts anew with what changed; its positions stay guarded meanwhile."""
    REPLACED = "replaced"
    """Another pod takes the place of the strategy's; its positions stay guarded meanwhile."""
    COMMAND = "command"
    """Each change is one person's command to the kill switch."""


IMMUTABLE = {"rule": "self == oldSelf", "message": "cannot be changed: make a new object under a new name"}


def on_change(change: Change) -> dict[str, Any]:
    """Return what a field's schema says about its change: for the reference page, and for the API server where it is refused."""
    return {"x-change": change.value, **({"x-kubernetes-validations": [IMMUTABLE]} if change is Change.FIXED else {})}


def applied(default: Any) -> Any:
    """Return a field with this default; a change of it is in force within seconds."""
    return Field(default=default, json_schema_extra=on_change(Change.APPLIED))


def applied_object(kind: "type[Model]") -> Any:
    """Return the field of an object that has such fields; the API server fills it in where it is left out."""
    return Field(default_factory=kind, json_schema_extra={**on_change(Change.APPLIED), "x-cluster-default": {}})


class Rule(msgspec.Struct, frozen=True):
    """A rule over several fields, once for Python and once for the API server; a test holds the two against each other."""

    cel: str
    """True where the rule is kept; `self` is the object that has the fields."""
    message: str
    """What to change, by field name."""
    check: Callable[[Any], bool]
    """The same as `cel`, of the model."""


def _with_rules(schema: dict[str, Any], model: type[Any]) -> None:
    if model.rules:
        schema["x-kubernetes-validations"] = [{"rule": rule.cel, "message": rule.message} for rule in model.rules]


class Model(BaseModel):
    """Unknown fields are refused: a misspelt limit must not become no limit."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
        json_schema_extra=_with_rules,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _keeps_its_rules(self, info: ValidationInfo) -> "Model":
        if not (info.context or {}).get("as_stored") and (broken := [rule.message for rule in self.rules if not rule.check(self)]):
            raise ValueError("; ".join(broken))
        return self


def _exact(value: Any) -> Any:
    """Take 0.1 as the person wrote it, not as the nearest float; refuse NaN and booleans, which Decimal would let through."""
    if isinstance(value, bool):
        raise ValueError("must be a number of SOL, not a boolean")  # noqa: TRY004 - pydantic turns only ValueError into its report
    return Decimal(str(value)) if isinstance(value, float | int) else value


def _whole_lamports(value: Decimal) -> Decimal:
    if value * LAMPORTS_PER_SOL != int(value * LAMPORTS_PER_SOL):
        raise ValueError("has more than nine decimals: the smallest unit is one lamport, 0.000000001 SOL")
    return value


WHOLE_LAMPORTS = {
    "rule": "double(int(self * 1000000000.0 + 0.5)) / 1000000000.0 == self",
    "message": "has more than nine decimals: the smallest unit is one lamport, 0.000000001 SOL",
}
"""`_whole_lamports` for the API server: below SOL_MAX each amount of lamports has a double of its own, and a division is rounded right."""

SOL_SCHEMA = {"type": "number", "minimum": 0, "maximum": SOL_MAX, "x-unit": "SOL", "x-kubernetes-validations": [WHOLE_LAMPORTS]}
Sol = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=0, le=SOL_MAX, allow_inf_nan=False),
    AfterValidator(_whole_lamports),
    WithJsonSchema(SOL_SCHEMA),
]
NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, min_length=1, max_length=63)]
BpsField = Annotated[int, Field(ge=0, le=10_000, strict=True, json_schema_extra={"x-unit": "bps"})]
PositiveBps = Annotated[int, Field(ge=1, le=10_000, strict=True, json_schema_extra={"x-unit": "bps"})]
GoalBps = Annotated[int, Field(ge=0, le=10_000_000, strict=True, json_schema_extra={"x-unit": "bps"})]
CountField = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
Milliseconds = Annotated[int, Field(ge=0, le=10_000_000, strict=True, json_schema_extra={"x-unit": "ms"})]
Seconds = Annotated[int, Field(ge=0, le=10_000_000, strict=True, json_schema_extra={"x-unit": "s"})]


def lamports(value: Decimal) -> int:
    """Return whole lamports; exact, because `Sol` allows nine decimals at most."""
    return int(value * LAMPORTS_PER_SOL)
