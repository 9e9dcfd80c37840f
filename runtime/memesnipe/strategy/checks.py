"""What the contract asks of a strategy's class, checked once when it is loaded and never while it trades."""

import inspect
import re
from typing import Any

import msgspec

from memesnipe.messages.bounds import StrategyId
from memesnipe.strategy.contract import EventType, Parameters, RiskProfile, Strategy
from memesnipe.strategy.signals import Signal

VERSION = re.compile(r"^[A-Za-z0-9.+_\-]{1,64}\Z")


def broken_promises(name: str, kind: object) -> list[str]:
    """Return what is wrong with `kind` as the plugin `name`, in words a person can act on; empty when nothing is."""
    if not (inspect.isclass(kind) and issubclass(kind, Strategy)):
        return [f"{kind!r} is not a subclass of memesnipe.strategy.contract.Strategy"]
    if missing := [fact for fact in ("id", "version", "subscriptions", "parameters", "risk_profile") if not hasattr(kind, fact)]:
        return [f"{kind.__name__} lacks {', '.join(missing)}: decorate it with @strategy(...)"]
    return [*_identity(name, kind), *_shape(kind), *missing_risk(kind.risk_profile)]


def _identity(name: str, kind: type[Strategy[Any]]) -> list[str]:
    problems = []
    if kind.id != name:
        problems.append(f"id is {kind.id!r} but it is registered as {name!r}")
    if not is_strategy_id(name):
        problems.append(f"{name!r} is not a name: lower-case letters, digits and dashes, at most 63")
    if not (isinstance(kind.version, str) and VERSION.match(kind.version)):
        problems.append(f"version {kind.version!r} must be 1 to 64 letters, digits or .+_-")
    return problems


def _shape(kind: type[Strategy[Any]]) -> list[str]:
    problems = []
    if not kind.subscriptions or not all(isinstance(event, EventType) for event in kind.subscriptions):
        problems.append("subscriptions must name at least one EventType")
    if not (inspect.isclass(kind.parameters) and issubclass(kind.parameters, Parameters)):
        problems.append("parameters must be a subclass of memesnipe.strategy.contract.Parameters")
    if not inspect.iscoroutinefunction(kind.on_event) or kind.on_event is Strategy.on_event:
        problems.append("on_event must be defined with `async def`")
    if not (kind.signal is None or isinstance(kind.signal, Signal)):
        problems.append("signal must be a memesnipe.strategy.signals.Signal, or left out")
    return problems


def missing_risk(profile: object) -> list[str]:
    """Return what a risk profile leaves out: a strategy that cannot say how it may hurt is not run."""
    if not isinstance(profile, RiskProfile):
        return ["risk_profile must be a RiskProfile"]
    texts = ("thesis", "exposures", "failure_modes")
    problems = [f"risk_profile.{field} is empty" for field in texts if not _filled(getattr(profile, field))]
    if not profile.holding_time_s > 0:
        problems.append("risk_profile.holding_time_s must be above 0")
    if not 0 < profile.loss_per_trade_bps_max <= 10_000:
        problems.append("risk_profile.loss_per_trade_bps_max must be within 1 and 10000")
    return problems


def _filled(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, tuple) and bool(value) and all(isinstance(item, str) and item.strip() for item in value)


def is_strategy_id(name: object) -> bool:
    """Return whether `name` can be a strategy's id (see `messages.bounds.StrategyId`)."""
    try:
        msgspec.convert(name, StrategyId)
    except msgspec.ValidationError:
        return False
    return True
