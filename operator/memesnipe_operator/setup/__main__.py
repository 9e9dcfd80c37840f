"""`python -m memesnipe_operator.setup`: runs once and ends. 0 done, 78 what only a person can put right, 70 try again."""

import asyncio
from datetime import UTC, datetime

from memesnipe.kernel.errors import ConfigError, MemeSnipeError, Unavailable
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.service import EXIT_CONFIG, EXIT_FAILED, exit_with
from memesnipe.kernel.settings import load
from memesnipe_operator.connection import connected
from memesnipe_operator.setup import steps, strangers
from memesnipe_operator.setup.keeping import Keeping
from memesnipe_operator.setup.settings import SetupSettings

BLOCKED = "the network may keep it away: networkPolicy.apiServer.ports must name the port the API server itself listens on"


async def _run(settings: SetupSettings) -> None:
    async with connected(settings.kubeconfig) as api:
        await steps.run(Keeping(api), settings, datetime.now(UTC))


def main() -> int:
    """Set the installation up; return the exit code. No error shows more than its text and type: a stranger's could quote a secret."""
    configure("setup")
    try:
        settings = load(SetupSettings)
        configure("setup", level=settings.log_level)
        logger().info("set_up_starts", namespace=settings.namespace, signer_namespace=settings.signer_namespace)
        asyncio.run(_run(settings))
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        return EXIT_CONFIG
    except Unavailable as error:
        logger().error("setup_failed", detail=str(error), hint=BLOCKED)
        return EXIT_FAILED
    except MemeSnipeError as error:
        logger().error("setup_failed", detail=str(error))
        return EXIT_FAILED
    except Exception as error:
        logger().error("setup_failed", detail=strangers.said(error))
        return EXIT_FAILED
    logger().info("set_up", namespace=settings.namespace, signer_namespace=settings.signer_namespace)
    return 0


if __name__ == "__main__":
    exit_with(main())
