"""Where an order would ship from after an edit: in how many parcels, and by when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from core.commands.planning import plan_for
from core.commands.ways import goes_another_way
from core.db.fulfillment import fulfillments_of
from core.db.reading import Reader
from core.db.stock import known_skus, levels_of
from core.db.unit_of_work import UnitOfWork
from core.domain.carts import with_own
from core.domain.edit_stock import contents_after, give_up, promised_less
from core.domain.edits import Preview
from core.domain.estimate import estimate
from core.domain.routing.problem import Demand, Pick
from core.domain.stock import Move, StockMove
from core.domain.values import dataclass


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
    taken = give_up(works, promised_less(found))
    moving = [w for w in works if w.is_untouched] if _goes_anew(found) else []
    stays = contents_after([w for w in works if w not in moving], taken)
    sites = within.shop.locations
    parts = {sites[place_id].code: dict(units) for place_id, units in stays.items()}
    if found.move_to:
        parts = {sites[_place(within, found.move_to)].code: _all(parts)} if parts else {}
    for pick in _new_picks(within, found, contents_after(moving, taken)):
        here = parts.setdefault(pick.location, {})
        here[pick.sku] = here.get(pick.sku, 0) + pick.quantity
    before = {work.location_id for work in works}
    return Outlook(parts, len(parts), len(before), _promise(within, found, parts))


def _goes_anew(found: Preview) -> bool:
    """As when it is carried out: what is on no paper is planned anew for another way or country."""
    countries = {order.ship_to.country for order in (found.before, found.after)}
    return len(countries) > 1 or goes_another_way(found.before, found.after)


def _place(within: UnitOfWork | Reader, word: str) -> int:
    return within.shop.location(word).id


def _all(parts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for units in parts.values():
        for sku, quantity in units.items():
            whole[sku] = whole.get(sku, 0) + quantity
    return whole


def _new_picks(
    within: UnitOfWork | Reader, found: Preview, moving: Mapping[int, Mapping[str, int]]
) -> tuple[Pick, ...]:
    """Where units find their place that have none yet; those that move free their own first."""
    waiting = Counter(_waiting(found))
    for units in moving.values():
        waiting.update(units)
    known = known_skus(within.session, within.shop.id, sorted(waiting))
    demands = [Demand(sku, units) for sku, units in waiting.items() if sku in known]
    if not demands:
        return ()
    own = [
        StockMove(Move.RELEASE, sku, place_id, quantity)
        for place_id, units in moving.items()
        for sku, quantity in units.items()
    ]
    levels = levels_of(within.session, within.shop.id, sorted(d.sku for d in demands))
    levels = with_own(levels, own) if own else levels
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
