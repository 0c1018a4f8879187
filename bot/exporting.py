"""The journal as a file: all pages of a time span, in the order of days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from core.domain.money import decimal_text
from core.domain.refusals import Invalid
from core.integrations.sheets import to_csv, to_xlsx
from core.queries.journal import JournalPage, JournalRow, ReadJournal

HEADER = (
    "date",
    "voucher",
    "kind",
    "order",
    "document",
    "text",
    "account",
    "debit",
    "credit",
    "currency",
)


def read_all(ask: Callable[[Any], JournalPage], since: date, until: date) -> list[JournalRow]:
    """Every row of the span; each page is read in a moment of its own."""
    rows: list[JournalRow] = []
    after: int | None = 0
    while after is not None:
        page = ask(ReadJournal(since, until, after))
        rows += page.rows
        after = page.after
    return sorted(rows, key=lambda row: row.day)


def journal_file(name: str, rows: list[JournalRow]) -> bytes:
    """The file that `name` ends like. Raises Invalid for other endings than .csv and .xlsx."""
    if name.lower().endswith(".csv"):
        return to_csv(HEADER, (_cells(row, decimal_text) for row in rows))
    if name.lower().endswith(".xlsx"):
        return to_xlsx("journal", HEADER, (_cells(row, _number) for row in rows))
    raise Invalid("A journal is a .csv or an .xlsx file.", "Name it journal.csv or journal.xlsx.")


def _cells(row: JournalRow, amount: Callable[[int, str], str | float]) -> list[str | float]:
    return [
        row.day.isoformat(),
        row.voucher,
        row.kind,
        row.order,
        row.document,
        row.text,
        row.account,
        amount(row.debit, row.currency),
        amount(row.credit, row.currency),
        row.currency,
    ]


def _number(amount: int, currency: str) -> float:
    return float(decimal_text(amount, currency))
