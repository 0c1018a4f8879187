"""Where parcels are: what carriers say, and what it means for lines, promises and people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from core.commands import floor, handover
from core.commands.labels import numbered
from core.commands.return_labels import tell_return
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.carriers import clean_number
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import Parcel
from core.domain.order import Order
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.tracking import ParcelState, ParcelStatus, TrackingEvent, fold
from core.domain.trouble import TROUBLES, trouble_of
from core.domain.values import dataclass
from core.registry import Arg, Done, command

# A carrier's clock may be off by a zone; beyond a day a time is wrong, not early.
FUTURE_MOST = timedelta(days=1)
EVENTS_MOST = 500
_TO = ("to", "at", "an", "bei")


@dataclass(frozen=True, slots=True)
class RecordTracking:
    """Take in what a carrier said about a parcel, in any order and as often as it likes."""

    tracking_number: str
    events: tuple[TrackingEvent, ...]
    carrier: str = ""
    expected: date | None = None  # the day the carrier now means to deliver

    def audited(self) -> dict[str, Any]:
        return {"tracking_number": self.tracking_number, "events": len(self.events)}


@command("record tracking", RecordTracking, Right.FULFILL, in_chat=False)
def record_tracking(ask: RecordTracking, uow: UnitOfWork) -> Done:
    number = clean_number(ask.tracking_number)
    parcels = uow.work.parcels_by_number(number)
    if not parcels and (rma := tell_return(uow, number, ask.events[:EVENTS_MOST])):
        return Done(f"{number} is recorded.", {"return": rma.number})
    if not parcels:
        raise NotFound(f"No parcel travels as {number} yet.", code="not_yet")
    for parcel in parcels:
        uow.orders.by_id(parcel.order_id)
        parcel = uow.work.parcel(parcel.id)  # as it is now that its order is locked
        if ask.carrier and not parcel.carrier:
            parcel = uow.work.save_parcel(numbered(parcel, number, ask.carrier))
        tell(uow, parcel, ask.events[:EVENTS_MOST], ask.expected)
    return Done(f"{number} is recorded.", {"parcels": [parcel.id for parcel in parcels]})


@dataclass(frozen=True, slots=True)
class DeliverParcel:
    """Say that what is under way of an order has arrived; without a carrier's word for it."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""
    parcel_id: Annotated[int | None, Arg.NONE] = None
    to: Annotated[str, Arg.TEXT] = ""  # “to neighbor Schmidt”: who took it instead

    def __post_init__(self) -> None:
        said = self.to.split()
        if said and (said[0].casefold() not in _TO or len(said) < 2 or len(self.to) > 100):
            raise Invalid("Delivered to whom?", "Write `delivered 1001 to neighbor Schmidt`.")

    @property
    def receiver(self) -> str:
        """“neighbor Schmidt”, or nothing when it was the customer."""
        return " ".join(self.to.split()[1:])


@command(
    "delivered",
    DeliverParcel,
    Right.FULFILL,
    aliases=("deliver",),
    many=True,
    examples=("delivered 1001 1004", "delivered 1001 to neighbor Schmidt"),
)
def deliver(ask: DeliverParcel, uow: UnitOfWork) -> Done:
    order, _, parcels = floor.parcels_for(uow, ask.order, ask.location)
    meant = [parcel for parcel in parcels if ask.parcel_id in (None, parcel.id)]
    for parcel in _under_way(order, meant):
        word = TrackingEvent(
            ParcelStatus.DELIVERED, "Other", uow.now, ask.receiver, raw_code="by hand"
        )
        tell(uow, parcel, [word])
    return Done(f"Order {order.number} is delivered.", {"order": order.number})


def _under_way(order: Order, parcels: Sequence[Parcel]) -> list[Parcel]:
    left = [parcel for parcel in parcels if parcel.has_left]
    if not left:
        raise NotPossible(
            f"Nothing of order {order.number} has left yet.",
            f"Write `shipped {order.number}` first.",
        )
    found = [parcel for parcel in left if parcel.delivered_at is None]
    if not found:
        raise NotPossible(f"Order {order.number} is already delivered.", code="already")
    return found


# --- what it means ------------------------------------------------------------------------------


def tell(
    uow: UnitOfWork,
    parcel: Parcel,
    events: Iterable[TrackingEvent],
    expected: date | None = None,
) -> None:
    """Keep these words about a parcel and draw every conclusion from all that was ever said."""
    order = uow.orders.by_id(parcel.order_id)
    told = uow.work.told_of(parcel.id)
    known = {_when(found) for found in told}
    new = sorted((found for found in set(events) if _when(found) not in known), key=_when)
    fresh = [found for found in new if _keep(uow, parcel, found)]
    latest = uow.now + FUTURE_MOST
    believed = [found for found in (*told, *fresh) if found.at <= latest]
    state = fold(believed)
    after = _stand(parcel, state, believed, expected)
    _tell_moves(uow, order, parcel, [found for found in fresh if found.at <= latest])
    order, after = _store(uow, order, parcel, after)
    _tell_arrival(uow, order, parcel, after)
    _tell_delay(uow, order, parcel, after)
    if fresh:
        _reconcile_trouble(uow, order, after, state)
        _flag(uow, order, parcel, after, [found for found in fresh if found.at > latest])


def _when(found: TrackingEvent) -> tuple[datetime, str, str, str]:
    return found.at, found.status.value, found.reason, found.raw_code


def _keep(uow: UnitOfWork, parcel: Parcel, found: TrackingEvent) -> bool:
    return uow.work.record_scan(
        parcel,
        found.status.value,
        found.reason,
        micros(found.at),
        found.place[:200],
        found.text[:500],
        found.raw_code[:100],
        found.known,
    )


def _stand(
    parcel: Parcel, state: ParcelState, told: Iterable[TrackingEvent], expected: date | None
) -> Parcel:
    """The parcel as the fold sees it."""
    places = [found.place for found in told if found.at == state.last_scan_at and found.place]
    odd = state.contradictions[-1] if state.contradictions else None
    return replace(
        parcel,
        status=state.status.value,
        reason=state.reason,
        first_scan_at=state.first_scan_at,
        last_scan_at=state.last_scan_at,
        last_place=places[-1] if places else parcel.last_place,
        delivered_at=state.delivered_at,
        contradiction=f"{odd.status} {odd.reason} at {odd.at.isoformat()}" if odd else "",
        expected=expected.isoformat() if expected else parcel.expected,
    )


def _tell_moves(
    uow: UnitOfWork, order: Order, parcel: Parcel, fresh: Sequence[TrackingEvent]
) -> None:
    for found in fresh:
        at = found.at.isoformat()
        moved = e.ParcelMoved(parcel.id, found.status.value, found.reason, found.place, at)
        uow.emit(order.id, moved)


def _store(uow: UnitOfWork, order: Order, before: Parcel, after: Parcel) -> tuple[Order, Parcel]:
    """Save the parcel; its first scan ships it when nobody has said so yet."""
    if after.has_left and not before.has_left:
        works = sorted(
            (work for work in uow.work.of(order.id) if work.is_open),
            key=lambda work: (work.id != before.fulfillment_id, work.id),
        )
        order = handover.leave(uow, order, after, works, handover.SCANNED, is_new=False)
        return order, uow.work.parcel(after.id)
    if after != before:
        uow.work.save_parcel(after)
    return order, after


def _tell_arrival(uow: UnitOfWork, order: Order, before: Parcel, after: Parcel) -> None:
    if after.delivered_at is not None and before.delivered_at is None:
        handover.received(uow, order, after, after.delivered_at)
    elif after.delivered_at is None and before.delivered_at is not None:
        handover.not_received(uow, order, after)


def _tell_delay(uow: UnitOfWork, order: Order, before: Parcel, after: Parcel) -> None:
    """The carrier says it will be late: once per delay, and once per new day."""
    promised = order.promise.isoformat() if order.promise else None
    is_delayed = _trouble(after) == "delayed" and _trouble(before) != "delayed"
    is_later = bool(promised) and after.expected > (promised or "")
    if after.delivered_at is None and (
        is_delayed or (is_later and after.expected != before.expected)
    ):
        uow.emit(order.id, e.PromiseChanged(promised, after.expected or None, "carrier"))


# --- trouble ------------------------------------------------------------------------------------


def _trouble(parcel: Parcel) -> str | None:
    return trouble_of(ParcelStatus(parcel.status), parcel.reason)


def _reconcile_trouble(uow: UnitOfWork, order: Order, parcel: Parcel, state: ParcelState) -> None:
    """One open case per parcel while it is in trouble; another trouble is another case."""
    subject = f"parcel:{parcel.id}"
    trouble = trouble_of(state.status, state.reason)
    known = uow.cases.open_one(CaseKind.PARCEL_TROUBLE, subject)
    if known is not None and known.facts.get("trouble") != trouble:
        how = "it was delivered" if parcel.delivered_at else "it moves again"
        why = f"now it {TROUBLES[trouble]}" if trouble else how
        uow.cases.close(CaseKind.PARCEL_TROUBLE, subject, why)
    if trouble:
        words = f"{_called(parcel)} of order {order.number} {TROUBLES[trouble]}."
        _open(uow, order, parcel, subject, words, trouble)


def _flag(
    uow: UnitOfWork, order: Order, before: Parcel, after: Parcel, future: Sequence[TrackingEvent]
) -> None:
    """What cannot be true is shown to a person; it changed nothing."""
    if after.contradiction and after.contradiction != before.contradiction:
        words = (
            f"{_called(after)} of order {order.number} stands at {after.status}, "
            f"but the carrier also said {after.contradiction}."
        )
        _open(uow, order, after, f"parcel:{after.id}:contradiction", words, "contradiction")
    if future:
        words = (
            f"A scan of {_called(after)} of order {order.number} is dated "
            f"{future[-1].at:%Y-%m-%d}, in the future; it was not counted."
        )
        _open(uow, order, after, f"parcel:{after.id}:future", words, "future")


def _called(parcel: Parcel) -> str:
    return " ".join(filter(None, ("Parcel", parcel.carrier, parcel.tracking_number)))


def _open(
    uow: UnitOfWork, order: Order, parcel: Parcel, subject: str, words: str, trouble: str
) -> None:
    work = uow.work.by_id(parcel.fulfillment_id) if parcel.fulfillment_id else None
    facts = {"trouble": trouble, "parcel_id": parcel.id, "tracking_number": parcel.tracking_number}
    finding = Finding(
        CaseKind.PARCEL_TROUBLE,
        subject,
        words,
        order_id=order.id,
        location_id=work.location_id if work else None,
        facts=facts,
    )
    uow.cases.open(finding)
