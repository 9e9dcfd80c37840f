"""Put a strategy in its place: parameters validated, code made anew, view and meter handed over."""

from typing import Any

import pydantic

from memesnipe.executor.book import Book, BookView
from memesnipe.executor.decide import Seat
from memesnipe.kernel.errors import ConfigError
from memesnipe.strategy.contract import Meter, Parameters, Strategy
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec


def parameters_of(plugin: Plugin, raw: dict[str, Any]) -> Parameters:
    """Return the validated parameters. Raises ConfigError naming each field that is wrong."""
    try:
        return plugin.kind.parameters.model_validate(raw)
    except pydantic.ValidationError as error:
        faults = "; ".join(f"parameters.{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False))
        raise ConfigError(f"strategy {plugin.name!r}: {faults}") from None


def seated(spec: StrategySpec, plugin: Plugin, book: Book, meter: Meter) -> Seat:
    """Return the strategy, fresh and ready for its first event. Raises ConfigError if it will not start."""
    parameters, view = parameters_of(plugin, spec.parameters), BookView(book)
    try:
        strategy: Strategy[Any] = plugin.kind()
        strategy.init(parameters, view, meter)
    except Exception as error:
        raise ConfigError(f"strategy {plugin.name!r}: init failed: {type(error).__name__}: {error}") from error
    return Seat(spec, strategy, view)
