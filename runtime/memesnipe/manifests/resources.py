"""What a strategy's container may use: Kubernetes quantities, as far as a pod understands them. A host ignores them."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from memesnipe.manifests.fields import Model, Rule

_SUFFIX = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


CORES_MAX, BYTES_MAX = 9_999, 10**15 - 1


def _int_or_string(most: int) -> dict[str, Any]:
    """Bounds for the API server of a quantity without quotes: a pattern is for texts alone, so -1 would pass it."""
    return {"x-kubernetes-int-or-string": True, "minimum": 0, "maximum": most}


Cpu = Annotated[
    str,
    Field(pattern=r"^([0-9]{1,4}(\.[0-9]{1,3})?|[0-9]{1,7}m)$", max_length=8, json_schema_extra=_int_or_string(CORES_MAX)),
    BeforeValidator(_as_text),
]
Memory = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$", max_length=24, json_schema_extra=_int_or_string(BYTES_MAX)),
    BeforeValidator(_as_text),
]


def amount(quantity: str) -> Decimal:
    """Return cores or bytes of a quantity that `Cpu` or `Memory` accepted."""
    if quantity.endswith("m"):
        return Decimal(quantity[:-1]) / 1_000
    suffix = next((one for one in _SUFFIX if quantity.endswith(one)), "")
    return Decimal(quantity.removesuffix(suffix)) * _SUFFIX.get(suffix, 1)


class Amounts(Model):
    """Cores and bytes."""

    cpu: Cpu | None = None
    """Cores: `500m`, `0.5` in quotes, or `1`."""
    memory: Memory | None = None
    """Bytes: `256Mi` or `1Gi`."""


def _fits(field: str) -> Rule:
    """A pod that asks for more than its limit is refused by Kubernetes, minutes later and where nobody looks."""

    def check(resources: "Resources") -> bool:
        asked, most = (getattr(side, field) if side else None for side in (resources.requests, resources.limits))
        return not (asked and most) or amount(asked) <= amount(most)

    given = f"has(self.requests) && has(self.requests.{field}) && has(self.limits) && has(self.limits.{field})"
    compared = f"quantity(string(self.requests.{field})).compareTo(quantity(string(self.limits.{field}))) <= 0"
    return Rule(f"!({given}) || {compared}", f"requests.{field} is more than limits.{field}", check)


class Resources(Model):
    """What the container asks for and what it may take at most."""

    rules: ClassVar[tuple[Rule, ...]] = (_fits("cpu"), _fits("memory"))
    requests: Amounts | None = None
    """What a node must have free for it; absent: the installation's default."""
    limits: Amounts | None = None
    """What it may take at most; absent: the installation's default."""
