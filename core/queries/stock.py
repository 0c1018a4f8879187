"""What there is of a SKU: per location, in all, who waits for it and what moved last."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from core.db.incoming import still_expected
from core.db.reading import Reader
from core.db.rows import moment
from core.db.shelf import Product, find_product, last_moves, similar_skus, waiting_for
from core.db.stock import levels_of
from core.domain import kits
from core.domain.access import Right
from core.domain.incoming import Expected
from core.domain.refusals import NotFound
from core.domain.stock import Level
from core.domain.values import dataclass
from core.registry import Arg, question

WAITING_MOST, MOVES_MOST, EXPECTED_MOST = 20, 10, 10


@dataclass(frozen=True, slots=True)
class LevelView:
    """`available` may be promised by people, `routable` by routing; the rest is why not more."""

    location: str
    on_hand: int
    reserved: int
    safety: int
    available: int
    routable: int = 0
    buffer: int = 0
    frozen: int = 0
    damaged: int = 0
    quality: int = 0
    incoming: int = 0


@dataclass(frozen=True, slots=True)
class ExpectedView:
    """Units that are still to come; `overdue`: their day has passed at that location."""

    sku: str
    location: str
    quantity: int
    reference: str
    source: str
    due_on: date | None
    overdue: bool
    of: int
    missing: int


@dataclass(frozen=True, slots=True)
class Waiting:
    order: str
    quantity: int
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class MoveView:
    at: datetime
    kind: str
    quantity: int
    location: str
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class StockView:
    """`levels` in the shop's own order of locations; `waiting` in the order of service."""

    sku: str
    title: str
    barcode: str
    levels: tuple[LevelView, ...]
    on_hand: int
    reserved: int
    available: int
    backordered: int
    waiting: tuple[Waiting, ...]
    moves: tuple[MoveView, ...]
    incoming: int = 0
    expected: tuple[ExpectedView, ...] = ()
    made_of: tuple[tuple[str, int], ...] = ()  # of a kit: its parts, and how many kits where
    kits_at: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ShowStock:
    """Show what there is of a SKU, and where."""

    sku: Annotated[str, Arg.SKU]


@question("stock", ShowStock, Right.VIEW_STOCK, examples=("stock mug-red",))
def show_stock(ask: ShowStock, reader: Reader) -> StockView:
    session, shop = reader.session, reader.shop
    product = product_named(reader, ask.sku)
    levels = _levels(reader, product.sku)
    made_of, kits_at = _kit(reader, product.sku)
    waiting = tuple(
        Waiting(row.number, int(row.quantity), moment(row.placed_at))
        for row in waiting_for(session, shop.id, product.sku, WAITING_MOST)
    )
    return StockView(
        sku=product.sku,
        title=product.title,
        barcode=product.barcode,
        levels=levels,
        on_hand=sum(level.on_hand for level in levels),
        reserved=sum(level.reserved for level in levels),
        available=sum(level.available for level in levels) + sum(n for _, n in kits_at),
        backordered=sum(order.quantity for order in waiting),
        waiting=waiting,
        moves=_moves(reader, product.sku),
        incoming=sum(level.incoming for level in levels),
        expected=expected_views(reader, product.sku)[:EXPECTED_MOST],
        made_of=made_of,
        kits_at=kits_at,
    )


def product_named(reader: Reader, sku: str) -> Product:
    product = find_product(reader.session, reader.shop.id, sku)
    if product is None:
        near = ", ".join(similar_skus(reader.session, reader.shop.id, sku))
        raise NotFound(
            f"There is no SKU “{sku}”.",
            f"Did you mean {near}?" if near else "Check how it is written.",
        )
    return product


def expected_views(
    reader: Reader, sku: str = "", location_id: int | None = None, reference: str = ""
) -> tuple[ExpectedView, ...]:
    """What is still to come, the earliest due first."""
    found = still_expected(
        reader.session, reader.shop.id, sku=sku, location_id=location_id, reference=reference
    )
    return tuple(_expected(reader, each) for each in found)


def _expected(reader: Reader, each: Expected) -> ExpectedView:
    place = reader.shop.locations[each.location_id]
    today = reader.now.astimezone(ZoneInfo(place.time_zone)).date()
    return ExpectedView(
        sku=each.sku,
        location=place.code,
        quantity=each.open,
        reference=each.reference,
        source=each.source,
        due_on=each.due_on,
        overdue=each.due_on is not None and each.due_on < today,
        of=each.quantity,
        missing=each.missing,
    )


def _kit(reader: Reader, sku: str) -> tuple[tuple[tuple[str, int], ...], ...]:
    """What a kit is made of, and how many whole ones each location could send."""
    parts = reader.shop.kits.get(sku, ())
    if not parts:
        return (), ()
    levels = levels_of(reader.session, reader.shop.id, [part.sku for part in parts])
    whole = kits.available(parts, levels)
    places = reader.shop.locations
    made_of = tuple((part.sku, part.quantity) for part in parts)
    return made_of, tuple((places[place].code, n) for place, n in whole.items())


def _levels(reader: Reader, sku: str) -> tuple[LevelView, ...]:
    found = {lv.location_id: lv for lv in levels_of(reader.session, reader.shop.id, [sku])}
    return tuple(
        _level(place.code, level)
        for place in reader.shop.locations.values()
        if (level := found.get(place.id))
    )


def _level(code: str, level: Level) -> LevelView:
    return LevelView(
        location=code,
        on_hand=level.on_hand,
        reserved=level.reserved,
        safety=level.safety,
        available=level.available,
        routable=level.routable,
        buffer=level.buffer,
        frozen=level.frozen,
        damaged=level.damaged,
        quality=level.quality,
        incoming=level.incoming,
    )


def _moves(reader: Reader, sku: str) -> tuple[MoveView, ...]:
    places = reader.shop.locations
    return tuple(
        MoveView(
            moment(row.at),
            row.kind,
            row.quantity,
            places[row.location_id].code,
            row.reason if reader.actor.works_at(places[row.location_id].code) else "",
            row.actor,
        )
        for row in last_moves(reader.session, reader.shop.id, sku, MOVES_MOST)
    )
