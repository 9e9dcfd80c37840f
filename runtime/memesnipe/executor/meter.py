"""The meter a strategy gets: its own counters and gauges, bounded in number so that a careless label cannot sink Prometheus."""

import math
import re

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from memesnipe.executor.metrics import METER_DROPPED

NAMES_MAX = 32
SERIES_PER_NAME_MAX = 64
LABEL_VALUE_LENGTH_MAX = 64
NAME = re.compile(r"^[a-z][a-z0-9_]{0,47}\Z")

Labels = dict[str, str]
Key = tuple[str, tuple[tuple[str, str], ...]]


class BoundedMeter:
    """Whatever passes the bounds is dropped and counted; nothing here raises, because nothing here is worth a missed order."""

    def __init__(self, strategy: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._strategy = strategy
        self._registry = registry
        self._families: dict[str, Counter | Gauge] = {}
        self._series: dict[Key, Counter | Gauge] = {}
        self._count_by_name: dict[str, int] = {}

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Add to the counter `memesnipe_strategy_<name>_total`."""
        series = self._found(Counter, name, labels)
        if isinstance(series, Counter) and self._sane(value, at_least=0.0):
            series.inc(value)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set the gauge `memesnipe_strategy_<name>`."""
        series = self._found(Gauge, name, labels)
        if isinstance(series, Gauge) and self._sane(value, at_least=-math.inf):
            series.set(value)

    def _sane(self, value: float, at_least: float) -> bool:
        if isinstance(value, int | float) and math.isfinite(value) and value >= at_least:
            return True
        self._dropped("value")
        return False

    def _found(self, kind: type[Counter] | type[Gauge], name: str, labels: Labels) -> Counter | Gauge | None:
        key = (f"{kind.__name__}:{name}", tuple(labels.items()))
        found = self._series.get(key)
        return found if found is not None else self._opened(kind, name, labels, key)

    def _opened(self, kind: type[Counter] | type[Gauge], name: str, labels: Labels, key: Key) -> Counter | Gauge | None:
        if not all(isinstance(word, str) and NAME.match(word) for word in (name, *labels)):
            return self._dropped("name")
        if self._count_by_name.get(key[0], 0) >= SERIES_PER_NAME_MAX:
            return self._dropped("label_values")
        family = self._families.get(key[0]) or self._declared(kind, name, labels, key[0])
        if family is None:
            return None
        try:
            series = family.labels(
                strategy=self._strategy, **{label: str(value)[:LABEL_VALUE_LENGTH_MAX] for label, value in labels.items()}
            )
        except (ValueError, TypeError):  # other labels than at the first use
            return self._dropped("labels")
        self._series[key] = series
        self._count_by_name[key[0]] = self._count_by_name.get(key[0], 0) + 1
        return series

    def _declared(self, kind: type[Counter] | type[Gauge], name: str, labels: Labels, family: str) -> Counter | Gauge | None:
        if len(self._families) >= NAMES_MAX:
            return self._dropped("names")
        help_text = f"A strategy's own {kind.__name__.lower()}: {name}"
        try:
            metric = kind(f"memesnipe_strategy_{name}", help_text, ["strategy", *labels], registry=self._registry)
        except ValueError:  # a bad label name, or a name that is taken
            return self._dropped("name")
        self._families[family] = metric
        return metric

    def _dropped(self, cause: str) -> Counter | Gauge | None:
        """Count what is dropped; the answer is always "no series"."""
        METER_DROPPED.labels(self._strategy, cause).inc()
        return None
