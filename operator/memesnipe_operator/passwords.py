"""Redis passwords of strategies: derived, so that a Secret that was lost or changed is written again as it was, and none is stored."""

import hashlib
import hmac


def password_of(master: bytes, user: str) -> str:
    """Return a user's password: HMAC-SHA-256 of the user's name under the master key, in hex (64 digits)."""
    return hmac.new(master, f"redis-user:{user}".encode(), hashlib.sha256).hexdigest()
