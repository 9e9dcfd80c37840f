"""strategy_factory's own metrics."""

from prometheus_client import Counter, Gauge

REGISTERED = Gauge("memesnipe_factory_registered", "Strategies that are registered")
BROKEN = Gauge("memesnipe_factory_broken", "Installed strategies that may not be registered; the log says why")
PUBLISHED = Counter("memesnipe_factory_published_total", "Registrations published because their content changed")
