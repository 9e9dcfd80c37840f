"""The embedded Valkey as a process to keep running. Its password lies in files of mode 0600, never in the argument list."""

import hashlib
from pathlib import Path

from memesnipe.bus.embedded import binary
from memesnipe.control.files import write_whole
from memesnipe.supervisor.plan import Process


def valkey(data: Path, port: int, password: str) -> Process:
    """Return the server's process: append-only file synced every second, nothing evicted, users kept in an ACL file.

    The ACL file is written once; afterwards control saves the users there, so that a restarted server knows them.
    """
    folder = data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "users.acl"
    if not users.exists():
        digest = hashlib.sha256(password.encode()).hexdigest()
        write_whole(users, f"user default on #{digest} ~* &* +@all\n".encode(), 0o600)
    configuration = folder / "valkey.conf"
    write_whole(configuration, _lines(folder, users, port).encode(), 0o600)
    return Process("valkey", (binary(), str(configuration)), {}, 0)


def _lines(folder: Path, users: Path, port: int) -> str:
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": f'"{folder}"',
        "daemonize": "no",
        "save": '""',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "aclfile": f'"{users}"',
    }
    return "".join(f"{name} {value}\n" for name, value in options.items())
