"""What the control process reads from its environment."""

from pathlib import Path
from typing import Literal

from memesnipe.kernel.settings import CommonSettings

EVIDENCE = "evidence"


class ControlSettings(CommonSettings, frozen=True, kw_only=True):
    """Folders of manifests are separated by `:`, as a PATH is."""

    manifests: str = "manifests"
    rpc_url: str = ""
    """The chain whose genesis decides the gates; empty in a replay, where nothing is live."""
    evidence: str = EVIDENCE
    """Folder with the records of evidence, `*.evidence.json`. One that is not there holds none."""
    promotion_golive: bool = False
    """Carry out a proposal without a person, for a Strategy whose manifest does not say which mode it wants."""
    acl: bool = False
    """Create a Redis user for each service and strategy; needs a Redis user that may (the embedded one does)."""

    role_keys: Literal["made", "given"] = "made"
    """`made`: the keys of risk_guardian, wallet_guard and of the leases are made here when missing. `given`: set-up made them, and the
    leases' is the only one that lies here."""

    def folders(self) -> list[Path]:
        """Return the manifest folders."""
        return [Path(part) for part in self.manifests.split(":") if part]

    def evidence_folder(self) -> Path:
        """Return the folder with the records of evidence."""
        return Path(self.evidence)

    def data(self) -> Path:
        """Return the data folder."""
        return Path(self.data_dir)
