"""Being warned in time: at how many units of a SKU somebody should buy again."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from core.commands.shelves import find_or_say, require_units
from core.db.reading import Reader
from core.db.restock import EVERYWHERE, set_threshold, supplies, thresholds
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.cases import Finding
from core.domain.refusals import NotPossible
from core.domain.restock import findings, low, pace_of
from core.domain.values import dataclass
from core.registry import Arg, Done, command


def low_cases(reader: Reader) -> list[Finding]:
    """What the clock looks for; a shop that asked for no warning pays for no look."""
    session, shop = reader.session, reader.shop
    pace = pace_of(shop.policy)
    if not pace.cover and not thresholds(session, shop.id):
        return []
    found = supplies(session, shop.id, reader.now - timedelta(days=pace.sales))
    return findings(low(found, pace), shop.locations)


@dataclass(frozen=True, slots=True)
class SetLowStock:
    """Warn when a SKU is down to some units, at a location or in all; 0 ends it."""

    sku: Annotated[str, Arg.SKU]
    units: Annotated[int, Arg.QUANTITY]
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "low-at",
    SetLowStock,
    Right.STOCK,
    examples=("low-at mug-red 10", "low-at mug-red 3 ham", "low-at mug-red 0"),
)
def set_low_stock(ask: SetLowStock, uow: UnitOfWork) -> Done:
    product = find_or_say(uow, ask.sku)
    place = uow.shop.location(ask.location) if ask.location else None
    require_units(ask.units, 0)
    location_id = place.id if place else EVERYWHERE
    before = thresholds(uow.session, uow.shop.id).get((product.sku, location_id), 0)
    where = f" at {place.code}" if place else ""
    if before == ask.units:
        said = f"is low at {before} units already" if before else "has no threshold"
        raise NotPossible(f"{product.sku}{where} {said}.", "Write another figure.")
    set_threshold(uow, product.sku, location_id, ask.units)
    uow.undo = SetLowStock(product.sku, before, place.code if place else "")
    facts = {"sku": product.sku, "location": place.code if place else "", "low_at": ask.units}
    if not ask.units:
        return Done(f"Nobody is warned of {product.sku}{where} any more.", facts)
    return Done(f"{product.sku}{where} is low at {ask.units} units.", facts)
