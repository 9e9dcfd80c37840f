"""The one exception tree. What a caller may do with a failure is its class: fix it, refuse it, retry it or report it."""

from memesnipe.kernel.reasons import ReasonCode


class MemeSnipeError(Exception):
    """Root of every error this product raises on purpose."""


class ConfigError(MemeSnipeError):
    """A setting or manifest is wrong: the message names the field and what it must be. Never retried."""


class BadInput(MemeSnipeError):  # noqa: N818 - the product's vocabulary; "error" is in the root's name
    """Data from outside does not fit its contract: counted, kept in a dead-letter stream, never acted on."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason

    def __reduce__(self) -> tuple[type["BadInput"], tuple[str, str]]:
        """Return how another process makes it anew: from what it was made of, not from its sentence."""
        return type(self), (self.field, self.reason)


class Refused(MemeSnipeError):  # noqa: N818 - as above
    """A guard said no. `code` is one of the table in `reasons`; `detail` says what a person can do."""

    def __init__(self, code: ReasonCode, detail: str = "") -> None:
        super().__init__(f"{code.value}: {detail}" if detail else code.value)
        self.code = code
        self.detail = detail


class Unavailable(MemeSnipeError):  # noqa: N818 - as above
    """A part we need does not answer now. The outcome of what was asked is UNKNOWN, which is not "failed"."""

    def __init__(self, part: str, detail: str = "", retry_after_s: float = 1.0) -> None:
        super().__init__(f"{part} unavailable: {detail}")
        self.part = part
        self.detail = detail
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type["Unavailable"], tuple[str, str, float]]:
        """Return how another process makes it anew, as BadInput does."""
        return type(self), (self.part, self.detail, self.retry_after_s)


class Bug(MemeSnipeError):  # noqa: N818 - as above
    """An invariant of ours is broken. The service stops rather than trade on a wrong belief."""
