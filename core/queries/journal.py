"""The journal of a time span: every money fact as balanced postings, for the bookkeeping."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from core.db.journal import loose_credit, money_of, orders_with_money
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.journal import Voucher, vouchers
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.registry import Arg, question

CHUNK = 100
DAYS_MOST = 400


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One posting; amounts are minor units. `voucher` groups the postings that balance."""

    day: date
    voucher: str
    kind: str
    order: str
    document: str
    text: str
    account: str
    debit: int
    credit: int
    currency: str


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Rows of some orders; `after` continues (None: this was the last page)."""

    rows: tuple[JournalRow, ...]
    after: int | None = None


@dataclass(frozen=True, slots=True)
class ReadJournal:
    """Read the money facts from one day to another, both included, in the shop's time zone."""

    since: Annotated[date, Arg.DAY]
    until: Annotated[date, Arg.DAY]
    after: Annotated[int, Arg.NONE] = 0


@question("journal", ReadJournal, Right.REFUND, in_chat=False)
def journal(ask: ReadJournal, reader: Reader) -> JournalPage:
    start, end = _span(ask, reader)
    ids = orders_with_money(reader, start, end, ask.after, CHUNK + 1)
    found = [(f"{i}", v) for i in ids[:CHUNK] for v in vouchers(money_of(reader, i))]
    if not ask.after:
        found += [("credit", voucher) for voucher in loose_credit(reader, start, end)]
    zone = ZoneInfo(reader.shop.time_zone)
    rows = [
        row
        for n, (name, voucher) in enumerate(found)
        if start <= voucher.at < end
        for row in _rows(f"{name}-{n + 1}", voucher, zone)
    ]
    return JournalPage(tuple(rows), ids[CHUNK - 1] if len(ids) > CHUNK else None)


def _span(ask: ReadJournal, reader: Reader) -> tuple[datetime, datetime]:
    if not ask.since <= ask.until < ask.since + timedelta(days=DAYS_MOST):
        raise Invalid(
            f"A journal covers 1 to {DAYS_MOST} days.", "Write --from 2026-11-01 --to 2026-11-30."
        )
    zone = ZoneInfo(reader.shop.time_zone)
    start, end = (datetime.combine(day, time(), zone) for day in (ask.since, ask.until))
    return start, end + timedelta(days=1)


def _rows(name: str, voucher: Voucher, zone: ZoneInfo) -> list[JournalRow]:
    return [
        JournalRow(
            voucher.at.astimezone(zone).date(),
            name,
            voucher.kind,
            voucher.order,
            voucher.document,
            voucher.text,
            posting.account,
            posting.debit,
            posting.credit,
            voucher.currency,
        )
        for posting in voucher.postings
    ]
