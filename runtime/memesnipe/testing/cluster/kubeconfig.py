"""Kubeconfig files: writing the ones of a cluster we started, and reading the one a person gives."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from memesnipe.testing.cluster.certificates import KeyPair

CONTEXT = "memesnipe-test"


@dataclass(frozen=True)
class Access:
    """What the current context of a kubeconfig says: where the API server is, and who asks. PEM texts; no secret is in the repr."""

    server: str
    authority: str
    token: str = field(repr=False)
    certificate: str
    key: str = field(repr=False)


def write(path: Path, *, server: str, authority: str, user: Mapping[str, str]) -> Path:
    """Write a kubeconfig of one context, `memesnipe-test`; all it needs is inside it, so it may be copied. Owner's eyes only."""
    cluster = {"server": server, "certificate-authority-data": _inline(authority)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": CONTEXT, "user": dict(user)}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT, "namespace": "default"}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1))  # JSON is YAML
    return path


def token_user(token: str) -> dict[str, str]:
    """Return the `user` of someone who shows a token."""
    return {"token": token}


def certificate_user(pair: KeyPair) -> dict[str, str]:
    """Return the `user` of someone who shows a certificate."""
    return {"client-certificate-data": _inline(pair.certificate.read_text()), "client-key-data": _inline(pair.key.read_text())}


def current_context(path: Path) -> str:
    """Return the name of a kubeconfig's current context; empty when it has none. Raises ValueError when it is no kubeconfig."""
    return str(_read(path).get("current-context") or "")


def access(path: Path) -> Access:
    """Return what the current context says. Raises ValueError when it is incomplete, or asks another program for credentials."""
    config = _read(path)
    context = _named(config, "contexts", str(config.get("current-context")), path)["context"]
    cluster = _named(config, "clusters", context["cluster"], path)["cluster"]
    user = _named(config, "users", context["user"], path)["user"]
    certificate, key = _text(user, "client-certificate", path), _text(user, "client-key", path)
    if not user.get("token") and not (certificate and key):
        raise ValueError(f"{path}: the user of the current context has neither a token nor a certificate")
    return Access(cluster["server"], _text(cluster, "certificate-authority", path), user.get("token", ""), certificate, key)


def _named(config: dict[str, Any], kind: str, name: str, path: Path) -> dict[str, Any]:
    found = [one for one in config.get(kind) or [] if one.get("name") == name]
    if not found:
        raise ValueError(f"{path}: no entry of {kind} is called {name!r}")
    return dict(found[0])


def _text(entry: dict[str, Any], name: str, path: Path) -> str:
    """Each text may stand inside the file, or in one that it names."""
    if f"{name}-data" in entry:
        return base64.b64decode(entry[f"{name}-data"]).decode()
    return (path.parent / entry[name]).read_text() if name in entry else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path} is no kubeconfig: {type(error).__name__}") from None  # the parser's words may quote a secret
    if not isinstance(config, dict):
        raise ValueError(f"{path} is no kubeconfig")  # noqa: TRY004 - a file's content is a value, not an argument's type
    return config


def _inline(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
