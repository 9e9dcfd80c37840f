"""Helm as a person runs it: the real program, the chart of this checkout, values in a file."""

import json
import subprocess
from pathlib import Path
from typing import Any

from memesnipe.testing.cluster import tool

CHART = Path(__file__).parents[4] / "charts" / "memesnipe"
NAME = "memesnipe"
NAMESPACE = "memesnipe"
COMMAND_S_MAX = 600.0


class Release:
    """One release of a chart, by default of this checkout's; `folder` is for Helm's own files."""

    def __init__(self, kubeconfig: Path, folder: Path, values: dict[str, Any], chart: Path = CHART) -> None:
        self._kubeconfig, self._folder, self._chart = kubeconfig, folder, chart
        self._values = folder / "values.json"  # JSON is YAML
        self._values.write_text(json.dumps(values, indent=2))

    def install(self) -> str:
        """Install; return what Helm printed. Raises RuntimeError with Helm's words."""
        return self._must("install", NAME, str(self._chart), "--create-namespace", "--values", str(self._values))

    def upgrade(self, *changed: str) -> str:
        """Upgrade with `--set` values on top of the installed ones. Raises RuntimeError."""
        sets = [word for value in changed for word in ("--set", value)]
        return self._must("upgrade", NAME, str(self._chart), "--values", str(self._values), *sets)

    def test(self) -> subprocess.CompletedProcess[str]:
        """Run the chart's own tests."""
        return self.helm("test", NAME, "--timeout", "3m", "--logs")

    def uninstall(self) -> str:
        """Uninstall, hooks included. Raises RuntimeError."""
        return self._must("uninstall", NAME, "--wait", "--timeout", "5m")

    def helm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Helm in the release's namespace, whatever it returns."""
        folders = [
            f"--{kind}={self._folder / name}" for kind, name in (("registry-config", "registry.json"), ("repository-cache", "cache"))
        ]
        command = [str(tool("helm")), *arguments, "--namespace", NAMESPACE, f"--kubeconfig={self._kubeconfig}", *folders]
        return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False)  # noqa: S603 - our own command

    def _must(self, *arguments: str) -> str:
        done = self.helm(*arguments)
        if done.returncode != 0:
            raise RuntimeError(f"helm {arguments[0]}: exit {done.returncode}: {(done.stdout + done.stderr)[-3_000:]}")
        return done.stdout
