"""Every command in the documentation is run by a test, or one short table says why nobody runs it."""

import pytest

from memesnipe.testing.documented.pages import PROGRAMS, ROOT, commands, of_page
from memesnipe.testing.documented.table import ELSEWHERE, LEFT_OUT, NAMED, RUNNERS, is_left_out, plain, runner_of

ALL = commands()
SHOWN = {plain(command.text) for command in ALL} | {command.program for command in ALL}
PAGE = """
Say `kubectl get pods`, never `make`, and not `metadata.name` either.

    $ X=1 .venv/bin/memesnipe status   # or: memesnipe positions
    helm upgrade a b \\
      --wait

    path: not/a/command

```sh
for role in a b; do
  docker build $role
done
cat > file <<'END'
make up
END
```

```yaml
make: up
```
"""


def test_a_command_is_found_wherever_a_page_shows_it() -> None:
    found = [(command.text, command.program, command.inline) for command in of_page("page.md", PAGE)]

    assert found == [
        ("for role in a b; do\n  docker build $role\ndone", "docker", False),
        ("cat > file <<'END'\nmake up\nEND", "cat", False),
        ("X=1 .venv/bin/memesnipe status", "memesnipe", False),
        ("memesnipe positions", "memesnipe", False),
        ("helm upgrade a b --wait", "helm", False),
        ("kubectl get pods", "kubectl", True),
    ]


def test_the_pages_show_commands() -> None:
    assert len(ALL) > 350
    assert set(RUNNERS) <= set(PROGRAMS)


def test_every_command_is_run_by_a_test_or_the_table_says_why_not() -> None:
    assert [str(command) for command in ALL if not runner_of(command) and not is_left_out(command)] == []


@pytest.mark.parametrize("table", [ELSEWHERE, NAMED, LEFT_OUT], ids=["elsewhere", "named", "left out"])
def test_an_entry_of_the_table_is_still_on_a_page(table: dict[str, str]) -> None:
    assert [entry for entry in table if entry not in SHOWN] == []


@pytest.mark.parametrize("runner", sorted({*RUNNERS.values(), *ELSEWHERE.values()}))
def test_who_is_said_to_run_commands_is_there(runner: str) -> None:
    assert (ROOT / runner).is_file()
