"""A promise for a basket: when it would arrive and from where, by the rules that would route it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from core.commands.planning import plan_for
from core.db import catalog
from core.db.incoming import still_expected
from core.db.promising import units_waited_for
from core.db.reading import Reader
from core.db.stock import levels_of
from core.domain.access import Right
from core.domain.awaiting import Preorder
from core.domain.basket import BasketLine, read_basket, require_basket
from core.domain.detect import calendar_of
from core.domain.estimate import estimate, parcel_cost
from core.domain.kits import opened, units_of
from core.domain.lanes import STANDARD, Lane, require_method
from core.domain.order import Address, Line, Order
from core.domain.promise import next_cutoff
from core.domain.refusals import Invalid
from core.domain.routing.problem import Demand, Pick
from core.domain.routing.rules import NO_STOCK
from core.domain.routing.trace import Weighed
from core.domain.shop import Location
from core.domain.stock import Level
from core.domain.values import dataclass
from core.registry import Arg, question

AHEAD_MAX = timedelta(days=366)
LANES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class PromisedParcel:
    """One parcel of the basket. `expected` names goods that are still to come to the location.

    `leaves` and `arrives` are days where the location is; `cost` is minor units.
    """

    location: str
    units: Mapping[str, int]
    leaves: date
    arrives: date
    basis: str
    cost: int
    expected: str = ""


@dataclass(frozen=True, slots=True)
class BasketPromise:
    """The first and the last day on which something of the basket arrives, or why not.

    It holds for an order until `order_by` (UTC). `short` are units that nobody has or expects.
    """

    possible: bool
    first: date | None
    last: date | None
    method: str
    to: Address
    order_by: datetime | None
    parcels: tuple[PromisedParcel, ...]
    cost: int
    currency: str
    short: Mapping[str, int]
    why_not: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class AskPromise:
    """Ask when a basket would arrive, without writing anything."""

    lines: tuple[BasketLine, ...]
    destination: Address = field(default_factory=Address)
    method: str = STANDARD
    placed_at: datetime | None = None


@question("promises", AskPromise, Right.VIEW_STOCK, in_chat=False)
def ask_promise(ask: AskPromise, reader: Reader) -> BasketPromise:
    lines = require_basket(ask.lines)
    country = ask.destination.country.strip().upper() or _home(reader)
    to = replace(ask.destination, country=country)
    at = reader.now if ask.placed_at is None else ask.placed_at.astimezone(UTC)
    if not reader.now - timedelta(days=1) <= at <= reader.now + AHEAD_MAX:
        raise Invalid("placed_at lies too far away.", "Ask for today or for days in this year.")
    return _answer(lines, to, require_method(ask.method), at, reader)


@dataclass(frozen=True, slots=True)
class PromiseBasket:
    """Say when a basket would arrive, and from where."""

    basket: Annotated[str, Arg.TEXT]


@question(
    "promise",
    PromiseBasket,
    Right.VIEW_STOCK,
    examples=("promise mug-red 2 to 10115", "promise mug-red 2, card 1 to AT 1010 express"),
)
def promise_basket(ask: PromiseBasket, reader: Reader) -> BasketPromise:
    methods = {lane.method for lane in reader.shop.lanes.lanes}
    lines, to, method = read_basket(ask.basket, _home(reader), methods, _cities(reader))
    return _answer(lines, to, method, reader.now, reader)


def _home(reader: Reader) -> str:
    """Where the shop's first location is: meant where no country is said."""
    return next((site.country for site in reader.shop.locations.values() if site.country), "")


def _cities(reader: Reader) -> dict[str, str]:
    """The cities of the shop's own places: of these it is sure in which country they are."""
    sites = reader.shop.locations.values()
    return {site.city.casefold(): site.country for site in sites if site.city and site.country}


# --- the same way as an order --------------------------------------------------------------------


def _answer(
    lines: Sequence[BasketLine], to: Address, method: str, at: datetime, reader: Reader
) -> BasketPromise:
    """Plan the order that is not there, then count the days of each of its parcels."""
    then = Reader(reader.session, reader.actor, at)
    wanted = {line.sku: line.quantity for line in lines}
    skus = sorted(units_of(reader.shop.kits, wanted))
    known = catalog.products(reader.session, reader.shop.id, sorted({*skus, *wanted}))
    order = opened(
        _imagined(lines, known, to, method, then), reader.shop.kits, count(len(lines) + 1).__next__
    )
    demands = [Demand(x.sku, x.ordered) for x in order.lines if x.ships and x.sku in known]
    levels = levels_of(reader.session, reader.shop.id, skus)
    plan = plan_for(then, order, demands, levels) if demands else None
    parcels = [] if plan is None else _parcels(then, order, plan.picks)
    short = dict(plan.short) if plan else {}
    later, short = _still_to_come(then, order, short)
    parcels += later
    unknown = [sku for sku in skus if sku not in known]
    days = [parcel.arrives for parcel in parcels]
    there = _left_over(levels, plan.picks if plan else (), short)
    weighed = plan.story.weighed if plan else ()
    why_not = tuple(_why_not(then, order, unknown, short, there, weighed))
    possible = bool(parcels) and not why_not
    return BasketPromise(
        possible,
        min(days, default=None),
        max(days, default=None) if possible else None,
        method,
        to,
        _order_by(then, parcels) if possible else None,
        tuple(parcels),
        sum(parcel.cost for parcel in parcels),
        reader.shop.currency,
        {**short, **dict.fromkeys(unknown, 0)} if unknown else short,
        why_not,
        plan.story.rule if plan else "",
    )


def _imagined(
    lines: Sequence[BasketLine],
    known: Mapping[str, Mapping[str, Any]],
    to: Address,
    method: str,
    reader: Reader,
) -> Order:
    """The basket as the order that it would become."""
    made = tuple(
        Line(
            id=n,
            position=n,
            external_id=None,
            sku=line.sku,
            title=line.sku,
            ordered=line.quantity,
            total=int(known.get(line.sku, {}).get("price", 0)) * line.quantity,
        )
        for n, line in enumerate(lines, 1)
    )
    total = sum(line.total for line in made)
    return Order(
        id=0,
        shop_id=reader.shop.id,
        number="",
        channel="api",
        connection_id=None,
        external_id=None,
        customer_id=None,
        email="",
        phone="",
        customer_name="",
        language="",
        currency=reader.shop.currency,
        subtotal=total,
        discount=0,
        shipping=0,
        tax=0,
        total=total,
        captured=0,
        refunded=0,
        ship_to=to,
        bill_to=to,
        lines=made,
        placed_at=reader.now,
        captured_at=reader.now,
        method=method,
    )


def _parcels(reader: Reader, order: Order, picks: Iterable[Pick]) -> list[PromisedParcel]:
    units: dict[str, dict[str, int]] = defaultdict(dict)
    for pick in picks:
        units[pick.location][pick.sku] = units[pick.location].get(pick.sku, 0) + pick.quantity
    shop = reader.shop
    return [
        _parcel(reader, order, shop.locations[shop.id_of(code)], found, reader.now)
        for code, found in units.items()
    ]


def _parcel(
    reader: Reader,
    order: Order,
    site: Location,
    units: Mapping[str, int],
    at: datetime,
    expected: str = "",
) -> PromisedParcel:
    found = estimate(reader.shop, site, order.ship_to, order.method, at)
    cost = parcel_cost(reader.shop, site, order.ship_to, order.method)
    whole = cost + site.unit_cost * sum(units.values())
    return PromisedParcel(site.code, units, found.leaves, found.day, found.words, whole, expected)


# --- goods that are still to come ----------------------------------------------------------------


def _still_to_come(
    reader: Reader, order: Order, short: Mapping[str, int]
) -> tuple[list[PromisedParcel], dict[str, int]]:
    """Parcels of expected goods with a date, behind those who wait for them already."""
    if not short:
        return [], {}
    waiting = units_waited_for(reader.session, reader.shop.id, sorted(short))
    left, parcels = dict(short), []
    for sku in short:
        ahead = waiting.get(sku, 0)
        for coming in still_expected(reader.session, reader.shop.id, sku=sku):
            site = reader.shop.locations.get(coming.location_id)
            free = max(coming.open - ahead, 0)
            ahead = max(ahead - coming.open, 0)
            taken = min(free, left[sku])
            if taken and site is not None and site.active and coming.due_on is not None:
                left[sku] -= taken
                at = max(_end_of(coming.due_on, site.time_zone), reader.now)
                named = coming.reference or coming.source or coming.due_on.isoformat()
                parcels.append(_parcel(reader, order, site, {sku: taken}, at, named))
    for sku, units in left.items():
        parcel = _announced(reader, order, sku, units, waiting.get(sku, 0)) if units else None
        if parcel is not None:
            left[sku] = 0
            parcels.append(parcel)
    return parcels, {sku: units for sku, units in left.items() if units}


def _announced(
    reader: Reader, order: Order, sku: str, units: int, waiting: int
) -> PromisedParcel | None:
    """A preorder: from the first location, once the goods are here, as far as its limit goes."""
    known: Preorder | None = reader.shop.preorders.get(sku)
    site = next((place for place in reader.shop.locations.values() if place.active), None)
    if known is None or site is None or known.available_from <= reader.now.date():
        return None
    if known.limit is not None and waiting + units > known.limit:
        return None
    at = _begin_of(known.available_from, reader.shop.time_zone)
    return _parcel(reader, order, site, {sku: units}, at, "the preorder")


def _end_of(day: date, zone: str) -> datetime:
    """Goods that are due on a day can be handed over from the next one on."""
    return _begin_of(day + timedelta(days=1), zone)


def _begin_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def _left_over(
    levels: Iterable[Level], picks: Iterable[Pick], skus: Iterable[str]
) -> dict[str, int]:
    """Units that the plan could have taken and did not, of the SKUs that it is short of."""
    left = dict.fromkeys(skus, 0)
    for level in levels:
        if level.sku in left:
            left[level.sku] += level.routable
    for pick in picks:
        if pick.sku in left:
            left[pick.sku] -= pick.quantity
    return left


# --- or why not ----------------------------------------------------------------------------------


def _why_not(
    reader: Reader,
    order: Order,
    unknown: Sequence[str],
    short: Mapping[str, int],
    there: Mapping[str, int],
    weighed: Iterable[Weighed],
) -> Iterable[str]:
    served, country = reader.shop.screening.countries, order.ship_to.country
    if served and country not in served:
        yield f"{country} is not among the countries that the shop serves."
    for sku in unknown:
        yield f"There is no SKU {sku}."
    for sku, units in short.items():
        if there[sku] >= units:
            yield f"{units} × {sku} is there, but not for this order."
        else:
            yield f"{units} × {sku} is nowhere to be had, and none is expected with a date."
    for one in weighed if short else ():
        if one.verdict == "excluded" and one.reason != NO_STOCK:
            yield f"{one.location} takes no part: {one.reason.replace('_', ' ')}."


def _order_by(reader: Reader, parcels: Sequence[PromisedParcel]) -> datetime | None:
    """The first cut-off of the locations that ship from what they have."""
    sites = [reader.shop.location(parcel.location) for parcel in parcels if not parcel.expected]
    cut_offs = [next_cutoff(calendar_of(site), reader.now) for site in sites]
    return min(cut_offs, default=None)


# --- the table of lanes --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LaneTable:
    """The lanes from the most exact to the vaguest, as lines; `total` counts all of them."""

    lanes: tuple[Lane, ...]
    total: int
    usual_days: int
    express_days: int
    shipping: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListLanes:
    """Show how long parcels travel, and which shipping lines mean which method."""


@question("lanes", ListLanes, Right.VIEW_STOCK, examples=("lanes",))
def list_lanes(_ask: ListLanes, reader: Reader) -> LaneTable:
    shop = reader.shop
    return LaneTable(
        shop.lanes.lanes[:LANES_SHOWN],
        len(shop.lanes.lanes),
        int(shop.policy["lane_days"]),
        int(shop.policy["express_days"]),
        dict(shop.shipping),
    )
