"""What a person reads of `memesnipe reconcile`: that the two agree, or each difference with its whole signature."""

from memesnipe.cli.reconciling import told
from memesnipe.cli.sheet import Sheet, plain
from memesnipe.reconcile.compare import Difference
from memesnipe.reconcile.run import Report

SIGNATURE = "5" * 88


def a_report(*differences: Difference) -> Report:
    return Report(transactions=3, fills=2, transfers=1, positions=1, lamports=2**62, differences=differences)


def test_agreement_is_one_line_with_what_was_compared() -> None:
    assert told(a_report()) == f"ledger and chain agree to the lamport: 3 transactions, 2 fills, 1 transfers, 1 positions, {2**62} lamports"


def test_each_difference_names_its_row_and_both_words() -> None:
    report = a_report(Difference(SIGNATURE, "sol_delta_lamports", -5, -6))

    shown = told(report)

    assert isinstance(shown, Sheet)
    assert plain(shown)[-1].split() == [SIGNATURE, "sol_delta_lamports", "-5", "-6"]
    assert report.exit_code == 1
