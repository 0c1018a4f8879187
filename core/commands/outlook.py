"""Where an order would ship from after an edit: in how many parcels, and by when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.commands.planning import plan_for
from core.db.fulfillment import fulfillments_of
from core.db.reading import Reader
from core.db.stock import known_skus, levels_of
from core.db.unit_of_work import UnitOfWork
from core.domain.edit_stock import contents_after, give_up, promised_less
from core.domain.edits import Preview
from core.domain.estimate import estimate
from core.domain.routing.problem import Demand, Pick


@dataclass(frozen=True, slots=True)
class Outlook:
    """location code → {sku: units}; parcels after and before; the day of the last of them."""

    parts: Mapping[str, Mapping[str, int]]
    parcels: int
    parcels_before: int
    promise: date | None


def outlook_of(within: UnitOfWork | Reader, found: Preview) -> Outlook:
    """Only what the edit changes is planned; everything else stays where it is promised."""
    works = [w for w in fulfillments_of(within.session, found.before.id) if w.is_open]
    stays = contents_after(works, give_up(works, promised_less(found)))
    sites = within.shop.locations
    parts = {sites[place_id].code: dict(units) for place_id, units in stays.items()}
    if found.move_to:
        parts = {sites[_place(within, found.move_to)].code: _all(parts)} if parts else {}
    for pick in _new_picks(within, found):
        here = parts.setdefault(pick.location, {})
        here[pick.sku] = here.get(pick.sku, 0) + pick.quantity
    before = {work.location_id for work in works}
    return Outlook(parts, len(parts), len(before), _promise(within, found, parts))


def _place(within: UnitOfWork | Reader, word: str) -> int:
    return within.shop.location(word).id


def _all(parts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for units in parts.values():
        for sku, quantity in units.items():
            whole[sku] = whole.get(sku, 0) + quantity
    return whole


def _new_picks(within: UnitOfWork | Reader, found: Preview) -> tuple[Pick, ...]:
    known = known_skus(within.session, within.shop.id, sorted(_waiting(found)))
    waiting = {sku: units for sku, units in _waiting(found).items() if sku in known}
    if not waiting:
        return ()
    demands = [Demand(sku, units) for sku, units in waiting.items()]
    levels = levels_of(within.session, within.shop.id, sorted(waiting))
    only = _place(within, found.move_to) if found.move_to else None
    return plan_for(within, found.after, demands, levels, only).picks


def _waiting(found: Preview) -> dict[str, int]:
    waiting: dict[str, int] = {}
    for line in found.after.lines:
        if line.unplaced > 0:
            waiting[line.sku] = waiting.get(line.sku, 0) + line.unplaced
    return waiting


def _promise(
    within: UnitOfWork | Reader, found: Preview, parts: Mapping[str, Mapping[str, int]]
) -> date | None:
    """A date that was shown stays; else the last parcel's, once everything has its stock."""
    after = found.after
    if after.promise is not None or found.shortfalls or not parts:
        return after.promise
    shop, now = within.shop, within.now
    days = [estimate(shop, shop.location(x), after.ship_to, after.method, now) for x in parts]
    return max(estimated.day for estimated in days)
