"""What is inside: an SBOM and a licence report for each lock file, and a look at known vulnerabilities where their data can be reached.

    python scripts/supply_chain.py sbom     # dist/supply/<role>.cdx.json (CycloneDX 1.6) and <role>-licences.md
    python scripts/supply_chain.py audit    # exit code 1: something known to be vulnerable is locked; 3: the data cannot be reached

The SBOM of a role is cut out of one of the whole environment, for only installed packages say their licence. The environment is what the
lock file says, by hash; a package of a lock that is not installed on this system (it is for another one) is left out, and named.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "dist" / "supply"
PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
VULNERABLE, UNREACHABLE = 1, 3
OFFLINE = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "could not be audited")

Component = dict[str, Any]


def locks() -> dict[str, Path]:
    """Return the lock file of each role; `dev` is all of it."""
    found = {
        path.stem.removeprefix("requirements-"): path
        for path in sorted(ROOT.glob("requirements-*.lock"))
        if path.stem != "requirements-bench"
    }
    return {"dev": ROOT / "requirements.lock", **found}


def pinned(lock: Path) -> dict[str, str]:
    """Return the packages of a lock file by normalized name (PEP 503), with their versions."""
    return {normal(name): version for name, version in PINNED.findall(lock.read_text(encoding="utf-8"))}


def normal(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def sbom(out: Path = OUT) -> int:
    """Write an SBOM and a licence report for each role; return the exit code."""
    whole = _environment()
    out.mkdir(parents=True, exist_ok=True)
    for role, lock in locks().items():
        wanted = pinned(lock)
        inside = [one for one in whole["components"] if wanted.get(normal(one["name"])) == one["version"]]
        left_out = sorted(wanted.keys() - {normal(one["name"]) for one in inside})
        (out / f"{role}.cdx.json").write_text(json.dumps(cut(whole, inside), indent=1, sort_keys=True), encoding="utf-8")
        (out / f"{role}-licences.md").write_text(licences(role, inside, left_out), encoding="utf-8")
        absent = f", not on this system: {', '.join(left_out)}" if left_out else ""
        print(f"supply chain: {role}: {len(inside)} packages{absent}")
    return 0


def cut(whole: dict[str, Any], inside: list[Component]) -> dict[str, Any]:
    """Return the SBOM with these components alone, and their dependencies among each other."""
    kept = {one["bom-ref"] for one in inside} | {whole["metadata"]["component"]["bom-ref"]}
    ties = [
        {**tie, "dependsOn": [ref for ref in tie.get("dependsOn", []) if ref in kept]}
        for tie in whole["dependencies"]
        if tie["ref"] in kept
    ]
    return {**whole, "components": inside, "dependencies": ties}


def licences(role: str, inside: list[Component], left_out: list[str]) -> str:
    """Return the report as Markdown: a row for each package."""
    rows = "".join(
        f"| {one['name']} | {one['version']} | {licence(one)} |\n" for one in sorted(inside, key=lambda one: normal(one["name"]))
    )
    more = f"\nNot installed on this system, so not looked at: {', '.join(left_out)}.\n" if left_out else ""
    return f"# Licences of what `{role}` installs\n\n| package | version | licence |\n|---|---|---|\n{rows}{more}"


def licence(one: Component) -> str:
    """Return what a package says its licence is; `unknown` where it says nothing."""
    said = [entry.get("expression") or entry["license"].get("id") or entry["license"]["name"] for entry in one.get("licenses", [])]
    return (
        " or ".join(dict.fromkeys(text.partition("\n")[0].removeprefix("License :: OSI Approved :: ")[:80] for text in said)) or "unknown"
    )


def audit() -> int:
    """Hold the lock file of everything, of which the roles' are parts, against the known vulnerabilities; return the exit code."""
    lock = locks()["dev"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "audit.json"
        options = ["--require-hashes", "--disable-pip", "-f", "json", "-o", report, "--progress-spinner", "off"]
        command = ["pip_audit", "-s", "osv", "-r", lock, *options]
        done = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True, check=False)
        print(report.read_text(encoding="utf-8") if report.exists() else done.stderr.strip().rpartition("\n")[2])
    if done.returncode and any(word in done.stderr for word in OFFLINE):
        print(
            "supply chain: the data of known vulnerabilities (api.osv.dev) cannot be reached from here: nothing was checked",
            file=sys.stderr,
        )
        return UNREACHABLE
    return VULNERABLE if done.returncode else 0


def _environment() -> dict[str, Any]:
    command = ["cyclonedx_py", "environment", sys.executable, "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=True)
    whole: dict[str, Any] = json.loads(done.stdout)
    return whole


def main() -> int:
    """Run one of the two; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sbom", "audit"])
    return {"sbom": sbom, "audit": audit}[parser.parse_args().what]()


if __name__ == "__main__":
    sys.exit(main())
