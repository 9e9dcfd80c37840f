"""The risk key at work: loaded only when a live order asks for it, so a paper installation needs none."""

from pathlib import Path

from memesnipe.approvals.approve import approve_risk
from memesnipe.approvals.keys import SigningKey
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.errors import ConfigError, Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.risk.rules import Rules
from memesnipe.risk.settings import RiskSettings


class RiskSeal:
    """Signs approvals with `<data_dir>/keys/risk.key`."""

    def __init__(self, settings: RiskSettings) -> None:
        self._settings = settings
        self._key: SigningKey | None = None

    def __call__(self, intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
        """Return the envelope over this intent. Raises Refused(APPROVAL_INVALID) when there is no usable key or no config."""
        if rules.config is None:
            raise Refused(ReasonCode.NO_POLICY, "no config applied yet")
        ttl_ms = self._settings.exit_approval_ttl_ms if isinstance(intent, ExitIntent) else self._settings.approval_ttl_ms
        return approve_risk(
            intent, mode=mode, genesis=rules.config.genesis, policy_hash=rules.config.policy_hash, halt_epoch=rules.halt_epoch,
            now_ns=now_ns, ttl_ns=ttl_ms * NS_PER_MS, key=self._loaded(),
        )  # fmt: skip

    def _loaded(self) -> SigningKey:
        if self._key is None:
            try:
                self._key = SigningKey.load(Path(self._settings.data_dir) / "keys" / "risk.key")
            except ConfigError as error:
                raise Refused(ReasonCode.APPROVAL_INVALID, f"no risk key: {error}") from None
        return self._key
