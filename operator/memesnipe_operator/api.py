"""The API server as the operator uses it: server-side apply under one field manager, status, deletion, look-ups. Nothing else is written.

Dicts go in and come out: no models are built and no schema is looked up, because a thousand Strategies are some ten thousand calls.
Calls under way are bounded here, so that the watch streams need no limit of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import kopf
import msgspec
from kubernetes.aio.client import ApiClient

from memesnipe.kernel.errors import MemeSnipeError, Unavailable
from memesnipe_operator.kinds import FIELD_MANAGER, KIND_OF, SECRET, Kind
from memesnipe_operator.metrics import API_CALLS

Manifest = dict[str, Any]
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""Objects without their content: a thousand Secrets need not pass through this process to be counted."""
ANSWER_S_MAX = 20.0
"""A server that takes a call and never answers must not hold a worker for good."""
CONNECT_S_MAX = 5.0
"""A network policy that lets nobody through answers nothing: this is how long it takes to notice."""
RETRY_S_MAX = 30.0


class ApiError(MemeSnipeError):
    """The API server refused: the request is wrong, not allowed, or in conflict; asking again as it is changes nothing."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"API server: HTTP {status} {reason}: {message}"[:1_024])
        self.status, self.reason = status, reason


class Api:
    """Calls with a bound on how many are under way."""

    def __init__(self, client: ApiClient, calls_max: int = 32, answer_s_max: float = ANSWER_S_MAX) -> None:
        self._client = client
        self._slots = asyncio.Semaphore(calls_max)
        self._timeout = aiohttp.ClientTimeout(total=answer_s_max, sock_connect=CONNECT_S_MAX)

    def apart(self, answer_s_max: float = ANSWER_S_MAX) -> "Api":
        """Return the same server with bounds of its own: one call at a time, which waits for no other, and so long for its answer."""
        return Api(self._client, 1, answer_s_max)

    def login(self) -> kopf.ConnectionInfo:
        """Return the same server and user as kopf's watches take them."""
        known = self._client.configuration
        scheme, _, token = known.api_key.get("BearerToken", "").rpartition(" ")
        return kopf.ConnectionInfo(
            server=known.host,
            ca_path=known.ssl_ca_cert,
            scheme=scheme or None,
            token=token or None,
            certificate_path=known.cert_file,
            private_key_path=known.key_file,
        )

    async def apply(self, manifest: Manifest, *, force: bool = True) -> Manifest:
        """Make our fields of an object be these; who else wrote them loses them, and what we no longer name goes.

        Raises Unavailable (the outcome is unknown, applying again is harmless), ApiError.
        """
        kind, meta = KIND_OF[manifest["kind"]], manifest["metadata"]
        path = kind.path(meta["namespace"], meta["name"]) + _query(fieldManager=FIELD_MANAGER, force=str(force).lower())
        return await self._call("PATCH", kind, path, manifest, APPLY)

    async def set_status(self, kind: Kind, namespace: str, name: str, status: Manifest, uid: str = "") -> Manifest:
        """Apply the status whole: a field that it no longer has goes; with `uid` not to a successor. Raises Unavailable, ApiError."""
        meta = {"name": name, "namespace": namespace, **({"uid": uid} if uid else {})}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, "status": status}
        path = kind.path(namespace, name, "status") + _query(fieldManager=FIELD_MANAGER, force="true")
        return await self._call("PATCH", kind, path, body, APPLY)

    async def set_finalizers(self, kind: Kind, namespace: str, name: str, finalizers: list[str], version: str) -> Manifest:
        """Replace the finalizers if the object is still at `version`: another's must not be lost. Raises Unavailable, ApiError."""
        body = {"metadata": {"finalizers": finalizers, "resourceVersion": version}}
        return await self._call("PATCH", kind, kind.path(namespace, name), body, MERGE)

    async def set_data(self, kind: Kind, namespace: str, name: str, data: Mapping[str, str]) -> Manifest:
        """Set keys of an object's data that is there, and leave everything else of it as it is. Raises Unavailable, ApiError."""
        return await self._call("PATCH", kind, kind.path(namespace, name), {"data": dict(data)}, MERGE)

    async def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Write an object whole if it is still at the version in it; create it where it has none. Raises Unavailable, ApiError."""
        meta = manifest["metadata"]
        if not meta.get("resourceVersion"):
            return await self._call("POST", kind, kind.path(meta["namespace"]), manifest, JSON)
        return await self._call("PUT", kind, kind.path(meta["namespace"], meta["name"]), manifest, JSON)

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Create an object. Raises Unavailable, ApiError."""
        return await self._call("POST", kind, kind.path(manifest["metadata"]["namespace"]), manifest, JSON)

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """Return an object, None where there is none. Raises Unavailable, ApiError."""
        try:
            return await self._call("GET", kind, kind.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def snapshot(self, kind: Kind, namespace: str, labels: str = "", accept: str = JSON) -> tuple[list[Manifest], str]:
        """Return the objects of a kind, all pages, and the resource version at which they were so. Raises Unavailable, ApiError."""
        found: list[Manifest] = []
        token = ""
        while True:
            path = kind.path(namespace) + _query(limit="500", labelSelector=labels, **{"continue": token})
            page = await self._call("GET", kind, path, accept=accept)
            found += page.get("items") or []  # null is what a list of metadata has that holds nothing
            token = page["metadata"].get("continue", "")
            if not token:
                return found, str(page["metadata"].get("resourceVersion", ""))

    async def list(self, kind: Kind, namespace: str, labels: str = "") -> list[Manifest]:
        """Return the objects of a kind, all pages. Raises Unavailable, ApiError."""
        return (await self.snapshot(kind, namespace, labels))[0]

    async def events(
        self, kind: Kind, namespace: str, labels: str, version: str, idle_s: float, accept: str = JSON
    ) -> AsyncIterator[Manifest]:
        """Yield what happens to the objects of a kind after `version`, until the server ends the stream or says nothing for `idle_s`.

        Raises Unavailable, ApiError: status 410 where the server no longer knows what came after `version`.
        """
        path = kind.path(namespace) + _query(watch="true", allowWatchBookmarks="true", labelSelector=labels, resourceVersion=version)
        patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S_MAX, sock_read=idle_s)
        try:
            async with await self._asked("GET", kind, path, None, JSON, accept, patience) as response:
                if response.status >= 300:
                    raise _refusal(response.status, response.headers, await response.read())
                async for line in response.content:
                    yield _happened(line)
        except TimeoutError:
            return
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("API server", type(error).__name__) from None

    async def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """Delete an object; one that is gone is deleted. Raises Unavailable, ApiError."""
        try:
            await self._call("DELETE", kind, kind.path(namespace, name) + _query(propagationPolicy="Background"))
        except ApiError as error:
            if error.status != 404:
                raise

    async def serves(self, kind: Kind) -> bool:
        """Return whether the API server knows this kind. Raises Unavailable, ApiError."""
        root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        try:
            found = await self._call("GET", kind, root)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return any(one.get("name") == kind.plural for one in found.get("resources", []))

    async def _call(self, method: str, kind: Kind, path: str, body: Any = None, content_type: str = JSON, accept: str = JSON) -> Manifest:
        async with self._slots:
            try:
                return await self._exchange(method, kind, path, body, content_type, accept)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                API_CALLS.labels(method, kind.kind, "unreachable").inc()
                raise Unavailable("API server", type(error).__name__) from None

    async def _exchange(self, method: str, kind: Kind, path: str, body: Any, content_type: str, accept: str) -> Manifest:
        async with await self._asked(method, kind, path, body, content_type, accept, self._timeout) as response:
            text = await response.read()
        API_CALLS.labels(method, kind.kind, f"{response.status // 100}xx" if response.status != 429 else "429").inc()
        if response.status < 300:
            return _decoded(text)
        raise _refusal(response.status, response.headers, text if kind != SECRET else b"{}")  # a refusal may quote what was sent

    async def _asked(
        self, method: str, kind: Kind, path: str, body: Any, content_type: str, accept: str, patience: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        headers = {"Content-Type": content_type, "Accept": accept}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
        url = self._client.configuration.host + path
        return await self._session().request(
            method, url, headers=headers, data=_encoded(body), ssl=self._client.rest_client.ssl_context, timeout=patience
        )

    def _session(self) -> aiohttp.ClientSession:
        rest = self._client.rest_client
        if rest.pool_manager is None:
            rest.pool_manager = rest._create_pool_manager()  # the client makes it at its first own request, which there is none of
        session: aiohttp.ClientSession = rest.pool_manager
        return session


def _encoded(body: Any) -> bytes | None:
    return None if body is None else msgspec.json.encode(body)


def _decoded(text: bytes) -> Manifest:
    found: Manifest = msgspec.json.decode(text)
    return found


def _happened(line: bytes) -> Manifest:
    """Return an event of a watch. Raises ApiError where the event is an error, Unavailable where it is none."""
    try:
        event = _decoded(line)
        if event["type"] == "ERROR":
            said = event["object"]
            raise ApiError(int(said.get("code", 500)), str(said.get("reason", "")), str(said.get("message", "")))
        event["object"]["metadata"]["resourceVersion"]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise Unavailable("API server", f"a watch said what is no event: {type(error).__name__}") from None
    return event


def _refusal(status: int, headers: Mapping[str, str], text: bytes) -> MemeSnipeError:
    """429 and 5xx mean later; anything else means no."""
    try:
        said = msgspec.json.decode(text)
        reason, message = str(said.get("reason", "")), str(said.get("message", ""))
    except (ValueError, AttributeError):
        reason, message = "", text[:256].decode(errors="replace")
    if status == 429 or status >= 500:
        asked = headers.get("retry-after", "")
        pause_s = min(float(asked) if asked.isdigit() else 1.0, RETRY_S_MAX)
        return Unavailable("API server", f"HTTP {status} {reason}", pause_s)
    return ApiError(status, reason, message)


def _query(**options: str) -> str:
    pairs = "&".join(f"{name}={value}" for name, value in options.items() if value)
    return f"?{pairs}" if pairs else ""
