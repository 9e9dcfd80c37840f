"""The Redis address of each user, with the password that control keeps in a file."""

from pathlib import Path

from memesnipe.control.files import password, passwords_folder


class RedisUsers(dict[str, str]):
    """Redis address by user name; the default user's is the administrator's."""

    def __init__(self, admin: str, data: Path) -> None:
        super().__init__(default=admin)
        self._data, self._host = data, admin.removeprefix("redis://").rpartition("@")[2]

    def __missing__(self, user: str) -> str:
        return f"redis://{user}:{password(passwords_folder(self._data, user), user)}@{self._host}"
