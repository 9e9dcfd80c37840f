"""A terminal in a checkout, whose `kubectl` and `helm` lead to one installation: what a page says is typed as it stands."""

import os
import shutil
from pathlib import Path

from memesnipe.testing.cluster.kubectl import NO_PROXY, kubectl
from memesnipe.testing.cluster.tools import tool
from memesnipe.testing.documented.pages import ROOT
from memesnipe.testing.documented.shell import type_in
from memesnipe.testing.documented.table import NAMED, help_of
from memesnipe.testing.documented.typed import Answer

COPIED = ("manifests", "crds", "strategies")
CHANGES_TOO_MUCH = (
    *("kubectl delete crd", "kubectl delete namespace", "kubectl -n memesnipe delete secret", "kubectl -n memesnipe-signer delete secret"),
    *(
        "kubectl -n memesnipe-signer scale",
        "kubectl apply --server-side",
        "helm install",
        "helm upgrade",
        "helm -n memesnipe upgrade memesnipe charts/memesnipe --reset-then-reuse-values",
    ),
)
"""Judged by the API server and not done: the installation is needed afterwards, and half of them are done by the tests around this one.
A restart of every Deployment is one of a single one here: in those tests each pod is killed and comes back."""
CODES = {"| grep ": (0, 1), "--as mona": (0, 1), "live-check": (0, 1)}
"""What may end otherwise than with 0: nothing was found, `no`, something is missing before real money moves."""


class Terminal:
    """Everything that is typed, in one folder."""

    def __init__(self, folder: Path, kubeconfig: Path, chart: Path) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        for name, program in (("kubectl", kubectl()), ("helm", tool("helm"))):
            (programs / name).symlink_to(program)
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name)
        (folder / "charts").mkdir()
        shutil.copytree(chart, folder / "charts" / "memesnipe")
        self._bring()
        self._env = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder), "KUBECONFIG": str(kubeconfig), "NO_PROXY": NO_PROXY}
        self.type("helm -n memesnipe get values memesnipe -o yaml > my-values.yaml")

    def _bring(self) -> None:
        """Write the files that a reader would have."""
        for name in ("wallet.json", "jito_auth.json", "token", "vault-ca.pem", "notify_urls.txt", "otlp_headers.txt"):
            (self.folder / name).write_text("made up\n")
        (self.folder / "evidence").mkdir()
        record = ROOT / "docs" / "reference" / "evidence" / "momentum.evidence.json"
        shutil.copy(record, self.folder / "evidence" / "dip-buyer.evidence.json")
        of_another = (ROOT / "docs" / "reference" / "evidence" / "momentum.yaml").read_text()
        (self.folder / "dip-buyer.yaml").write_text(of_another.replace("name: momentum", "name: dip-buyer"))
        tracing = "tracing: {enabled: true, url: 'http://collector.monitoring.svc:4318/v1/traces', to: [{namespaceSelector: {}}]}\n"
        (self.folder / "traces.yaml").write_text(tracing)
        (self.folder / "study.yaml").write_text(
            "evidence: {enabled: true, strategy: dip-buyer, claim: recordings, market: trades.parquet}\n"
        )

    def type(self, text: str) -> Answer:
        """Run a command, or the help of what a sentence calls by its verb."""
        return type_in(self.folder, self._env, self._dry(help_of(text)[0] if text in NAMED else text))

    @staticmethod
    def codes(text: str) -> tuple[int, ...]:
        """Return what a command may end with."""
        return next((codes for part, codes in CODES.items() if part in text), (0,))

    @staticmethod
    def _dry(text: str) -> str:
        if text.endswith("--help") or " --help" in text:
            return text
        if text.startswith(CHANGES_TOO_MUCH):
            return f"{text} --dry-run=server"
        if " & curl " in text:  # what runs beside it is the person's to end
            return f"{text}; code=$?; kill %1; exit $code"
        if text.endswith(" rollout restart deployment"):
            return f"{text} memesnipe-strategy-factory"
        return f"{text} --dry-run=client" if " create secret generic " in text else text
