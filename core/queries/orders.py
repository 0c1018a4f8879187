"""Orders as staff see them: one order whole, searches, lists, why it was routed as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from core.db import searching
from core.db.cases import open_cases_of
from core.db.connection import Session
from core.db.fulfillment import fulfillments_of, parcels_of
from core.db.payments import requests_of
from core.db.reading import Reader
from core.db.refunds import parts_of, refunds_of
from core.db.returns import rmas_of
from core.db.rows import from_json, micros, moment
from core.db.scanning import open_work
from core.domain import detect
from core.domain.access import Right, Role
from core.domain.blocking import Next
from core.domain.cases import Case, CaseKind
from core.domain.fulfillment import FulfillmentOrder, Parcel, Stage
from core.domain.gift import Gift, gift_of
from core.domain.giving_back import worth
from core.domain.order import Address, Order
from core.domain.payments import payment_status
from core.domain.pickup import is_pickup, pickup_place
from core.domain.refusals import Invalid
from core.domain.shop import Shop
from core.queries.holds import HoldView, hold_views
from core.queries.linked import Linked, linked_to
from core.queries.next_step import legal_actions, next_steps
from core.queries.timelines import Told, timeline_of
from core.registry import Arg, question

PAGE = 20
NOTES_SHOWN = 3
LATE_MOST = 1000  # the oldest late orders; who has more needs no list


@dataclass(frozen=True, slots=True)
class Place:
    """Where units of a line are: `stage` is ready … shipped, delivered, backordered, unknown."""

    location: str
    quantity: int
    stage: str


@dataclass(frozen=True, slots=True)
class LineView:
    id: int
    sku: str
    title: str
    ordered: int
    canceled: int
    backordered: int
    allocated: int
    shipped: int
    delivered: int
    return_requested: int
    return_received: int
    return_kept: int
    refunded: int
    returnable: int
    unit_price: int
    total: int
    places: tuple[Place, ...]
    awaits: str = ""  # the day (ISO) for which what it waits for is announced
    kind: str = ""  # kit, or part: a part stands behind the kit before it


@dataclass(frozen=True, slots=True)
class WorkView:
    number: str
    location: str
    stage: str
    units: int
    ready_at: datetime


@dataclass(frozen=True, slots=True)
class ParcelView:
    id: int
    position: int
    carrier: str
    tracking_number: str | None
    tracking_url: str
    status: str
    reason: str
    location: str
    handed_over_at: datetime | None
    last_scan_at: datetime | None
    last_place: str
    delivered_at: datetime | None
    lines: tuple[tuple[int, str, int], ...]
    recalled: bool = False  # its carrier was asked to stop it, and has not answered yet


@dataclass(frozen=True, slots=True)
class CaseBrief:
    number: int
    kind: str
    title: str
    state: str
    assignee: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteView:
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WordSent:
    kind: str
    route: str
    state: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReturnBrief:
    number: str
    status: str
    units: int
    reason: str


@dataclass(frozen=True, slots=True)
class RefundBrief:
    """`waits`: a second person has to approve it first."""

    id: int
    amount: int
    currency: str
    state: str
    reference: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class OrderView:
    id: int
    number: str
    version: int
    channel: str
    external_id: str | None
    customer_name: str
    email: str
    phone: str
    language: str
    ship_to: Address
    currency: str
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    worth: int  # what it costs without the units that were canceled
    captured: int
    refunded: int
    status: str
    payment_status: str
    fulfillment_status: str
    return_status: str
    placed_at: datetime
    promise: date | None
    note: str
    tags: tuple[str, ...]
    priority: int
    canceled_at: datetime | None
    cancel_reason: str
    holds: tuple[HoldView, ...]
    lines: tuple[LineView, ...]
    works: tuple[WorkView, ...]
    parcels: tuple[ParcelView, ...]
    cases: tuple[CaseBrief, ...]
    returns: tuple[ReturnBrief, ...]
    refunds: tuple[RefundBrief, ...]
    words: tuple[WordSent, ...]
    next: Next | None
    actions: tuple[str, ...]
    notes: tuple[NoteView, ...] = ()
    timeline: tuple[Told, ...] = field(default=())
    gift: Gift | None = None
    linked: tuple[Linked, ...] = ()
    method: str = "standard"
    promise_basis: str = ""  # how the promised day was counted
    asked: int = 0  # what the customer is asked to pay more, in minor units
    beside: int = 0  # what was asked for beside the order's total, and paid
    collected_at: str = ""  # the store that hands it out, once that is known

    @property
    def last_scan_at(self) -> datetime | None:
        scans = [p.last_scan_at for p in self.parcels if p.last_scan_at]
        return max(scans, default=None)


@dataclass(frozen=True, slots=True)
class ShowOrder:
    """Show one order with everything that belongs to it."""

    order: Annotated[str, Arg.ORDER]
    timeline: Annotated[bool, Arg.NONE] = False


@question("show", ShowOrder, Right.VIEW, aliases=("order", "find"), examples=("1001",))
def show(ask: ShowOrder, reader: Reader) -> OrderView:
    order = reader.orders.get(ask.order)
    return view_of(reader, order, with_timeline=ask.timeline)


def view_of(reader: Reader, order: Order, *, with_timeline: bool = False) -> OrderView:
    session, shop = reader.session, reader.shop
    works = fulfillments_of(session, order.id)
    parcels = parcels_of(session, order.id)
    cases = open_cases_of(session, shop.id, order.id)
    recalled = {c.facts["parcel_id"] for c in cases if c.kind is CaseKind.RECALL}
    return OrderView(
        id=order.id,
        number=order.number,
        version=order.version,
        channel=order.channel,
        external_id=order.external_id,
        customer_name=order.customer_name,
        email=order.email,
        phone=order.phone,
        language=order.language,
        ship_to=order.ship_to,
        currency=order.currency,
        subtotal=order.subtotal,
        discount=order.discount,
        shipping=order.shipping,
        tax=order.tax,
        total=order.total,
        worth=worth(order),
        captured=order.captured,
        refunded=order.refunded,
        status=order.status.value,
        payment_status=str(payment_status(order.total, order.captured, order.refunded, 0)),
        fulfillment_status=order.fulfillment.value,
        return_status=order.returning.value,
        placed_at=order.placed_at,
        promise=order.promise,
        promise_basis=order.promise_basis,
        method=order.method,
        collected_at=_store(shop, order),
        note=order.note,
        tags=order.tags,
        priority=order.priority,
        canceled_at=order.canceled_at,
        cancel_reason=order.cancel_reason,
        holds=hold_views(order, works, parcels, shop),
        lines=_lines(order, works, shop),
        works=tuple(_work(w, shop) for w in works if w.stage is not Stage.CANCELED),
        parcels=tuple(_parcel(p, works, shop, recalled) for p in parcels),
        cases=_briefs(cases),
        returns=tuple(
            ReturnBrief(r.number, r.status.value, r.units, r.reason)
            for r in rmas_of(session, order.id)
        ),
        refunds=_refunds(session, order.id),
        **_requested(session, order.id),
        words=_words(session, order.id),
        next=next_steps(reader, [order.id]).get(order.id),
        actions=legal_actions(reader.actor, order, works, parcels, recalled),
        notes=_notes(session, order.id),
        timeline=timeline_of(session, order.id) if with_timeline else (),
        gift=gift_of(order.extra, order.tags),
        linked=linked_to(session, order.id),
    )


def _refunds(session: Session, order_id: int) -> tuple[RefundBrief, ...]:
    refunds = refunds_of(session, order_id)
    parts = parts_of(session, order_id) if refunds else []
    planned = {part.refund_id for part in parts if part.state == "planned"}
    return tuple(
        RefundBrief(r.id, r.amount, r.currency, r.state, r.reference, r.id in planned)
        for r in refunds
    )


def _requested(session: Session, order_id: int) -> dict[str, int]:
    requests = requests_of(session, order_id)
    beside = sum(q.amount for q in requests if q.state == "paid" and q.change_id is None)
    return {"asked": sum(q.amount for q in requests if q.state == "open"), "beside": beside}


def _briefs(cases: Iterable[Case]) -> tuple[CaseBrief, ...]:
    return tuple(
        CaseBrief(c.number, c.kind.value, c.title, c.state, c.assignee, c.due_at) for c in cases
    )


def _store(shop: Shop, order: Order) -> str:
    place = pickup_place(shop, order) if is_pickup(order) else None
    return place.code if place else ""


def _lines(order: Order, works: Sequence[FulfillmentOrder], shop: Shop) -> tuple[LineView, ...]:
    views = []
    for line in order.lines:
        places = [
            Place(shop.locations[w.location_id].code, item.quantity, w.stage.value)
            for w in works
            if w.stage is not Stage.CANCELED
            for item in w.items
            if item.line_id == line.id
        ]
        if line.backordered:
            stage = "awaited" if line.awaits else "backordered"
            places.append(Place("", line.backordered, stage))
        if line.unplaced > 0:
            places.append(Place("", line.unplaced, "unknown"))
        views.append(
            LineView(
                id=line.id,
                sku=line.sku,
                title=line.title,
                ordered=line.ordered,
                canceled=line.canceled,
                backordered=line.backordered,
                allocated=line.allocated,
                shipped=line.shipped,
                delivered=line.delivered,
                return_requested=line.return_requested,
                return_received=line.return_received,
                return_kept=line.return_kept,
                refunded=line.refunded,
                returnable=line.returnable,
                unit_price=line.unit_price,
                total=line.total,
                places=tuple(places),
                awaits=line.awaits if line.backordered else "",
                kind=line.kind,
            )
        )
    return tuple(views)


def _work(work: FulfillmentOrder, shop: Shop) -> WorkView:
    code = shop.locations[work.location_id].code
    return WorkView(work.number, code, work.stage.value, work.units, work.ready_at)


def _parcel(
    parcel: Parcel, works: Sequence[FulfillmentOrder], shop: Shop, recalled: Collection[int]
) -> ParcelView:
    homes = [w.location_id for w in works if w.id == parcel.fulfillment_id]
    return ParcelView(
        id=parcel.id,
        position=parcel.position,
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        status=parcel.status,
        reason=parcel.reason,
        location=shop.locations[homes[0]].code if homes else "",
        handed_over_at=parcel.handed_over_at,
        last_scan_at=parcel.last_scan_at,
        last_place=parcel.last_place,
        delivered_at=parcel.delivered_at,
        lines=parcel.items,
        recalled=parcel.id in recalled,
    )


def _words(session: Session, order_id: int) -> tuple[WordSent, ...]:
    """Messages about this order, newest first."""
    return tuple(
        WordSent(
            str(from_json(payload).get("kind", kind)),
            kind.removeprefix("message."),
            state,
            moment(ended or created),
            reason,
        )
        for kind, payload, state, created, ended, reason in searching.words_about(session, order_id)
    )


def _notes(session: Session, order_id: int) -> tuple[NoteView, ...]:
    rows = searching.notes_about(session, order_id, NOTES_SHOWN)
    return tuple(
        NoteView(str(from_json(data).get("text", "")), actor, moment(at))
        for at, data, actor in rows
    )


# --- searching and listing -----------------------------------------------------------------------


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
