"""Settings hold addresses with passwords in them: whoever logs them by mistake shows their name alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from memesnipe.kernel.settings import CommonSettings
from memesnipe.testing.reference.settings_page import settings

ROOT = Path(__file__).parents[2]
SECRET = "s3cret"


def kinds(kind: type[CommonSettings] = CommonSettings) -> Iterator[type[CommonSettings]]:
    """Yield every class of settings of a service on the bus, after the page's maker has loaded them all."""
    yield kind
    for one in kind.__subclasses__():
        yield from kinds(one)


settings(ROOT)


@pytest.mark.parametrize("kind", [*kinds()], ids=lambda kind: kind.__name__)
def test_settings_say_nothing_of_what_they_hold(kind: type[CommonSettings]) -> None:
    needed = {one.name: SECRET for one in msgspec.structs.fields(kind) if one.required}
    given: dict[str, Any] = needed | {"redis_url": f"redis://u:{SECRET}@h:6379/0"}

    assert repr(kind(**given)) == f"{kind.__name__}(...)"
    assert SECRET not in f"{[kind(**given)]} {kind(**given)!s}"
