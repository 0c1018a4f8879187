"""Stock by hand: corrections and the floors under what is promised."""

from __future__ import annotations

from typing import Annotated

from core.commands.arrivals import ReceiveStock
from core.commands.channel_stock import plan_stock_pushes
from core.commands.shelves import (
    level_at,
    move_or_say,
    reason_of,
    require_units,
    served,
    what_and_where,
)
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.refusals import NotPossible
from core.domain.stock import Move, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

__all__ = ["AdjustStock", "ReceiveStock", "SetBuffer", "SetSafety", "plan_stock_pushes"]


@dataclass(frozen=True, slots=True)
class AdjustStock:
    """Correct what is on hand by some units, up or down, and say why."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    change: Annotated[int, Arg.QUANTITY]
    reason: Annotated[str, Arg.TEXT]


@command("adjust", AdjustStock, Right.STOCK, examples=("adjust mug-red ber -2 broken",))
def adjust(ask: AdjustStock, uow: UnitOfWork) -> Done:
    product, place = what_and_where(uow, ask.sku, ask.location)
    require_units(abs(ask.change), 1)
    move_or_say(
        uow,
        place,
        StockMove(Move.ADJUST, product.sku, place.id, ask.change, reason=reason_of(ask.reason)),
    )
    uow.undo = AdjustStock(product.sku, place.code, -ask.change, f"taken back: {ask.reason}")
    more = "more" if ask.change > 0 else "fewer"
    sentence = f"{abs(ask.change)} × {product.sku} {more} at {place.code}."
    return served(uow, product, place, sentence)


@dataclass(frozen=True, slots=True)
class SetSafety:
    """Keep some units of a SKU at a location that are never sold."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    units: Annotated[int, Arg.QUANTITY]


@command("safety", SetSafety, Right.STOCK, examples=("safety mug-red ham 2",))
def set_safety(ask: SetSafety, uow: UnitOfWork) -> Done:
    product, place = what_and_where(uow, ask.sku, ask.location)
    require_units(ask.units, 0)
    before = level_at(uow, product.sku, place).safety
    if before == ask.units:
        raise NotPossible(
            f"{place.code} keeps {ask.units} × {product.sku} back already.", "Write another figure."
        )
    uow.stock.move([StockMove(Move.SAFETY, product.sku, place.id, ask.units - before)])
    uow.undo = SetSafety(product.sku, place.code, before)
    return served(uow, product, place, f"{place.code} keeps {ask.units} × {product.sku} back.")


@dataclass(frozen=True, slots=True)
class SetBuffer:
    """Leave some units of a SKU at a location for people to promise; routing takes the others."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    units: Annotated[int, Arg.QUANTITY]


@command("buffer", SetBuffer, Right.STOCK, examples=("buffer mug-red ham 2",))
def set_buffer(ask: SetBuffer, uow: UnitOfWork) -> Done:
    product, place = what_and_where(uow, ask.sku, ask.location)
    require_units(ask.units, 0)
    before = level_at(uow, product.sku, place).buffer
    if before == ask.units:
        raise NotPossible(
            f"Routing leaves {ask.units} × {product.sku} at {place.code} already.",
            "Write another figure.",
        )
    uow.stock.move([StockMove(Move.BUFFER, product.sku, place.id, ask.units - before)])
    uow.undo = SetBuffer(product.sku, place.code, before)
    sentence = f"Routing leaves {ask.units} × {product.sku} at {place.code}."
    return served(uow, product, place, sentence)
