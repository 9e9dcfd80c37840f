"""`memesnipe reconcile`: what differs between ledger and chain, for people and for machines."""

import os
from typing import TYPE_CHECKING

import typer

from memesnipe.cli import addresses as stack
from memesnipe.cli.sheet import Sheet
from memesnipe.cli.showing import JsonOption, show, show_json, table_of

if TYPE_CHECKING:
    from memesnipe.reconcile.run import Report

COLUMNS = ("ROW", "FIELD", "LEDGER", "CHAIN")
SHOWN_MAX = 100
"""Differences that a person is shown; `--json` has all of them."""


def reconcile(json: JsonOption = False) -> None:
    """Rebuild every position from the wallet's full chain history and compare it with the ledger; exit 1 on any difference."""
    from memesnipe.ledger.engine import ledger_url
    from memesnipe.reconcile.run import reconcile as compared

    found = stack.find()
    report = compared(ledger_url(str(found.data_dir), os.environ.get("DATABASE_URL", "")), found.rpc_url, found.wallet)
    if json:
        show_json(report)
    else:
        show(told(report))
    raise typer.Exit(report.exit_code)


def told(report: "Report") -> Sheet | str:
    """Return that the two agree, or each difference."""
    compared = f"{report.transactions} transactions, {report.fills} fills, {report.transfers} transfers, {report.positions} positions"
    if not report.differences:
        return f"ledger and chain agree to the lamport: {compared}, {report.lamports} lamports"
    rows = [(one.subject, one.field, str(one.ledger), str(one.chain)) for one in report.differences[:SHOWN_MAX]]
    return table_of(f"{len(report.differences)} differences in {compared}", COLUMNS, rows, right=COLUMNS[2:])
