"""What every command that trades the past is given: capital, terms, and where strategies lie. One meaning for all of them."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import CommonSettings, load

if TYPE_CHECKING:
    from memesnipe.manifests.reading import Manifests
    from memesnipe.research.backtest.engine import Costs

MarketArgument = Annotated[
    Path, typer.Argument(help="Recording (.parquet, or a folder of them) or candles (.feather).", show_default=False)
]
SeedOption = Annotated[int | None, typer.Option(help="Of fill delays and failures. Without it: MEMESNIPE_SEED.", show_default=False)]
CapitalOption = Annotated[str, typer.Option(help="In place of the Allocation's capital.", show_default=False)]
ManifestsOption = Annotated[list[Path] | None, typer.Option(help="Another manifest or folder: a RiskPolicy, an Allocation.")]
PoolOption = Annotated[int, typer.Option(help="Candles only: SOL in the pool they are played on.", min=1, max=10**6)]
SolCandlesOption = Annotated[Path | None, typer.Option(help="Candles only: SOL in the same currency, to price the token in SOL.")]


class PastSettings(CommonSettings, frozen=True, kw_only=True):
    """What such a command takes from the environment beside wallet_guard's own settings."""

    strategies_path: str = ""
    """Folders of a person's own strategies; empty: `my_strategies` where there is one."""


def costs_of(seed: int | None, costs: int = 1, slots: int = 0) -> "Costs":
    """Return what wallet_guard's own settings charge: a backtest on other terms than paper's would be about another market."""
    import msgspec

    from memesnipe.guard.service import terms_of
    from memesnipe.guard.settings import GuardSettings
    from memesnipe.research.backtest.engine import Costs
    from memesnipe.research.backtest.stress import Stress

    settings = load(GuardSettings)
    terms = terms_of(settings)
    if seed is not None:
        terms = msgspec.structs.replace(terms, seed=seed)
    return Costs(terms, settings.guard_trade_size_lamports_max, Stress(costs, slots))


def manifests_in(files: list[Path], capital_sol: str) -> "Manifests":
    """Return one configuration of some files and folders. Raises ConfigError naming file and field, or the option."""
    from pydantic import ValidationError

    from memesnipe.research.backtest.setup import documents_in, manifests_of

    try:
        return manifests_of(documents_in(files), Decimal(capital_sol) if capital_sol else None)
    except InvalidOperation:
        raise ConfigError(f"--capital-sol: {capital_sol!r} is not a number") from None
    except ValidationError as error:
        raise ConfigError(f"--capital-sol: {error.errors()[0]['msg']}") from None


def strategy_folders() -> tuple[Path, ...]:
    """Return the folders of a person's own strategies."""
    from memesnipe.strategy.loading import folders_of
    from memesnipe.supervisor.settings import OWN_STRATEGIES

    named = load(PastSettings).strategies_path
    return folders_of(named) if named else tuple(folder for folder in (Path(OWN_STRATEGIES),) if folder.is_dir())
