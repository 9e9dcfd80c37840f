"""Vault's transit engine as the holder of the wallet's key: the secret never comes here.

Wire (https://developer.hashicorp.com/vault/api-docs/secret/transit): `GET /v1/<mount>/keys/<name>` -> `{"data": {"type": "ed25519",
"latest_version": 1, "exportable": false, "keys": {"1": {"public_key": base64}}}}`; `POST /v1/<mount>/sign/<name>` with `{"input":
base64, "key_version": n}` -> `{"data": {"signature": "vault:v<version>:<base64>"}}`. The token goes in `X-Vault-Token`; it is read
from its file at each call, so that whoever renews it need only write the file.

What Vault says beside that is neither logged nor passed on: an error's text could hold anything.
"""

import base64
import json
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from solders.pubkey import Pubkey

from memesnipe.approvals.secret_files import read_secret
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.signer.https import Https
from memesnipe.signer.keys import PART

_SIGNATURE = re.compile(r"vault:v[1-9][0-9]{0,8}:([A-Za-z0-9+/]{86}==)")
_TOKEN = re.compile(rb"[\x21-\x7e]{1,512}")
_Text = Annotated[str, Meta(max_length=1_024)]


class Place(msgspec.Struct, frozen=True):
    """Where the key is in Vault."""

    mount: str
    name: str
    version: int = 0
    """0: the newest. Name one, and a rotation changes nothing until you say so."""


class _Version(msgspec.Struct):
    public_key: _Text = ""


class _Key(msgspec.Struct):
    type: _Text
    latest_version: int
    keys: dict[str, _Version | int]
    """By version; a number stands where a key has no public half."""
    exportable: bool = False
    allow_plaintext_backup: bool = False


class _Signed(msgspec.Struct):
    signature: _Text


class _KeyReply(msgspec.Struct):
    data: _Key


class _SignedReply(msgspec.Struct):
    data: _Signed


_key_reply, _signed_reply = msgspec.json.Decoder(_KeyReply), msgspec.json.Decoder(_SignedReply)


class Vault:
    """A key in Vault that signs for us (`keys.Remote`)."""

    def __init__(self, https: Https, place: Place, token_file: Path) -> None:
        self._https, self._place, self._token_file = https, place, token_file

    def sign(self, message: bytes) -> bytes:
        """Return what Vault says is the signature. Raises Unavailable."""
        asked: dict[str, Any] = {"input": base64.b64encode(message).decode()}
        if self._place.version:
            asked["key_version"] = self._place.version
        body = self._ask("POST", "sign", json.dumps(asked).encode())
        try:
            found = _SIGNATURE.fullmatch(_signed_reply.decode(body).data.signature)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        if found is None:
            raise Unavailable(PART, "Vault's answer holds no Ed25519 signature")
        return base64.b64decode(found[1])

    def require(self, wallet: Pubkey) -> None:
        """At start: the key is Ed25519 and the wallet's. Raises ConfigError when it is not, Unavailable when Vault cannot say."""
        try:
            key = _key_reply.decode(self._ask("GET", "keys")).data
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Unavailable(PART, "Vault's answer describes no transit key") from None
        version = key.keys.get(str(self._place.version or key.latest_version))
        public = version.public_key if isinstance(version, _Version) else ""
        if key.type != "ed25519" or public != base64.b64encode(bytes(wallet)).decode():
            raise ConfigError(f"MEMESNIPE_VAULT_KEY: {self._place.name} in Vault is not the Ed25519 key of the wallet {wallet}")
        if key.exportable or key.allow_plaintext_backup:
            logger().warning("key_can_leave_vault", exportable=key.exportable, plaintext_backup=key.allow_plaintext_backup)

    def _ask(self, method: str, verb: str, body: bytes = b"") -> bytes:
        reply = self._https.ask(method, f"/v1/{self._place.mount}/{verb}/{self._place.name}", {b"X-Vault-Token": self._token()}, body)
        if reply.status != 200:
            raise Unavailable(PART, f"Vault answered HTTP {reply.status}{_MEANT.get(reply.status, '')}")
        return reply.body

    def _token(self) -> bytes:
        try:
            token = read_secret(self._token_file).strip()
        except ConfigError as error:
            raise Unavailable(PART, str(error)) from None
        if not _TOKEN.fullmatch(token):
            raise Unavailable(PART, f"{self._token_file}: holds no token")
        return token


_MEANT = {
    403: ": the token is refused or has expired; its policy needs update on transit/sign/<key> and read on transit/keys/<key>",
    404: ": no such key; see MEMESNIPE_VAULT_MOUNT and MEMESNIPE_VAULT_KEY",
    503: ": it is sealed or in maintenance",
}
