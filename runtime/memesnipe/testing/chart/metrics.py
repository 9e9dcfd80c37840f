"""Every series that the code's metrics show: name, and the labels it has."""

from memesnipe.testing.chart.render import ROOT
from memesnipe.testing.reference.metrics_page import metrics

SUFFIXES = ("_bucket", "_sum", "_count")


def defined() -> dict[str, frozenset[str]]:
    """Return each series name with its labels; a histogram has three names."""
    found: dict[str, frozenset[str]] = {}
    for one in metrics(ROOT):
        if one.kind == "histogram":
            found |= {f"{one.name}{suffix}": frozenset((*one.labels, "le")) for suffix in SUFFIXES}
        else:
            found[one.name] = frozenset(one.labels)
    return found
