"""`python -m memesnipe_operator.drain`: runs once and ends. 0 drained, 1 refused, 78 what only a person can put right, 70 try again."""

import asyncio
import signal

from memesnipe.kernel.errors import ConfigError, MemeSnipeError, Unavailable
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.service import EXIT_CONFIG, EXIT_FAILED, exit_with
from memesnipe.kernel.settings import load
from memesnipe_operator.api import ApiError
from memesnipe_operator.connection import connected
from memesnipe_operator.drain.held import StillHeld
from memesnipe_operator.drain.settings import DrainSettings
from memesnipe_operator.drain.steps import drain

EXIT_REFUSED = 1


async def _run(settings: DrainSettings) -> None:
    """Drain; SIGTERM ends it as a failure does, with the operator back at work. Raises what `drain` raises, Unavailable when ended."""
    async with connected(settings.kubeconfig) as api:
        work = asyncio.ensure_future(drain(api, settings))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        try:
            await work
        except asyncio.CancelledError:
            raise Unavailable("drain", "its time was up; the operator is at work again: raise uninstall.timeoutSeconds") from None


def main() -> int:
    """Drain; return the exit code."""
    configure("drain")
    try:
        settings = load(DrainSettings)
        configure("drain", level=settings.log_level)
        asyncio.run(_run(settings))
    except StillHeld as refusal:
        logger().error("refused", why=str(refusal))
        return EXIT_REFUSED
    except (ConfigError, ApiError) as error:
        logger().error("config_error", detail=str(error))
        return EXIT_CONFIG
    except MemeSnipeError as error:
        logger().error("drain_failed", detail=str(error))
        return EXIT_FAILED
    logger().info("drained", namespace=settings.strategies_namespace)
    return 0


if __name__ == "__main__":
    exit_with(main())
