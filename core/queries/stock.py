"""What there is of a SKU: per location, in all, who waits for it and what moved last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from core.db.reading import Reader
from core.db.rows import moment
from core.db.shelf import find_product, last_moves, similar_skus, waiting_for
from core.db.stock import levels_of
from core.domain.access import Right
from core.domain.refusals import NotFound
from core.registry import Arg, question

WAITING_MOST, MOVES_MOST = 20, 10


@dataclass(frozen=True, slots=True)
class LevelView:
    location: str
    on_hand: int
    reserved: int
    safety: int
    available: int


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


@dataclass(frozen=True, slots=True)
class ShowStock:
    """Show what there is of a SKU, and where."""

    sku: Annotated[str, Arg.SKU]


@question("stock", ShowStock, Right.VIEW_STOCK, examples=("stock mug-red",))
def show_stock(ask: ShowStock, reader: Reader) -> StockView:
    session, shop = reader.session, reader.shop
    product = find_product(session, shop.id, ask.sku)
    if product is None:
        near = ", ".join(similar_skus(session, shop.id, ask.sku))
        raise NotFound(
            f"There is no SKU “{ask.sku}”.",
            f"Did you mean {near}?" if near else "Check how it is written.",
        )
    levels = _levels(reader, product.sku)
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
        available=sum(level.available for level in levels),
        backordered=sum(order.quantity for order in waiting),
        waiting=waiting,
        moves=_moves(reader, product.sku),
    )


def _levels(reader: Reader, sku: str) -> tuple[LevelView, ...]:
    found = {lv.location_id: lv for lv in levels_of(reader.session, reader.shop.id, [sku])}
    return tuple(
        LevelView(place.code, level.on_hand, level.reserved, level.safety, level.available)
        for place in reader.shop.locations.values()
        if (level := found.get(place.id))
    )


def _moves(reader: Reader, sku: str) -> tuple[MoveView, ...]:
    places = reader.shop.locations
    return tuple(
        MoveView(
            moment(row.at),
            row.kind,
            row.quantity,
            places[row.location_id].code,
            row.reason,
            row.actor,
        )
        for row in last_moves(reader.session, reader.shop.id, sku, MOVES_MOST)
    )
