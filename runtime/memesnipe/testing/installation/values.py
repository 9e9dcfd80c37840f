"""Values for a test's installation: everything on, the localnet as the chain, images that were brought to the node beforehand."""

from typing import Any
from urllib.parse import urlsplit

from memesnipe.testing.images.build import Image

SMALL = {"requests": {"cpu": "20m", "memory": "96Mi", "ephemeral-storage": "32Mi"}}
"""Requests are what a node of two cores has room for; limits stay the chart's own, for they are what is tested."""


def values(images: dict[str, Image], api_server: str) -> dict[str, Any]:
    """Return values for live trading on the localnet. `images` is by role, `redis` among them; `api_server` is its URL."""
    components = ("operator", "riskGuardian", "walletGuard", "signer", "positionManager", "autonomousAllocator", "dataConsumers")
    small = {
        name: {"resources": SMALL} for name in (*components, "strategyFactory", "dashboard", "redis", "localnet", "strategies", "setup")
    }
    tree: dict[str, Any] = {
        **small,
        "paperTradingMode": False,
        "networkPolicy": {"apiServer": {"ports": [443, urlsplit(api_server).port]}},
        "images": {"pullPolicy": "Never", **{role: _reference(images[role]) for role in ("runtime", "allocator", "operator", "signer")}},
    }
    tree["localnet"] |= {"enabled": True}
    tree["redis"] |= {"image": _reference(images["redis"])}
    return tree


def _reference(image: Image) -> dict[str, str]:
    repository, _, tag = image.node_name.rpartition(":")
    return {"repository": repository, "tag": tag}
