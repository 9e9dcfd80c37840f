"""Secrets and ConfigMaps as values: their names, how they are built, and whose they are. Pure."""

import base64
import binascii
from typing import Any, Literal

import msgspec

from memesnipe.kernel.errors import ConfigError
from memesnipe_operator.kinds import CONFIG_MAP, SECRET, Kind

Manifest = dict[str, Any]
Data = dict[str, bytes]
SecretType = Literal["Opaque", "kubernetes.io/tls"]

ROLES = ("risk", "guard", "lease")
TRUSTED = "memesnipe-trusted"
SIGNER_TLS = "memesnipe-signer-tls"
SIGNER_CLIENT = "memesnipe-signer-client"
REDIS_ADMIN = "memesnipe-redis-admin"
REDIS_ACL = "memesnipe-redis-acl"
OPERATOR = "memesnipe-operator"
WALLET = "memesnipe-wallet"

MANAGED_BY = "app.kubernetes.io/managed-by"
SETUP = "memesnipe-setup"


def role_key(role: str) -> str:
    """Return the name of the Secret with a role's signing key."""
    return f"memesnipe-keys-{role}"


def redis_user(user: str) -> str:
    """Return the name of the Secret with a service's Redis URL."""
    return f"memesnipe-redis-{user.replace('_', '-')}"


class Place(msgspec.Struct, frozen=True):
    """Which object: its kind, where it is and what it is called."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}"


def secret(namespace: str, name: str) -> Place:
    """Return the place of a Secret."""
    return Place(SECRET, namespace, name)


def config_map(namespace: str, name: str) -> Place:
    """Return the place of a ConfigMap."""
    return Place(CONFIG_MAP, namespace, name)


def manifest(place: Place, data: Data, *, type_: SecretType = "Opaque", for_ever: bool = False) -> Manifest:
    """Return the object; one that is `for_ever` can be deleted and never changed."""
    labels = {"app.kubernetes.io/name": "memesnipe", "app.kubernetes.io/part-of": "memesnipe", MANAGED_BY: SETUP}
    body: Manifest = {
        "apiVersion": place.kind.api_version,
        "kind": place.kind.kind,
        "metadata": {"name": place.name, "namespace": place.namespace, "labels": labels},
        "data": encoded(place.kind, data),
    }
    if place.kind == SECRET:
        body["type"] = type_
    return body | {"immutable": True} if for_ever else body


def encoded(kind: Kind, data: Data) -> dict[str, str]:
    """Return data as an object of this kind has it."""
    return {key: base64.b64encode(raw).decode() if kind == SECRET else raw.decode() for key, raw in sorted(data.items())}


class Stored:
    """An object as the API server has it. Nothing that prints it brings its data out."""

    __slots__ = ("data", "manifest", "place")

    def __init__(self, place: Place, manifest: Manifest) -> None:
        self.place, self.manifest = place, manifest
        try:
            raw = manifest.get("data") or {}
            self.data: Data = {key: base64.b64decode(text) if place.kind == SECRET else text.encode() for key, text in raw.items()}
        except (binascii.Error, ValueError):
            raise ConfigError(f"{place}: its data cannot be read") from None

    @property
    def is_ours(self) -> bool:
        """Whether setup made it; anybody else's is never changed."""
        labels = self.manifest["metadata"].get("labels") or {}
        return bool(labels.get(MANAGED_BY) == SETUP)

    def require(self, *keys: str) -> "Stored":
        """Return self. Raises ConfigError naming the object and what it lacks."""
        missing = [key for key in keys if not self.data.get(key)]
        if missing:
            whose = "" if self.is_ours else "it was made by somebody else and is left alone; "
            raise ConfigError(f"{self.place}: lacks {', '.join(missing)}: {whose}complete it, or delete it to have it made anew")
        return self

    def with_data(self, data: Data) -> Manifest:
        """Return the object with these keys replaced, still at the version that was read."""
        return self.manifest | {"data": encoded(self.place.kind, self.data | data)}

    def __repr__(self) -> str:
        return f"Stored({self.place})"
