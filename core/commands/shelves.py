"""What every command about stock needs: the product and the place, sane numbers, clear refusals."""

from __future__ import annotations

from collections.abc import Iterable

from core.commands.floor import require_own
from core.commands.placing import serve_queue
from core.db.shelf import Product, find_product, similar_skus
from core.db.unit_of_work import UnitOfWork
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.shop import Location
from core.domain.stock import Level, Short, StockMove
from core.registry import Done

UNITS_MOST = 1_000_000


def what_and_where(uow: UnitOfWork, sku: str, where: str) -> tuple[Product, Location]:
    place = uow.shop.location(where)
    return find_or_say(uow, sku), place


def at_own_place(uow: UnitOfWork, sku: str, where: str) -> tuple[Product, Location]:
    """The product and the place; a store's people count and receive at their own one."""
    product, place = what_and_where(uow, sku, where)
    require_own(uow, place)
    return product, place


def find_or_say(uow: UnitOfWork, sku: str) -> Product:
    product = find_product(uow.session, uow.shop.id, sku)
    if product is None:
        near = ", ".join(similar_skus(uow.session, uow.shop.id, sku))
        raise NotFound(
            f"There is no SKU “{sku}”.",
            f"Did you mean {near}?" if near else "Import the product first.",
        )
    return product


def require_units(units: int, least: int) -> None:
    if not least <= units <= UNITS_MOST:
        raise Invalid(f"{units} units make no sense.", f"Send {least} to {UNITS_MOST:,}.")


def level_at(uow: UnitOfWork, sku: str, place: Location) -> Level:
    found = uow.stock.level(sku, place.id)
    if found is None:
        raise NotPossible(
            f"{place.code} never had any {sku}.",
            f"Book it in first: `receive {sku} {place.code.lower()} 1`.",
        )
    return found[0]


def move_or_say(uow: UnitOfWork, place: Location, move: StockMove) -> None:
    try:
        uow.stock.move([move])
    except Short as short:
        raise too_few(uow, move.sku, place) from short


def too_few(uow: UnitOfWork, sku: str, place: Location) -> NotPossible:
    """Fewer goods than promises: the promises have to be solved first."""
    level = level_at(uow, sku, place)
    return NotPossible(
        f"{place.code} has {level.on_hand} × {sku}, and {level.reserved} of them are promised.",
        "Move or cancel orders first, then correct the stock.",
        code="short",
    )


def served(
    uow: UnitOfWork, product: Product, place: Location, sentence: str, after: str = ""
) -> Done:
    """What arrived or was freed goes to those who wait, in the same command; `after` comes last."""
    orders = serve_queue(uow, [product.sku])
    facts = {"sku": product.sku, "location": place.code, "served": orders}
    return Done(sentence + served_words(orders) + after, facts)


def be(quantity: int) -> str:
    """One unit is, more are."""
    return "is" if quantity == 1 else "are"


def served_words(orders: Iterable[str]) -> str:
    numbers = ", ".join(orders)
    return f" Served: {numbers}." if numbers else ""


def reason_of(text: str) -> str:
    return text.strip()[:200]
