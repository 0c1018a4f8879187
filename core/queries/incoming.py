"""Goods on their way: what locations expect, and transfers between them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from core.db import incoming as rows
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.refusals import NotFound
from core.domain.transfer import Transfer
from core.domain.values import dataclass
from core.queries.stock import ExpectedView, expected_views
from core.registry import Arg, question

PAGE = 50


@dataclass(frozen=True, slots=True)
class ExpectedPage:
    """What is still to come, the earliest due first; `location` is empty for all of them."""

    location: str
    expected: tuple[ExpectedView, ...]
    units: int
    total: int


@dataclass(frozen=True, slots=True)
class ListExpected:
    """Show which goods are expected, where and when."""

    location: Annotated[str, Arg.LOCATION] = ""
    reference: Annotated[str, Arg.WORD] = ""


@question(
    "expected",
    ListExpected,
    Right.VIEW_STOCK,
    aliases=("incoming",),
    examples=("expected", "expected ber", "expected PO-7731"),
)
def list_expected(ask: ListExpected, reader: Reader) -> ExpectedPage:
    place = reader.shop.location(ask.location) if ask.location else None
    found = expected_views(reader, location_id=place.id if place else None, reference=ask.reference)
    units = sum(each.quantity for each in found)
    return ExpectedPage(place.code if place else "", found[:PAGE], units, len(found))


@dataclass(frozen=True, slots=True)
class TransferLine:
    sku: str
    quantity: int
    received: int
    missing: int


@dataclass(frozen=True, slots=True)
class TransferView:
    number: str
    origin: str
    to: str
    state: str
    lines: tuple[TransferLine, ...]
    reason: str
    due_on: date | None
    created_by: str
    created_at: datetime | None
    sent_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TransferPage:
    """The newest first: open ones, or the one that was asked for."""

    transfers: tuple[TransferView, ...]


@dataclass(frozen=True, slots=True)
class ListTransfers:
    """Show goods on their way between locations."""

    number: Annotated[str, Arg.WORD] = ""


@question("transfers", ListTransfers, Right.VIEW_STOCK, examples=("transfers", "transfers T-1"))
def list_transfers(ask: ListTransfers, reader: Reader) -> TransferPage:
    number = ask.number.strip()
    found = rows.transfers(
        reader.session, reader.shop.id, number=number, only_open=not number, most=PAGE
    )
    if number and not found:
        raise NotFound(f"There is no transfer “{number}”.", "Look at `transfers`.")
    return TransferPage(tuple(_view(reader, each) for each in found))


def _view(reader: Reader, each: Transfer) -> TransferView:
    lines = rows.contents(reader.session, each.id)
    return TransferView(
        number=each.number,
        origin=reader.shop.locations[each.from_id].code,
        to=reader.shop.locations[each.to_id].code,
        state=each.state.value,
        lines=tuple(TransferLine(sku, *map(int, units)) for sku, *units in lines),
        reason=each.reason,
        due_on=each.due_on,
        created_by=each.created_by,
        created_at=each.created_at,
        sent_at=each.sent_at,
        closed_at=each.closed_at,
    )
