"""Who may reach Redis, as URLs with passwords for the services and as hashes for whoever makes the users. Pure but for randomness."""

import hashlib
import json
import secrets
from urllib.parse import quote, unquote, urlsplit

from memesnipe.kernel.errors import ConfigError

SCHEMES = ("redis", "rediss")


def new_password() -> str:
    """Return 192 random bits in hex: no character of it needs quoting anywhere."""
    return secrets.token_hex(24)


def admin_url(address: str, password: str) -> str:
    """Return the URL of the chart's own Redis, for its administrator."""
    return f"redis://default:{password}@{address}/0"


def service_url(admin: str, address: str, user: str, password: str, where: str) -> str:
    """Return a service's URL, with scheme and database as the administrator has them. Raises ConfigError naming `where`."""
    try:
        parts = urlsplit(admin)
        scheme, path = parts.scheme, parts.path
    except ValueError:  # its text can quote the password
        scheme, path = "", ""
    if scheme not in SCHEMES:
        raise ConfigError(f"{where}: must be a URL that begins with {' or '.join(f'{each}://' for each in SCHEMES)}")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{address}{path or '/0'}"


def password_in(url: str, user: str, where: str) -> str:
    """Return the password in a service's URL. Raises ConfigError naming `where`, never the URL."""
    try:
        parts = urlsplit(url)
        found, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        found, password = "", ""
    if found != user or not password:
        raise ConfigError(f"{where}: url must hold the Redis user {user} and its password")
    return password


def hashes(passwords: dict[str, str]) -> bytes:
    """Return what the operator needs to make the users: the SHA-256 of each password, as JSON."""
    return json.dumps({user: sha256(password) for user, password in sorted(passwords.items())}, indent=1).encode() + b"\n"


def acl_file(password: str) -> bytes:
    """Return the ACL file that Redis starts with: the administrator alone; the operator makes everybody else."""
    return f"user default on #{sha256(password)} ~* &* +@all\n".encode()


def sha256(password: str) -> str:
    """Return the hash that Redis takes after `#`."""
    return hashlib.sha256(password.encode()).hexdigest()
