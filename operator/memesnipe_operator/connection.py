"""How the operator and its jobs reach the API server: by the pod's service account, or by a kubeconfig that somebody named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.request import getproxies

from kubernetes.aio import client, config

from memesnipe.kernel.errors import ConfigError
from memesnipe_operator.api import Api
from memesnipe_operator.kinds import OWNED

SPARE_CONNECTIONS = 4 + len(OWNED)
"""For the leader election, whose calls wait for no other's, and for the watches."""


@asynccontextmanager
async def connected(kubeconfig: str = "", calls_max: int = 32) -> AsyncIterator[Api]:
    """Yield the API server. Raises ConfigError outside a pod without `kubeconfig`: the current context may be anybody's cluster."""
    configuration = client.Configuration()
    loading: Any = config  # its functions are not annotated
    try:
        if kubeconfig:
            await loading.load_kube_config(config_file=kubeconfig, client_configuration=configuration, persist_config=False)
        else:
            loading.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError, ValueError):
        where = kubeconfig or "no service account is mounted here, and MEMESNIPE_KUBECONFIG"
        raise ConfigError(f"MEMESNIPE_KUBECONFIG: {where} names no cluster that can be asked") from None
    configuration.connection_pool_maxsize = calls_max + SPARE_CONNECTIONS
    # With `trust_env` aiohttp reads the environment and a .netrc in a thread of its own before each call.
    configuration.client_session_kwargs = {"trust_env": bool(getproxies())}
    async with client.ApiClient(configuration) as connection:
        yield Api(connection, calls_max)
