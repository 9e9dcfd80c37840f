"""Which cluster a test run uses: the one a person names, else `kind` where it can run, else parts we build.

A named cluster is used only when its current context is on the allow-list. Tests create and delete whole namespaces and custom
resource definitions, and a shell whose kubeconfig happens to point at production must not be enough to run them there.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from memesnipe.testing.cluster import kind, kubeconfig

GIVEN = "MEMESNIPE_TEST_KUBECONFIG"
ALLOWED = "MEMESNIPE_TEST_CONTEXTS"
ALLOWED_DEFAULT = "kind-memesnipe-test,memesnipe-test"


class ContextRefused(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """The kubeconfig that was named points at a cluster that nobody said is for tests."""


@dataclass(frozen=True)
class Choice:
    """What to use. `config` is set for a given cluster only."""

    how: Literal["given", "kind", "built"]
    config: Path | None = None


def choose(environment: Mapping[str, str] = os.environ) -> Choice:
    """Return what to use. Raises ContextRefused when a cluster is named that is not for tests, or that cannot be read."""
    if given := environment.get(GIVEN):
        return Choice("given", allowed(Path(given), environment))
    return Choice("kind") if kind.usable() else Choice("built")


def allowed(config: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return `config` when its current context is on the allow-list. Raises ContextRefused saying how to allow it."""
    names = {name.strip() for name in environment.get(ALLOWED, ALLOWED_DEFAULT).split(",")} - {""}
    try:
        context = kubeconfig.current_context(config)
    except ValueError as error:
        raise ContextRefused(f"{GIVEN} cannot be used: {error}") from None
    if context not in names:
        raise ContextRefused(
            f"{GIVEN} names {config}, whose current context {context!r} is not for tests (allowed: {', '.join(sorted(names))}). "
            f"Tests delete whatever is in their way. If that cluster may be used, add its context to {ALLOWED}."
        )
    return config
