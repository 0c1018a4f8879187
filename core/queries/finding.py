"""Orders found and listed: by words, by state, by location, and those that are late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from core.db import searching
from core.db.reading import Reader
from core.db.rows import from_json, micros, moment
from core.db.scanning import open_work
from core.domain import detect
from core.domain.access import Right, Role
from core.domain.blocking import Next
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.queries.next_step import next_steps
from core.registry import Arg, question

PAGE = 20
LATE_MOST = 1000  # the oldest late orders; who has more needs no list


@dataclass(frozen=True, slots=True)
class LateWork:
    """Why an order is late at a location: `reason` is stuck or past_cutoff, as the scans judge."""

    reason: str
    location: str
    ready_at: datetime


@dataclass(frozen=True, slots=True)
class OrderBrief:
    id: int
    number: str
    customer_name: str
    city: str
    total: int
    currency: str
    status: str
    payment_status: str
    fulfillment_status: str
    held: bool
    placed_at: datetime
    promise: date | None
    late: tuple[LateWork, ...] = ()
    next: Next | None = None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Briefs, newest first, late ones by their oldest work; `after` continues the page."""

    orders: tuple[OrderBrief, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class FindOrders:
    """Find orders by number, name, e-mail, phone, city, SKU, tracking number or shop link."""

    text: Annotated[str, Arg.TEXT] = ""
    status: Annotated[str, Arg.NONE] = ""
    held: Annotated[bool | None, Arg.NONE] = None
    location: Annotated[str, Arg.NONE] = ""
    late: Annotated[bool, Arg.NONE] = False
    after: Annotated[str | None, Arg.NONE] = None
    limit: Annotated[int, Arg.NONE] = PAGE


@question("search", FindOrders, Right.VIEW, aliases=("orders",), examples=("anna schmidt",))
def find(ask: FindOrders, reader: Reader) -> OrderPage:
    if not 1 <= ask.limit <= 200:
        raise Invalid("A page has 1 to 200 orders.")
    if ask.late:
        return _late(ask, reader)
    rows, after = searching.find_orders(reader.session, _wanted(ask, reader))
    steps = next_steps(reader, [row.id for row in rows])
    return OrderPage(tuple(_brief(row, steps) for row in rows), after)


def _wanted(ask: FindOrders, reader: Reader) -> searching.Wanted:
    return searching.Wanted(
        shop_id=reader.actor.shop_id,
        text=ask.text,
        status=ask.status,
        held=ask.held,
        places=_places(ask, reader),
        after=ask.after,
        limit=ask.limit,
    )


def _late(ask: FindOrders, reader: Reader) -> OrderPage:
    """Late by the rules of the scans, so that their cases and this list never disagree."""
    wanted = _wanted(ask, reader)
    late = late_work(reader, wanted.places)
    among = replace(wanted, among=tuple(late), after=None, limit=LATE_MOST)
    rows, _ = searching.find_orders(reader.session, among)
    begun = searching.page_mark(ask.after) if ask.after else (0, 0)
    marked = sorted((micros(late[row.id][0].ready_at), row.id, row) for row in rows)
    rest = [(since, row) for since, id_, row in marked if (since, id_) > begun]
    shown = rest[: ask.limit]
    after = f"{shown[-1][0]}.{shown[-1][1].id}" if len(rest) > ask.limit else None
    steps = next_steps(reader, [row.id for _, row in shown])
    return OrderPage(tuple(_brief(row, steps, tuple(late[row.id])) for _, row in shown), after)


def late_work(reader: Reader, places: Sequence[int] | None) -> dict[int, list[LateWork]]:
    """By order id, oldest first, what is stuck or past its cut-off; held orders are neither."""
    shop = reader.shop
    limit = timedelta(hours=float(shop.policy["stuck_hours"]))
    every = open_work(reader.session, shop.id, reader.now)
    works = [work for work in every if places is None or work.location_id in places]
    stuck = {f.subject for f in detect.stuck(works, shop.locations, limit, reader.now)}
    past = {f.subject for f in detect.past_cutoff(works, shop.locations, reader.now)}
    found: dict[int, list[LateWork]] = {}
    for work in works:
        subject = f"work:{work.work_id}"
        if (subject in stuck or subject in past) and len(found) < LATE_MOST:
            reason = "stuck" if subject in stuck else "past_cutoff"
            code = shop.locations[work.location_id].code
            found.setdefault(work.order_id, []).append(LateWork(reason, code, work.ready_at))
    return found


def _places(ask: FindOrders, reader: Reader) -> list[int] | None:
    """A location that was named, or the only ones that a store's people see."""
    own = reader.actor.locations if reader.actor.role is Role.STORE else None
    named = reader.shop.location(ask.location).code if ask.location else None
    if own is None and named is None:
        return None
    codes = {named} if named else set(own or ())
    allowed = codes & set(own) if own is not None else codes
    return [p.id for p in reader.shop.locations.values() if p.code in allowed]


def _brief(row: Any, steps: Mapping[int, Next], late: tuple[LateWork, ...] = ()) -> OrderBrief:
    promise = date.fromisoformat(row.promise) if row.promise else None
    return OrderBrief(
        id=row.id,
        number=row.number,
        customer_name=row.customer_name,
        city=from_json(row.ship_to).get("city", ""),
        total=row.total,
        currency=row.currency,
        status=row.status,
        payment_status=row.payment_status,
        fulfillment_status=row.fulfillment_status,
        held=bool(row.held),
        placed_at=moment(row.placed_at),
        promise=promise,
        late=late,
        next=steps.get(row.id),
    )
