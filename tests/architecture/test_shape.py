"""The shape of the code: what a reader may rely on without reading all of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from memesnipe.bus import topology
from memesnipe.cli.main import SERVICES
from memesnipe.kernel.reasons import REMEDY, ReasonCode

ROOT = Path(__file__).parents[2]
ROOTS = [ROOT / "operator", ROOT / "runtime", ROOT / "strategies"]
LINES_MAX = 400
LINES_MEDIAN_MAX = 150


def modules() -> Iterator[Path]:
    for root in ROOTS:
        yield from (path for path in root.rglob("*.py") if "migrations/versions" not in path.as_posix())


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]

    assert silent == []


def test_no_module_is_longer_than_a_person_reads_in_one_go() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}

    assert {name: length for name, length in lengths.items() if length > LINES_MAX} == {}
    assert median(lengths.values()) <= LINES_MEDIAN_MAX


def test_every_reason_for_a_refusal_says_what_to_do() -> None:
    assert set(REMEDY) == set(ReasonCode)


def test_stream_names_are_written_in_the_topology_alone() -> None:
    names = [stream.name for stream in topology.STREAMS if ":" in stream.name]
    pattern = re.compile("|".join(f'"{re.escape(name)}' for name in names))
    elsewhere = [path for path in modules() if path.name != "topology.py" and pattern.search(path.read_text())]

    assert elsewhere == []


def test_the_producers_and_readers_of_the_topology_are_services_that_exist() -> None:
    outside = {"cli", "operator"}
    named = {p for s in topology.STREAMS for p in (*s.producers, *s.folded_by, *(reader.group for reader in s.readers))}

    assert named - outside <= set(SERVICES)


def test_nothing_reads_the_environment_but_settings_and_the_command_line() -> None:
    allowed = ("kernel/settings.py", "kernel/failpoints.py", "cli/", "supervisor/", "testing/", "localnet/")
    reading = [path for path in modules() if re.search(r"os\.(environ|getenv)", path.read_text())]

    assert [str(p.relative_to(ROOT)) for p in reading if not any(part in p.as_posix() for part in allowed)] == []


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    assert [p for p in modules() if p.stem in {"utils", "util", "helpers", "helper", "misc", "common"}] == []
