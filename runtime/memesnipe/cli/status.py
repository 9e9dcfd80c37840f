"""What control wrote about the strategies, as rows for a table."""

import json
from pathlib import Path

from memesnipe.kernel.errors import ConfigError


def strategies(data: Path) -> list[tuple[str, str, str, str, str]]:
    """Return (strategy, mode, gate, status, message), one row a gate. Raises ConfigError when nothing was applied yet."""
    path = data / "run" / "status.json"
    if not path.is_file():
        raise ConfigError(f"{path} does not exist: nothing was applied here yet; start with `make up`")
    rows = []
    for strategy in json.loads(path.read_text())["strategies"]:
        for number, condition in enumerate(strategy["conditions"]):
            first = (strategy["id"], strategy["mode"]) if number == 0 else ("", "")
            rows.append((*first, condition["type"], condition["status"], condition["message"]))
    return rows
