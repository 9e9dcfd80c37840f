"""Tables into Grafana's JSON, by Grafana's own library: its types know what a panel may have."""

import itertools
import json
from collections.abc import Iterator

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableOption,
)

from memesnipe.messages.bounds import HaltState
from memesnipe.testing.grafana.meanings import MEANINGS
from memesnipe.testing.grafana.panels import Board, Panel

ACROSS = 3
WIDTH, HEIGHT = 24 // ACROSS, 8
STATS_ACROSS, STAT_HEIGHT = 6, 4
TAG = "memesnipe"
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def written(board: Board) -> str:
    """Return a dashboard as the text of its file."""
    return json.dumps(json.loads(JSONEncoder(sort_keys=True).encode(_built(board).build())), indent=1, sort_keys=True) + "\n"


def _built(board: Board) -> dashboard.Dashboard:
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .tags([TAG])
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(_others())
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_mode())
    )
    number = itertools.count(1)
    for panel in board.stats:
        made = made.with_panel(_stat(panel).id(next(number)))
    for row in board.rows:
        made = made.with_row(dashboard.Row(row.title).id(next(number)))
        for panel in row.panels:
            made = made.with_panel(_lines(panel).id(next(number)))
    return made


def _others() -> dashboard.DashboardLink:
    """A way to each of our dashboards, with the time and the mode that are looked at."""
    return dashboard.DashboardLink("MemeSnipe").type(DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True).include_vars(True)


def _mode() -> dashboard.CustomVariable:
    paper, live = (VariableOption(text=mode, value=mode, selected=mode == "paper") for mode in ("paper", "live"))
    return dashboard.CustomVariable("mode").label("Mode").values("paper,live").current(paper).options([paper, live])


def _stat(panel: Panel) -> stat.Panel:
    made = (
        stat.Panel()
        .title(panel.title)
        .description(MEANINGS[panel.title])
        .datasource(SOURCE)
        .unit(panel.unit)
        .height(STAT_HEIGHT)
        .span(24 // STATS_ACROSS)
    )
    levels = [Threshold(value=None, color="green"), *(Threshold(value=value, color=color) for value, color in panel.levels)]
    made = made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(levels))
    if panel.halts:
        made = made.mappings([ValueMap(options={str(n): ValueMappingResult(text=state.name) for n, state in enumerate(HaltState)})])
    for query in _queries(panel):
        made = made.with_target(query)
    return made


def _lines(panel: Panel) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .title(panel.title)
        .description(MEANINGS[panel.title])
        .datasource(SOURCE)
        .unit(panel.unit)
        .height(HEIGHT)
        .span(WIDTH)
    )
    made = made.show_points(common.VisibilityMode.NEVER).fill_opacity(8)
    for query in _queries(panel):
        made = made.with_target(query)
    return made


def _queries(panel: Panel) -> Iterator[prometheus.Dataquery]:
    for letter, (expression, legend) in zip("ABCDEFGH", panel.queries, strict=False):
        yield prometheus.Dataquery().ref_id(letter).datasource(SOURCE).expr(expression).legend_format(legend)
