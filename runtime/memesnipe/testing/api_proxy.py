"""A proxy before the API server that misbehaves when told: refuses with 429 or 500, hangs, cuts its watches. It notes what it is asked."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
from aiohttp import web

from memesnipe.testing.cluster import kubeconfig

HOP_BY_HOP = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-encoding"})
Wanted = Callable[[str, str], bool]
"""(method, path with query) -> whether a rule is about this request."""


class ApiProxy:
    """The proxy's side that tests talk to; `a_proxy` runs it. Its loop is another thread's, so only plain values are handed over."""

    def __init__(self, config: Path) -> None:
        access = kubeconfig.access(config)
        self._server, self._authority = access.server, access.authority
        self._token = access.token
        self._watches: set[aiohttp.ClientResponse] = set()
        self._released = asyncio.Event()
        self._refusals: list[tuple[Wanted, int, dict[str, str]]] = []
        self._hangs: Wanted | None = None
        self.asked: list[tuple[str, str]] = []
        """(method, path with query) of every request, oldest first."""
        self.hanging = 0
        """How many requests were taken and not answered."""
        self.loop: asyncio.AbstractEventLoop | None = None

    def refuse(self, count: int, status: int, wanted: Wanted, **headers: str) -> None:
        """Answer the next `count` requests like this with a status and these headers; `Retry_After` is Retry-After."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._refusals += [(wanted, status, named)] * count

    @property
    def refusals_left(self) -> int:
        """How many refusals were not asked for yet."""
        return len(self._refusals)

    def hang(self, wanted: Wanted) -> None:
        """From now on take requests like this and never answer."""
        self._hangs = wanted

    def answer_again(self) -> None:
        """Answer what comes from now on; what hangs goes on hanging."""
        self._hangs = None

    @property
    def watching(self) -> int:
        """How many watch streams are open."""
        return len(self._watches)

    def cut_watches(self) -> int:
        """Close every watch stream, as a load balancer does; return how many there were."""
        assert self.loop is not None  # noqa: S101 - it runs
        found = list(self._watches)
        for one in found:
            self.loop.call_soon_threadsafe(one.close)
        return len(found)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, unless a rule says otherwise."""
        path = request.raw_path
        self.asked.append((request.method, path))
        if self._hangs is not None and self._hangs(request.method, path):
            self.hanging += 1
            await self._released.wait()
        for refusal in self._refusals:
            if refusal[0](request.method, path):
                self._refusals.remove(refusal)
                return web.json_response({"kind": "Status", "reason": "Told", "message": "told to"}, status=refusal[1], headers=refusal[2])
        return await self._passed_on(request, path)

    async def _passed_on(self, request: web.Request, path: str) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        body = await request.read()
        session: aiohttp.ClientSession = request.app[SESSION]
        async with session.request(request.method, self._server + path, headers=headers, data=body or None) as found:
            kept = {name: value for name, value in found.headers.items() if name.lower() not in HOP_BY_HOP}
            answer = web.StreamResponse(status=found.status, headers=kept)
            await answer.prepare(request)
            await self._streamed(found, answer, watch="watch=true" in path)
            return answer

    async def _streamed(self, found: aiohttp.ClientResponse, answer: web.StreamResponse, *, watch: bool) -> None:
        if watch:
            self._watches.add(found)
        try:
            with contextlib.suppress(aiohttp.ClientError):  # a watch that was cut
                async for chunk in found.content.iter_any():
                    await answer.write(chunk)
        finally:
            self._watches.discard(found)

    async def serve(self, started: threading.Event, ports: list[int]) -> None:
        """Serve until cancelled."""
        self.loop = asyncio.get_running_loop()
        trusted = ssl.create_default_context(cadata=self._authority or None)
        connector = aiohttp.TCPConnector(ssl=trusted, limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False) as session:
            app = web.Application(client_max_size=1 << 24)
            app[SESSION] = session
            app.router.add_route("*", "/{path:.*}", self.answer)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            ports.append(runner.addresses[0][1])
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                self._released.set()
                await runner.cleanup()

    def kubeconfig(self, path: Path, port: int) -> Path:
        """Write the kubeconfig of who is to go through it."""
        user = kubeconfig.token_user(self._token)
        return kubeconfig.write(path, server=f"http://127.0.0.1:{port}", authority=self._authority, user=user)


SESSION = web.AppKey("session", aiohttp.ClientSession)


@contextlib.contextmanager
def a_proxy(config: Path, folder: Path) -> Iterator[tuple[ApiProxy, Path]]:
    """Run one before the API server of a kubeconfig; yield it with the kubeconfig that leads through it."""
    proxy, started, ports = ApiProxy(config), threading.Event(), list[int]()
    loop = asyncio.new_event_loop()
    task = loop.create_task(proxy.serve(started, ports))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        for left in asyncio.all_tasks(loop):  # requests that hang, or watch
            left.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(left)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert started.wait(60)  # noqa: S101 - it listens on a port of its own
        yield proxy, proxy.kubeconfig(folder / "through-proxy.kubeconfig", ports[0])
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(60)
        loop.close()
