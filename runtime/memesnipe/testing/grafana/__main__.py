"""Writes the dashboards into the chart, from where compose mounts them too."""

from memesnipe.testing.chart.render import CHART
from memesnipe.testing.grafana.build import written
from memesnipe.testing.grafana.tables import BOARDS

FOLDER = CHART / "files" / "dashboards"


def main() -> None:
    """Write each dashboard as its own file."""
    for board in BOARDS:
        (FOLDER / f"{board.uid}.json").write_text(written(board))


if __name__ == "__main__":
    main()
