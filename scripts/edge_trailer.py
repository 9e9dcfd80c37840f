"""Hold commits that touch a trade to one question: what edge does this create, or what loss does it prevent?

`edge_trailer.py` checks every commit since the baseline in `.ci/edge-baseline`; `--message FILE` checks one message (a
commit-msg hook). A commit touches a trade when it changes code under one of TRADE_PATHS.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path.cwd()
"""The checkout it is run in, as with git."""
STAGES = (
    *("executor", "risk", "guard", "signer", "positions", "allocator", "market"),
    *("chain", "approvals", "bus", "messages", "control", "consumers", "strategy"),
)
TRADE_PATHS = (*(f"runtime/memesnipe/{stage}/" for stage in STAGES), "operator/memesnipe_operator/", "strategies/memesnipe_strategies/")
TRAILER = "Edge:"


def main(arguments: list[str]) -> int:
    """Return 0 when every commit that touches a trade answers the question, 1 when one does not, 2 when that cannot be known."""
    if arguments[:1] == ["--message"]:
        staged = git("diff", "--cached", "--name-only").split()
        bad = touches_trade(staged) and not answered(Path(arguments[1]).read_text())
        return complain(["this commit"] if bad else [])
    baseline = (ROOT / ".ci" / "edge-baseline").read_text().strip()
    if subprocess.run(["git", "cat-file", "-e", f"{baseline}^{{commit}}"], cwd=ROOT, check=False, capture_output=True).returncode != 0:
        print(f"edge trailer: the baseline {baseline} is not in this clone; fetch the whole history")
        return 2
    return complain([commit for commit in commits(baseline) if touches_trade(files_of(commit)) and not answered(message_of(commit))])


def complain(commits: list[str]) -> int:
    """Name the commits that lack the trailer; return the exit code."""
    for commit in commits:
        print(f"{commit}: touches a trade and has no `{TRAILER} …` trailer: what edge does it create, or what loss does it prevent?")
    return 1 if commits else 0


def answered(message: str) -> bool:
    """Whether a message has the trailer with at least a few words in it."""
    lines = (line.partition(TRAILER) for line in message.splitlines() if line.startswith(TRAILER))
    return any(len(answer.split()) >= 3 for _, _, answer in lines)


def touches_trade(files: list[str]) -> bool:
    """Whether any path lies on the trade path."""
    return any(file.startswith(TRADE_PATHS) and file.endswith((".py", ".lua", ".yaml")) for file in files)


def commits(baseline: str) -> list[str]:
    """Return the commits since the baseline, newest first; merges are left out."""
    return git("rev-list", "--no-merges", f"{baseline}..HEAD").split()


def files_of(commit: str) -> list[str]:
    """Return the paths a commit changes."""
    return git("diff-tree", "--no-commit-id", "--name-only", "-r", "--root", commit).splitlines()


def message_of(commit: str) -> str:
    """Return a commit's whole message."""
    return git("show", "-s", "--format=%B", commit)


def git(*arguments: str) -> str:
    """Run git in the project and return what it prints."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
