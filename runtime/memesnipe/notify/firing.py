"""Which alerts fire by what we were told, so that each is said once when it begins and once when it ends. Pure.

Only of senders that repeat themselves (Prometheus); one that says each thing once (Alertmanager) is passed on as it speaks.
"""

from collections.abc import Iterable, Mapping

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.ids import derive
from memesnipe.notify.alerts import Alert

FIRING_MAX = 500
"""Alerts that are remembered. What fires beyond is said each time it comes: noise that the limit of its kind bounds, never silence."""
SILENT_NS = 900 * NS_PER_S
"""So long after its time an alert waits for a word: a Prometheus that starts over first counts each rule's `for` anew."""
TITLE_MAX = 200
SIGN_OF_LIFE = "none"
"""Severity of an alert that always fires: said is only that nobody says it any more (monitoring/watchdog.yaml)."""


class Known(msgspec.Struct, frozen=True):
    """An alert that fires by the newest word of it."""

    title: str
    """Its name and labels, for a last word without the sender's help."""
    until_ns: int


Firing = Mapping[str, Known]
"""By fingerprint: the labels, as Prometheus tells alerts apart."""


def heard(firing: Firing, alerts: Iterable[Alert]) -> tuple[dict[str, Known], list[Alert]]:
    """Return what fires after these words, and those of them that are news."""
    known, news = dict(firing), list[Alert]()
    for alert in alerts:
        key, said = fingerprint(alert), alert.labels.get("severity") != SIGN_OF_LIFE
        if not alert.until_ns:
            news.append(alert)
        elif not alert.firing:
            news += [alert] if known.pop(key, None) and said else []
        else:
            news += [] if key in known or not said else [alert]
            if key in known or len(known) < FIRING_MAX:
                known[key] = Known(shown(alert)[:TITLE_MAX], alert.until_ns)
    return known, news


def silent(firing: Firing, now_ns: int) -> tuple[dict[str, Known], list[Known]]:
    """Return what fires without those of which nobody has spoken for too long, and these."""
    gone = {key: one for key, one in firing.items() if now_ns - one.until_ns > SILENT_NS}
    return {key: one for key, one in firing.items() if key not in gone}, list(gone.values())


def away(firing: Firing, now_ns: int) -> dict[str, Known]:
    """Return what fires after a time in which we could not be told: the waiting for a word of each begins now."""
    return {key: msgspec.structs.replace(one, until_ns=max(one.until_ns, now_ns)) for key, one in firing.items()}


def fingerprint(alert: Alert) -> str:
    """Return what tells an alert from another: the same labels, the same alert."""
    return derive(*(text for pair in sorted(alert.labels.items()) for text in pair))


def shown(alert: Alert) -> str:
    """Return its name, with what its labels say of it."""
    about = labels_of(alert)
    return f"{alert.name} ({about})" if about else alert.name


def labels_of(alert: Alert) -> str:
    """Return the labels that say which one it is."""
    return ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items()) if key not in ("alertname", "severity"))
