"""The part of an API server that setup uses, kept in a folder of one host: an object a file, written whole, readable by us alone."""

from pathlib import Path

import msgspec

from memesnipe.control.files import write_whole
from memesnipe.kernel.errors import ConfigError
from memesnipe_operator.api import ApiError
from memesnipe_operator.kinds import Kind
from memesnipe_operator.setup.objects import Manifest

MODE = 0o600
_decode = msgspec.json.Decoder(Manifest).decode


class Folder:
    """`keeping.Objects` without a server. One process at a time writes here, so versions are not compared."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """Return an object, None where there is none. Raises ConfigError naming a file that is not one."""
        path = self._path(kind, namespace, name)
        try:
            return _decode(path.read_bytes()) if path.exists() else None
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {type(error).__name__}") from None

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Write an object that is not there yet. Raises ApiError 409 when it is."""
        meta = manifest["metadata"]
        if self._path(kind, meta["namespace"], meta["name"]).exists():
            raise ApiError(409, "AlreadyExists", meta["name"])
        return await self.replace(kind, manifest)

    async def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Write an object whole."""
        meta = manifest["metadata"]
        write_whole(self._path(kind, meta["namespace"], meta["name"]), msgspec.json.encode(manifest), MODE)
        return manifest

    def _path(self, kind: Kind, namespace: str, name: str) -> Path:
        return self._folder / namespace / f"{kind.plural}.{name}.json"
