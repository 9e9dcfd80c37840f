"""`python -m memesnipe_operator.attest`: runs once and ends. 0 written, 78 what only a person can put right, 70 try again."""

import asyncio
import signal

from memesnipe.evidence.record import Record
from memesnipe.kernel.errors import ConfigError, MemeSnipeError, Unavailable
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.service import EXIT_CONFIG, EXIT_FAILED, exit_with
from memesnipe.kernel.settings import load
from memesnipe_operator.api import ApiError
from memesnipe_operator.attest.settings import AttestSettings
from memesnipe_operator.attest.steps import attest
from memesnipe_operator.connection import connected


async def _run(settings: AttestSettings) -> Record:
    """Attest; SIGTERM ends the wait. Raises what `attest` raises, Unavailable when ended."""
    async with connected(settings.kubeconfig) as api:
        work = asyncio.ensure_future(attest(api, settings))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        try:
            return await work
        except asyncio.CancelledError:
            raise Unavailable("attest", "it was told to end before the study had a record") from None


def main() -> int:
    """Attest; return the exit code."""
    configure("attest")
    try:
        settings = load(AttestSettings)
        settings.check()
        configure("attest", level=settings.log_level)
        record = asyncio.run(_run(settings))
    except (ConfigError, ApiError) as error:
        logger().error("config_error", detail=str(error))
        return EXIT_CONFIG
    except MemeSnipeError as error:
        logger().error("attest_failed", detail=str(error))
        return EXIT_FAILED
    verdict, subject = record.evidence.verdict, record.evidence.subject
    logger().info("attested", strategy=settings.strategy, code=subject.strategy, spec_hash=subject.spec_hash, verdict=verdict.sentence())
    return 0


if __name__ == "__main__":
    exit_with(main())
