"""A Strategy's spec as its own process receives it: one JSON file, a mounted ConfigMap in a cluster, a written file on a host."""

from pathlib import Path
from typing import Any

import msgspec

from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.messages.bounds import Hash, StrategyId


class StrategySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the executor runs: which code, as whom, with which parameters."""

    id: StrategyId
    """The resource's name: one plugin may run as several strategies."""
    plugin: StrategyId
    """Entry-point name of the code."""
    spec_hash: Hash
    parameters: dict[str, Any]


_DECODER = msgspec.json.Decoder(StrategySpec)


def read_spec(path: Path) -> StrategySpec:
    """Return the spec in a file. Raises ConfigError naming file and field."""
    try:
        return strict_json.decode(_DECODER, path.read_bytes(), "spec")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except BadInput as error:
        raise ConfigError(f"{path}: {error}") from None
