"""One order whole: asked for by its number, and put together from everything that belongs to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any

from core.db import searching
from core.db.cases import open_cases_of
from core.db.changes import open_change
from core.db.connection import Session
from core.db.fulfillment import fulfillments_of, parcels_of
from core.db.payments import requests_of
from core.db.reading import Reader
from core.db.refunds import parts_of, refunds_of
from core.db.returns import rmas_of
from core.db.rows import from_json, moment
from core.domain.access import Right
from core.domain.cases import Case, CaseKind
from core.domain.fulfillment import FulfillmentOrder, Parcel, Stage
from core.domain.gift import gift_of
from core.domain.giving_back import worth
from core.domain.order import Line, Order
from core.domain.payments import payment_status
from core.domain.pickup import is_pickup, pickup_place
from core.domain.returns import Rma
from core.domain.shop import Shop
from core.domain.values import dataclass
from core.queries.holds import hold_views
from core.queries.linked import linked_to
from core.queries.next_step import legal_actions, next_steps
from core.queries.order_view import (
    CaseBrief,
    LineView,
    NoteView,
    OpenEdit,
    OrderView,
    ParcelView,
    Place,
    RefundBrief,
    ReturnBrief,
    WordSent,
    WorkView,
)
from core.queries.timelines import timeline_of
from core.registry import Arg, question

NOTES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ShowOrder:
    """Show one order with everything that belongs to it."""

    order: Annotated[str, Arg.ORDER]
    timeline: Annotated[bool, Arg.NONE] = False


@question("show", ShowOrder, Right.VIEW, aliases=("order", "find"), examples=("1001",))
def show(ask: ShowOrder, reader: Reader) -> OrderView:
    order = reader.orders.get(ask.order)
    return view_of(reader, order, with_timeline=ask.timeline)


# What a view has of its order, and of its lines, by the same name.
_OF_ORDER = (
    *("id", "number", "version", "channel", "external_id", "customer_name", "email", "phone"),
    *("language", "ship_to", "currency", "subtotal", "discount", "shipping", "tax", "total"),
    *("captured", "refunded", "placed_at", "promise", "promise_basis", "method", "note", "tags"),
    *("priority", "canceled_at", "cancel_reason"),
)
_OF_LINE = (
    *("id", "sku", "title", "ordered", "canceled", "backordered", "allocated", "shipped"),
    *("delivered", "return_requested", "return_received", "return_kept", "refunded"),
    *("returnable", "unit_price", "total", "kind"),
)


def view_of(reader: Reader, order: Order, *, with_timeline: bool = False) -> OrderView:
    session = reader.session
    works = fulfillments_of(session, order.id)
    parcels = parcels_of(session, order.id)
    cases = open_cases_of(session, reader.shop.id, order.id)
    recalled = {c.facts["parcel_id"] for c in cases if c.kind is CaseKind.RECALL}
    return OrderView(
        **_of_order(order),
        **_of_work(order, works, parcels, recalled, reader.shop),
        **_of_money(session, order.id),
        cases=tuple(_case(each) for each in cases),
        returns=tuple(_return(each) for each in rmas_of(session, order.id)),
        edit=_edit(session, order.id),
        words=_words(session, order.id),
        next=next_steps(reader, [order.id]).get(order.id),
        actions=legal_actions(reader.actor, order, works, parcels, recalled),
        notes=_notes(session, order.id),
        timeline=timeline_of(session, order.id) if with_timeline else (),
        linked=linked_to(session, order.id),
    )


def _of_order(order: Order) -> dict[str, Any]:
    """What the order itself says."""
    return {name: getattr(order, name) for name in _OF_ORDER} | {
        "worth": worth(order),
        "status": order.status.value,
        "payment_status": str(payment_status(order.total, order.captured, order.refunded, 0)),
        "fulfillment_status": order.fulfillment.value,
        "return_status": order.returning.value,
        "gift": gift_of(order.extra, order.tags),
    }


def _of_work(
    order: Order,
    works: Sequence[FulfillmentOrder],
    parcels: Sequence[Parcel],
    recalled: Collection[int],
    shop: Shop,
) -> dict[str, Any]:
    """Where its goods are, and what stops them."""
    return {
        "holds": hold_views(order, works, parcels, shop),
        "lines": tuple(_line(line, works, shop) for line in order.lines),
        "works": tuple(_work(w, shop) for w in works if w.stage is not Stage.CANCELED),
        "parcels": tuple(_parcel(p, works, shop, recalled) for p in parcels),
        "collected_at": _store(shop, order),
    }


def _of_money(session: Session, order_id: int) -> dict[str, Any]:
    """What goes back, and what its customer is asked for."""
    requests = requests_of(session, order_id)
    return {
        "refunds": _refunds(session, order_id),
        "asked": sum(q.amount for q in requests if q.state == "open"),
        "beside": sum(q.amount for q in requests if q.state == "paid" and q.change_id is None),
    }


def _refunds(session: Session, order_id: int) -> tuple[RefundBrief, ...]:
    refunds = refunds_of(session, order_id)
    parts = parts_of(session, order_id) if refunds else []
    planned = {part.refund_id for part in parts if part.state == "planned"}
    return tuple(
        RefundBrief(r.id, r.amount, r.currency, r.state, r.reference, r.id in planned)
        for r in refunds
    )


def _case(case: Case) -> CaseBrief:
    return CaseBrief(
        case.number, case.kind.value, case.title, case.state, case.assignee, case.due_at
    )


def _return(rma: Rma) -> ReturnBrief:
    return ReturnBrief(rma.number, rma.status.value, rma.units, rma.reason)


def _store(shop: Shop, order: Order) -> str:
    place = pickup_place(shop, order) if is_pickup(order) else None
    return place.code if place else ""


def _line(line: Line, works: Sequence[FulfillmentOrder], shop: Shop) -> LineView:
    return LineView(
        **{name: getattr(line, name) for name in _OF_LINE},
        places=tuple(_places(line, works, shop)),
        awaits=line.awaits if line.backordered else "",
    )


def _places(line: Line, works: Sequence[FulfillmentOrder], shop: Shop) -> Iterator[Place]:
    for work in works:
        for item in work.items if work.stage is not Stage.CANCELED else ():
            if item.line_id == line.id:
                code = shop.locations[work.location_id].code
                yield Place(code, item.quantity, work.stage.value)
    if line.backordered:
        yield Place("", line.backordered, "awaited" if line.awaits else "backordered")
    if line.unplaced > 0:
        yield Place("", line.unplaced, "unknown")


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


def _edit(session: Session, order_id: int) -> OpenEdit | None:
    found = open_change(session, order_id)
    return OpenEdit(found.opened_by, found.opened_at, found.difference) if found else None


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
