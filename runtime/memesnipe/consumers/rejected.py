"""Keeps what was refused at the door, as JSON lines, so that a person can look at it. Bounded: one file and the one before it."""

import json
from pathlib import Path

from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT

BYTES_MAX = 16 << 20
CHARS_MAX = 2_048


class Rejected:
    """The refused inputs of this service: counted, logged and kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def keep(self, source: str, error: BadInput, what: object, now_ns: int) -> None:
        """Count and keep one refusal. A disk that cannot take it is no reason to stop the feed."""
        field = error.field.split("[")[0][:64]
        BAD_INPUT.labels(source, field).inc()
        logger().warning("bad_input", source=source, field=field, reason=error.reason[:256])
        line = {"time_ns": now_ns, "source": source, "field": error.field, "reason": error.reason, "input": repr(what)[:CHARS_MAX]}
        try:
            self._append(json.dumps(line) + "\n")
        except OSError as failure:
            logger().error("rejected_not_kept", error=type(failure).__name__)

    def _append(self, line: str) -> None:
        if self._path.exists() and self._path.stat().st_size > BYTES_MAX:
            self._path.replace(self._path.with_suffix(".old.jsonl"))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)
