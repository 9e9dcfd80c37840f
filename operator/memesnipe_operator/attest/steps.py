"""Wait for the record, open it, write it. A record that is not whole is written nowhere."""

import asyncio
from pathlib import Path

from memesnipe.evidence.record import RECORD_BYTES_MAX, Record, open_record, to_json
from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import Api
from memesnipe_operator.attest.settings import AttestSettings
from memesnipe_operator.kinds import CONFIG_MAP, EVIDENCE_KEY


async def attest(api: Api, settings: AttestSettings) -> Record:
    """Return the record that was written, passed or failed: a failed one tells the operator that an older one no longer counts.

    Raises ConfigError on a record that is not whole, Unavailable where the study wrote none in time, ApiError.
    """
    record = opened(await found(Path(settings.record_file), settings), settings.record_file)
    data = {EVIDENCE_KEY: to_json(record).decode()}
    await api.set_data(CONFIG_MAP, settings.strategies_namespace, settings.config_map, data)
    return record


async def found(file: Path, settings: AttestSettings) -> bytes:
    """Return the file's first bytes, as soon as it is there: it appears whole. Raises Unavailable after `wait_s`."""
    deadline = asyncio.get_running_loop().time() + settings.wait_s
    logger().info("study_awaited", file=str(file), wait_s=settings.wait_s)
    while not file.is_file():
        if asyncio.get_running_loop().time() >= deadline:
            todo = "look at its pod, or give it longer (evidence.timeoutSeconds)"
            raise Unavailable("study", f"no record within {settings.wait_s:g} s; {todo}")
        await asyncio.sleep(settings.poll_s)
    with file.open("rb") as opened_file:
        return opened_file.read(RECORD_BYTES_MAX + 1)


def opened(raw: bytes, name: str) -> Record:
    """Return a whole record. Raises ConfigError."""
    try:
        return open_record(raw)
    except BadInput as error:
        raise ConfigError(f"{name}: {error}") from None
