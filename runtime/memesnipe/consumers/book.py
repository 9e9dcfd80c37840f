"""What the intake remembers of the events it let in. Bounded: the oldest memory goes first."""

from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(dict[str, V], Generic[V]):
    """A dict that holds the `most` newest keys."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def put(self, key: str, value: V) -> None:
        """Remember `value`, as the newest."""
        self.pop(key, None)
        self[key] = value
        if len(self) > self._most:
            del self[next(iter(self))]


class Book:
    """Event ids seen, and by mint: the newest slot, the decimals, and the event that launched it."""

    def __init__(self, ids_max: int = 200_000, mints_max: int = 50_000) -> None:
        self.ids: Recent[None] = Recent(ids_max)
        self.slots: Recent[int] = Recent(mints_max)
        self.decimals: Recent[int] = Recent(mints_max)
        self.launches: Recent[str] = Recent(mints_max)
