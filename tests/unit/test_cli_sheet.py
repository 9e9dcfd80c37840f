"""What a table becomes where it is read: nothing that a person copies or greps is cut, at no width and in no pipe."""

import pytest
from typer import Typer
from typer.testing import CliRunner

from memesnipe.cli.sheet import Sheet
from memesnipe.cli.showing import show, table_of

MINT = "So11111111111111111111111111111111111111112"
ID = "3f9c2ab47d" * 6 + "0000"
WHY = "what is wished is more than what the policy leaves room for, so nothing is bought until a position is closed"
COLUMNS = ("STRATEGY", "ID", "MINT", "COST SOL", "WHAT TO DO")
ROWS = (("momentum", ID, MINT, "0.2521", WHY), ("launch-sniper", ID[::-1], MINT[::-1], "10.0000", "nothing"))


def a_table() -> Sheet:
    return table_of("", COLUMNS, ROWS, right=("COST SOL",), prose=("WHAT TO DO",))


def shown(sheet: Sheet, **env: str) -> list[str]:
    """Return the lines of a command that shows this, in that environment."""
    app = Typer()
    app.command()(lambda: show(sheet))
    return CliRunner().invoke(app, env=env).output.splitlines()


def at_a_terminal(sheet: Sheet, cells: int) -> list[str]:
    return shown(sheet, TTY_COMPATIBLE="1", COLUMNS=str(cells), NO_COLOR="1", TERM="dumb")


@pytest.mark.parametrize("cells", [20, 40, 80, 120, 160, 250, 400])
def test_names_ids_and_numbers_stand_whole_at_every_width(cells: int) -> None:
    lines = at_a_terminal(a_table(), cells)

    for row in ROWS:
        assert all(any(cell in line for line in lines) for cell in row[:4])


@pytest.mark.parametrize("cells", [80, 120, 160, 250])
def test_sentences_are_wrapped_and_nothing_that_fits_runs_over_the_edge(cells: int) -> None:
    lines = at_a_terminal(a_table(), cells)

    assert max(map(len, lines)) <= cells
    assert all(word in " ".join(lines) for word in WHY.split())


def test_in_a_pipe_a_row_is_one_line_however_long() -> None:
    head, first, second = shown(a_table(), COLUMNS="80")

    assert head.split() == [word for name in COLUMNS for word in name.split()]
    assert first.split()[:4] == list(ROWS[0][:4])
    assert (first.endswith(WHY), second.split()[:2]) == (True, list(ROWS[1][:2]))


def test_in_a_pipe_columns_are_aligned_also_under_letters_that_take_two_cells() -> None:
    lines = shown(table_of("", ("TOKEN", "SOL"), [("猫猫", "1.0"), ("WIF", "12.5")], right=("SOL",)))

    assert lines == ["TOKEN   SOL", "猫猫    1.0", "WIF    12.5"]


def test_a_cell_of_two_lines_is_one_line_in_a_pipe() -> None:
    assert shown(table_of("", ("HOP", "WHAT"), [("approved", "no room\nclose one")])) == ["HOP       WHAT", "approved  no room · close one"]


@pytest.mark.parametrize("env", [{}, {"TTY_COMPATIBLE": "1", "COLUMNS": "80"}, {"TTY_COMPATIBLE": "1", "COLUMNS": "10"}])
def test_what_a_stranger_named_is_neither_markup_nor_obeyed(env: dict[str, str]) -> None:
    said = "\n".join(shown(table_of("", ("TOKEN", "MINT"), [("[red]:cat:\x1b[2J[/]", MINT)]), **env))

    assert "[red]:cat:?[2J[/]" in said
