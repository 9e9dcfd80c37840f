"""A person's own strategies on a host: found without a setting, run as soon as they are written, run anew when they are edited."""

from pathlib import Path

from memesnipe.kernel.errors import ConfigError
from memesnipe.strategy.spec import read_spec
from memesnipe.supervisor.settings import OWN_STRATEGIES, UpSettings


def prepare(settings: UpSettings) -> None:
    """Make the default folder if it is missing, so that what is written into it later is seen. Raises ConfigError for a named one."""
    for folder in folders(settings):
        if folder == Path(OWN_STRATEGIES):
            folder.mkdir(exist_ok=True)
        elif not folder.is_dir():
            raise ConfigError(f"MEMESNIPE_STRATEGIES_PATH: {folder} is not a folder")


def folders(settings: UpSettings) -> list[Path]:
    """Return the folders."""
    return [Path(part).expanduser() for part in settings.strategies_path.split(":") if part]


def what_runs(spec_file: Path, settings: UpSettings) -> bytes:
    """Return all that an executor is started from, spec and own code: when this changes it is started anew. Raises ConfigError, OSError."""
    module = read_spec(spec_file).plugin.replace("-", "_")
    files = (folder / f"{module}.py" for folder in folders(settings))
    return b"\0".join([spec_file.read_bytes(), *(file.read_bytes() for file in files if file.is_file())])
