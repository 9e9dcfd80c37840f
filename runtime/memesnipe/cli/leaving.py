"""The files that a command leaves where a person asked for them: one way to write them, and one clear word where that cannot be."""

from pathlib import Path

import msgspec
import typer

from memesnipe.kernel.errors import ConfigError


def leave_json(option: str, file: Path, value: object) -> None:
    """Write a value's fields as indented JSON and say where. Raises ConfigError where it cannot be written."""
    leave(option, file, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def leave(option: str, file: Path, content: bytes) -> None:
    """Write what an option asked for and say where. Raises ConfigError naming the option where it cannot be written."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{option}: {file}: {error.strerror}") from None
    typer.echo(f"wrote {file}", err=True)  # beside a document on stdout it would break that
