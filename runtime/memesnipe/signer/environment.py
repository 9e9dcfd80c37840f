"""No key comes by the environment: it is inherited by children, printed by crash reports and shown by `docker inspect` and /proc.

A signer that is given one there does not start, so that nobody gets used to it. Files and Vault are the ways (`docs/howto/keys.md`).
"""

import re
from collections.abc import Mapping

from memesnipe.kernel.errors import ConfigError

_NAMES_A_KEY = re.compile(r"SOLANA|WALLET|JITO|MNEMONIC|SEED_?PHRASE|KEYPAIR|^(?:PRIVATE|SECRET)_?KEY$", re.IGNORECASE)
"""Beside our own: how others call such a variable. Not every SECRET of a person's machine is a wallet."""
_IS_A_KEY = re.compile(
    r"\s*(?:\[[\s0-9,]{63,}\]"  # a Solana keypair file's content
    r"|[1-9A-HJ-NP-Za-km-z]{80,90}"  # 64 bytes in base58, as wallets export them
    r"|(?:0x)?(?:[0-9A-Fa-f]{64}){1,2}"  # a seed or a pair in hex
    r"|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}=="  # the same in base64
    r"|hv[sbr]\.[A-Za-z0-9_.-]{20,}"  # a token of Vault
    r"|(?:[a-z]{3,8}\s+){11,23}[a-z]{3,8})\s*"  # a seed phrase
)


def refuse_keys_in(environment: Mapping[str, str]) -> None:
    """Raise ConfigError naming the variable, never its value, when one holds a secret key, a seed phrase or a token of Vault."""
    for name, value in environment.items():
        ours = (name.startswith("MEMESNIPE_") or _NAMES_A_KEY.search(name)) and not name.endswith("_API_KEY")  # such a key moves no money
        if (ours and _IS_A_KEY.fullmatch(value)) or (name == "VAULT_TOKEN" and value):
            raise ConfigError(f"{name}: holds a secret key; a key comes from a file or from Vault, never by the environment")
