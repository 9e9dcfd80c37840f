"""The smallest client of an API server: one call, and waiting until something holds. Tests use it where kubectl's 100 ms add up."""

import json
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memesnipe.testing.cluster import kubeconfig

POLL_S = 0.05
REQUEST_S = 30.0
NOT_FOUND = 404


class ApiError(RuntimeError):
    """The API server refused a request. `code` is the HTTP status; the text is the server's message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Client:
    """Talks as whom a kubeconfig says: by token or by certificate. Raises ValueError for any other kind of user."""

    def __init__(self, config: Path) -> None:
        access = kubeconfig.access(config)
        self.url = access.server
        self._token = access.token
        context = ssl.create_default_context(cadata=access.authority or None)
        if not access.token:
            _load(context, access.certificate, access.key)
        # no proxy: a cluster for tests is on this machine, and a proxy that the environment names cannot reach it
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def call(self, method: str, path: str, body: object = None, *, content_type: str = "application/json", as_user: str = "") -> Any:
        """Return the answer: parsed when it is JSON, else text. Raises ApiError, and OSError while the server is away.

        `as_user` asks as somebody else, by impersonation.
        """
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        if as_user:
            headers["Impersonate-User"] = as_user
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, headers=headers, method=method)  # noqa: S310 - https by kubeconfig
        try:
            with self._opener.open(request, timeout=REQUEST_S) as answer:
                text = answer.read()
                return json.loads(text) if "json" in answer.headers["Content-Type"] else text.decode()
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, _message(error.read())) from None

    def found(self, path: str) -> Any:
        """Return what is there; None where nothing is. Raises ApiError, OSError like `call`."""
        try:
            return self.call("GET", path)
        except ApiError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def holds(self, condition: Callable[[], object]) -> bool:
        """Whether `condition` is truthy now; a refusal, or a server that is away, is a no."""
        try:
            return bool(condition())
        except (ApiError, OSError):
            return False

    def wait(self, condition: Callable[[], object], what: str, timeout_s: float = 90.0) -> None:
        """Poll until `condition` holds. Raises AssertionError saying what did not come."""
        deadline = time.monotonic() + timeout_s
        while not self.holds(condition):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {timeout_s:.0f} s: {what}")
            time.sleep(POLL_S)


def _load(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The ssl module reads certificates from files only; these live for as long as it takes."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        context.load_cert_chain(file.name)


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:500]
