"""The ledger of a SKU: who moved what when, why and from which surface, and what stood after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from core.db.reading import Reader
from core.db.rows import moment
from core.db.shelf import ledger_rows, moved_since
from core.db.stock import levels_of
from core.domain.access import Right
from core.domain.stock import COLUMNS
from core.domain.values import dataclass
from core.queries.stock import product_named
from core.registry import Arg, question

PAGE = 20


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One move; `changes` are what it did to each quantity, `after` what that then was."""

    id: int
    at: datetime
    kind: str
    quantity: int
    location: str
    changes: Mapping[str, int]
    after: Mapping[str, int]
    reason: str
    who: str
    surface: str
    order: str


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The newest first; `next` continues where this page ends (none: there is no more)."""

    sku: str
    title: str
    location: str
    lines: tuple[LedgerLine, ...]
    next: int | None = None


@dataclass(frozen=True, slots=True)
class ShowLedger:
    """Show who moved what of a SKU, when, why and from where."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION] = ""
    after: Annotated[int, Arg.NONE] = 0


@question("ledger", ShowLedger, Right.VIEW_STOCK, examples=("ledger mug-red", "ledger mug-red ber"))
def show_ledger(ask: ShowLedger, reader: Reader) -> LedgerView:
    product = product_named(reader, ask.sku)
    place = reader.shop.location(ask.location) if ask.location else None
    place_id = place.id if place else None
    session, shop_id = reader.session, reader.shop.id
    rows = ledger_rows(session, shop_id, product.sku, place_id, ask.after, PAGE + 1)
    lines = _lines(reader, rows[:PAGE], _stood(reader, product.sku, ask.after))
    return LedgerView(
        sku=product.sku,
        title=product.title,
        location=place.code if place else "",
        lines=lines,
        next=lines[-1].id if len(rows) > PAGE else None,
    )


def _stood(reader: Reader, sku: str, before: int) -> dict[int, dict[str, int]]:
    """The quantities at each location now, or as they were before a move."""
    session, shop_id = reader.session, reader.shop.id
    later = moved_since(session, shop_id, sku, before) if before else {}
    return {
        level.location_id: {
            name: getattr(level, name) - later.get(level.location_id, {}).get(name, 0)
            for name in COLUMNS
        }
        for level in levels_of(session, shop_id, [sku])
    }


def _lines(
    reader: Reader, rows: Sequence[Any], stood: dict[int, dict[str, int]]
) -> tuple[LedgerLine, ...]:
    """Backward in time: each line is taken away from what stood after it."""
    lines = []
    for row in rows:
        stock = stood[row.location_id]
        changes = {name: getattr(row, name) for name in COLUMNS if getattr(row, name)}
        lines.append(_line(reader, row, changes, {name: stock[name] for name in changes}))
        for name, units in changes.items():
            stock[name] -= units
    return tuple(lines)


def _line(
    reader: Reader, row: Any, changes: Mapping[str, int], after: Mapping[str, int]
) -> LedgerLine:
    place = reader.shop.locations[row.location_id].code
    is_ours = reader.actor.works_at(place)  # other places' orders are not a store's to know
    return LedgerLine(
        id=row.id,
        at=moment(row.at),
        kind=row.kind,
        quantity=row.quantity,
        location=place,
        changes=changes,
        after=after,
        reason=row.reason if is_ours else "",
        who=row.actor,
        surface=row.surface,
        order=(row.order_number or "") if is_ours else "",
    )
