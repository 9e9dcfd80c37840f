"""What a stranger wrote cannot steer the terminal it is shown on."""

from memesnipe.kernel.texts import printable


def test_what_a_terminal_would_obey_is_taken_out() -> None:
    assert printable("\x1b[2J a\u202eb\n\u00e9") == "?[2J a?b?\u00e9"


def test_a_line_may_end_where_the_reader_has_lines() -> None:
    assert printable("a\nb\rc", "\n") == "a\nb?c"
