"""Labels of returns: which parcel brings the goods back, and what its carrier says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from core.commands.labels import read_label
from core.db.returns import rma_travelling_as
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.refusals import NotPossible
from core.domain.returning.places import by_post
from core.domain.returns import Rma
from core.domain.tracking import ParcelStatus, TrackingEvent
from core.domain.values import dataclass
from core.registry import Arg, Done, command

_MOVES = (ParcelStatus.IN_TRANSIT, ParcelStatus.OUT_FOR_DELIVERY, ParcelStatus.DELIVERED)


@dataclass(frozen=True, slots=True)
class LabelReturn:
    """Keep the number of the label with which a return comes back; its scans are followed."""

    number: Annotated[str, Arg.RETURN]
    carrier: Annotated[str, Arg.WORD]
    tracking_number: Annotated[str, Arg.WORD]


@command(
    "return-label",
    LabelReturn,
    Right.RETURN_REQUEST,
    examples=("return-label R1001-1 DHL 00340434161094000000",),
)
def label_return(ask: LabelReturn, uow: UnitOfWork) -> Done:
    number, carrier = read_label(ask.tracking_number, ask.carrier)
    rma = uow.returns.get(ask.number)
    if not rma.waits_for_goods:
        raise NotPossible(
            f"Return {rma.number} is {rma.status.value}; nothing of it is expected.",
            "Only returns that are on their way, or will be, have a label.",
        )
    other = rma_travelling_as(uow.session, uow.shop.id, number)
    if other is not None and other.id != rma.id:
        raise NotPossible(f"{number} brings back return {other.number} already.")
    if uow.work.parcels_by_number(number):
        raise NotPossible(f"A parcel to a customer travels as {number}.", "Check the number.")
    uow.returns.save(rma, replace(rma, carrier=carrier, tracking_number=number))
    uow.emit(rma.order_id, e.ReturnLabeled(rma.id, rma.number, carrier, number))
    return Done(
        f"Return {rma.number} comes back as {number} ({carrier}).",
        {"return": rma.number, "status": rma.status.value},
    )


def tell_return(uow: UnitOfWork, number: str, events: Iterable[TrackingEvent]) -> Rma | None:
    """What a carrier said about a parcel that brings a return; None when it brings none.

    Its first scan says that the goods are on their way; its delivery, that they lie where
    parcels of returns go, and wait there to be counted.
    """
    found = rma_travelling_as(uow.session, uow.shop.id, number)
    if found is None:
        return None
    order = uow.orders.by_id(found.order_id)
    rma = uow.returns.by_id(found.id)  # as it is now that its order is locked
    moves = sorted((each for each in events if each.status in _MOVES), key=lambda each: each.at)
    if not moves or not rma.waits_for_goods:
        return rma
    if rma.sent_at is None:
        rma = uow.returns.save(
            rma, replace(rma, sent_at=moves[0].at, send_by_at=None, expires_at=None)
        )
        uow.emit(order.id, e.ReturnSent(rma.id, rma.number, rma.carrier, number))
    arrivals = [each.at for each in moves if each.status is ParcelStatus.DELIVERED]
    goal = by_post(uow.shop.locations.values(), order.ship_to, [line.reason for line in rma.lines])
    if arrivals and goal is not None and rma.arrived_at is None:
        rma = uow.returns.save(rma, rma.arrive(goal.place.id, uow.now))
        uow.emit(order.id, e.ReturnArrived(rma.id, rma.number, goal.place.code))
    return rma
