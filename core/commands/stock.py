"""Stock by hand: goods come in, counts are set right, floors are kept, channels are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.commands.placing import serve_queue
from core.db.shelf import Product, Untold, find_product, mark_told, similar_skus, untold_levels
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.shop import Connection, Location, Mode
from core.domain.stock import Level, Move, Short, StockMove
from core.registry import Arg, Done, command

UNITS_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class ReceiveStock:
    """Book goods that arrived; orders that wait for them are served at once."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    quantity: Annotated[int, Arg.QUANTITY]
    reference: Annotated[str, Arg.TEXT] = ""


@command("receive", ReceiveStock, Right.STOCK, examples=("receive mug-red ber 24 PO-7731",))
def receive(ask: ReceiveStock, uow: UnitOfWork) -> Done:
    product, place = what_and_where(uow, ask.sku, ask.location)
    require_units(ask.quantity, 1)
    move = StockMove(
        Move.RECEIVE, product.sku, place.id, ask.quantity, reason=ask.reference.strip()[:200]
    )
    uow.stock.move([move])
    return _done(uow, product, place, f"{ask.quantity} × {product.sku} received at {place.code}.")


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
    _move(uow, place, StockMove(Move.ADJUST, product.sku, place.id, ask.change, reason=ask.reason))
    uow.undo = AdjustStock(product.sku, place.code, -ask.change, f"taken back: {ask.reason}")
    return _done(uow, product, place, f"{ask.change:+} × {product.sku} at {place.code}.")


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
    level = _level(uow, product.sku, place)
    if level.safety == ask.units:
        raise NotPossible(f"{place.code} keeps {ask.units} × {product.sku} back already.")
    change = ask.units - level.safety
    _move(uow, place, StockMove(Move.SAFETY, product.sku, place.id, change))
    uow.undo = SetSafety(product.sku, place.code, level.safety)
    return _done(uow, product, place, f"{place.code} keeps {ask.units} × {product.sku} back.")


# --- shared -------------------------------------------------------------------------------------


def what_and_where(uow: UnitOfWork, sku: str, where: str) -> tuple[Product, Location]:
    place = uow.shop.location(where)
    product = find_product(uow.session, uow.shop.id, sku)
    if product is None:
        near = ", ".join(similar_skus(uow.session, uow.shop.id, sku))
        raise NotFound(
            f"There is no SKU “{sku}”.",
            f"Did you mean {near}?" if near else "Import the product first.",
        )
    return product, place


def require_units(units: int, least: int) -> None:
    if not least <= units <= UNITS_MOST:
        raise Invalid(f"{units} units make no sense.", f"Send {least} to {UNITS_MOST:,}.")


def _level(uow: UnitOfWork, sku: str, place: Location) -> Level:
    found = uow.stock.level(sku, place.id)
    if found is None:
        raise NotPossible(
            f"{place.code} never had any {sku}.",
            f"Book it in first: `receive {sku} {place.code.lower()} 1`.",
        )
    return found[0]


def _move(uow: UnitOfWork, place: Location, move: StockMove) -> None:
    try:
        uow.stock.move([move])
    except Short as short:
        raise _promised(uow, move.sku, place) from short


def _promised(uow: UnitOfWork, sku: str, place: Location) -> NotPossible:
    """Fewer goods than promises: the promises have to be solved first."""
    level = _level(uow, sku, place)
    return NotPossible(
        f"{place.code} has {level.on_hand} × {sku}, and {level.reserved} of them are promised.",
        "Move or cancel orders first, then correct the stock.",
        code="short",
    )


def _done(uow: UnitOfWork, product: Product, place: Location, sentence: str) -> Done:
    """What arrived or was freed goes to those who wait, in the same command."""
    served = serve_queue(uow, [product.sku])
    if served:
        sentence += f" Served: {', '.join(served)}."
    facts = {"sku": product.sku, "location": place.code, "served": served}
    return Done(sentence, facts)


# --- telling the channels -----------------------------------------------------------------------


def plan_stock_pushes(uow: UnitOfWork, most: int = 200) -> int:
    """A chore: one effect per moved level and connected shop that carries it. Returns levels told.

    The figure is read when the effect is carried out, so that it is never an old one. Nothing is
    told in watch mode, nor ticked off: when the shop leaves it, every level is told.
    """
    if uow.shop.mode is Mode.WATCH:
        return 0
    shops = [c for c in uow.shop.connections.values() if c.kind == "shopify" and c.active]
    told = 0
    for level in untold_levels(uow.session, uow.shop.id, most):
        if not mark_told(uow.session, uow.shop.id, level):
            continue
        told += 1
        for connection in shops:
            _push(uow, connection, level)
    return told


def _push(uow: UnitOfWork, connection: Connection, level: Untold) -> None:
    key = str(connection.id)
    place = uow.shop.locations[level.location_id]
    if key not in level.product_ids or key not in place.external_ids:
        return
    lane = f"stock:{connection.id}:{level.sku}:{level.location_id}"
    uow.outbox.add(
        "shopify.stock",
        f"{lane}:{level.version}",
        {"sku": level.sku, "location_id": level.location_id},
        lane=lane,
        connection_id=connection.id,
    )
