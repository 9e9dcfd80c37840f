"""What `memesnipe doctor` asks beside live-check's looks: versions, files of keys, ports, services, lag. Each finding says what to do."""

import platform
import socket
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from memesnipe.cli import addresses as stack
from memesnipe.cli.live_check import running_on
from memesnipe.cli.picture import services_of, streams_now
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.texts import printable
from memesnipe.live_check.finding import Finding, Reported, fail, ok, unseen, warn

PYTHON_MIN = (3, 11)
NEEDED = ("redis", "sqlalchemy", "msgspec", "solders", "typer")
START = "start the stack (`make up`), then run `memesnipe doctor` beside it"
LAG_WARN = 1_000
"""Entries of one group that are not read: some seconds of a busy market."""
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
Check = tuple[str, str, Finding]


def host_findings(data: Path) -> list[Reported]:
    """Return what the host says of itself."""
    found: list[Check] = [("host", "versions", versions()), ("host", "key files", key_files(data)), ("host", "ports", ports(data))]
    found += services(data)
    found += streams(data)
    return [Reported(area, check, one.status, printable(one.found), printable(one.fix)) for area, check, one in found]


def versions() -> Finding:
    """An image or environment that was made by halves fails at the first order that needs the other half."""
    if sys.version_info < PYTHON_MIN:
        return fail(f"Python {platform.python_version()}", f"use Python {'.'.join(map(str, PYTHON_MIN))} or later")
    missing = [name for name in NEEDED if not _version(name)]
    if missing:
        return fail(f"not installed: {', '.join(missing)}", "run `make up` once: it installs what the locks name; or use the runtime image")
    told = ", ".join(f"{name} {_version(name)}" for name in NEEDED)
    return ok(f"memesnipe {_version('memesnipe') or 'from its folder'}, Python {platform.python_version()}, {told}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def key_files(data: Path) -> Finding:
    """Every key and password that lies here is its owner's alone."""
    files = [path for path in sorted((data / "keys").rglob("*")) if path.is_file() and path.name != "trusted.json"]
    files += [path for path in (data / "run" / "addresses",) if path.is_file()]
    if not files:
        return unseen("keys lie where the services run: nothing of this folder is theirs")
    wide = [path for path in files if path.stat().st_mode & OPEN_TO_OTHERS]
    if wide:
        return fail(
            f"open to others: {', '.join(map(str, wide))}", f"chmod 600 {' '.join(map(str, wide))}; whoever read one may still have it"
        )
    return ok(f"{len(files)} files, each open to its owner alone")


def ports(data: Path) -> Finding:
    """Before a start: what `up` wants to listen on is free."""
    from memesnipe.kernel.settings import load
    from memesnipe.supervisor.settings import UpSettings

    if running_on(data).runs:
        return ok("in use by the stack that runs here")
    settings = load(UpSettings)
    wanted = {"MEMESNIPE_DASHBOARD_PORT": settings.dashboard_port}
    if not settings.rpc_url:
        wanted["MEMESNIPE_LOCALNET_PORT"] = settings.localnet_port
    taken = {name: port for name, port in wanted.items() if _listens(port)}
    if taken:
        told = ", ".join(f"{port} ({name})" for name, port in taken.items())
        return warn(f"taken by another program: {told}", f"name free ones before `make up`: {' '.join(taken)}")
    return ok(f"{', '.join(map(str, wanted.values()))} are free")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def services(data: Path) -> Iterator[Check]:
    """Every service of `memesnipe up` that does not take work, in its own words."""
    if not stack.runs(data) or not (data / "run" / "services.json").is_file():
        yield "services", "ready", unseen(f"{START}; in a container: `docker compose ps`, `kubectl get pods`")
        return
    found = services_of(data)
    for one in found:
        if not one.ready:
            log = data / "logs" / f"{one.service.replace(':', '-')}.log"
            yield "services", one.service, fail(one.why or "not ready", f"read {log}")
    if all(one.ready for one in found):
        yield "services", "ready", ok(f"all {len(found)}")


def streams(data: Path) -> Iterator[Check]:
    """Who is behind, and what could not be decoded."""
    if not stack.runs(data) and not stack.elsewhere():
        yield "streams", "lag", unseen(START)
        return
    try:
        seen = streams_now(stack.find())
    except (ConfigError, Unavailable) as error:
        yield "streams", "lag", unseen(str(error))
        return
    behind = [one for one in seen.lags if one.lag + one.pending > LAG_WARN]
    for one in behind:
        fix = f"look whether {one.group.partition(':')[0]} runs and what its log says"
        yield "streams", one.stream, warn(f"{one.group} has {one.lag if one.lag >= 0 else '?'} unread and {one.pending} in work", fix)
    untold = sum(one.lag < 0 for one in seen.lags)
    if untold:
        told = f"how far {untold} of {len(seen.lags)} groups are behind, for Redis cannot tell"
        yield "streams", "lag", unseen("`memesnipe status` shows which", told)
    elif not behind:
        yield "streams", "lag", ok(f"{len(seen.lags)} groups, none more than {LAG_WARN:,} entries behind")
    yield "streams", "dead letters", _dead(seen.dead_letters)


def _dead(count: int) -> Finding:
    fix = "docs/reference/bad-inputs.md says who refuses what; redis-cli XRANGE dead_letters - + shows them"
    return warn(f"{count} entries could not be decoded", fix) if count else ok("none")
