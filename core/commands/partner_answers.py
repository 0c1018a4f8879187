"""What a partner says about work that it was given: yes, no, stopped, or sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.commands import deciding, handover, holds
from core.commands.gatehouse import asking_holds
from core.commands.labels import numbered, read_words, require_own_number
from core.db import partners as book
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.order import Change, Order
from core.domain.partners import Answer, Handoff
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Done, command


@dataclass(frozen=True, slots=True)
class SentUnits:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RecordPartnerAnswer:
    """A partner's word about a hand-off, by the id that it was asked with.

    `lines` are what a parcel holds; without any it holds all of the work.
    """

    connection_id: int
    handoff: int
    answer: Answer
    reason: str = ""
    tracking_number: str = ""
    carrier: str = ""
    tracking_url: str = ""
    at: datetime | None = None
    lines: tuple[SentUnits, ...] = ()


@command("record partner answer", RecordPartnerAnswer, Right.MACHINERY, in_chat=False)
def record_partner_answer(ask: RecordPartnerAnswer, uow: UnitOfWork) -> Done:
    found = book.by_id(uow.session, uow.shop.id, ask.handoff)
    if found is None or found.connection_id != ask.connection_id:
        raise NotFound("That hand-off is none of ours.", "Repeat the id of our request.")
    order = uow.orders.own(found.order_id)
    handoff = book.by_id(uow.session, uow.shop.id, found.id) or found
    work = uow.work.by_id(handoff.work_id)
    _HANDLERS[ask.answer](uow, _Said(ask, order, work, handoff))
    return Done(f"{work.number}: {ask.answer.value}.", {"order": order.number, "work": work.number})


@dataclass(frozen=True, slots=True)
class _Said:
    """A partner's word beside what it is about, as that was before."""

    ask: RecordPartnerAnswer
    order: Order
    work: FulfillmentOrder
    was: Handoff


def _accepted(uow: UnitOfWork, said: _Said) -> None:
    book.save(uow, said.was, said.was.answered(Answer.ACCEPTED, uow.now))
    name = uow.shop.connections[said.was.connection_id].name
    uow.orders.save(Change(said.order, (e.WorkAccepted(said.work.number, name),)))


def _rejected(uow: UnitOfWork, said: _Said) -> None:
    """The order is routed again without it, as when people of a location give work back."""
    reason = said.ask.reason.strip()[:200]
    book.save(uow, said.was, said.was.answered(Answer.REJECTED, uow.now, reason))
    if said.work.is_open:
        deciding.decline(deciding.DeclineWork(said.work.number, reason=reason), uow)


def _stopped(uow: UnitOfWork, said: _Said) -> None:
    book.save(uow, said.was, said.was.answered(Answer.STOPPED, uow.now))
    if asking_holds(said.order.holds, said.work):
        holds.answer_hold(holds.AnswerHold(said.work.number), uow)


def _shipped(uow: UnitOfWork, said: _Said) -> None:
    """Goods that left are believed, whatever we had said; a hold that was in force has its case."""
    ask, order, work, was = said.ask, said.order, said.work, said.was
    if work.stage is Stage.CANCELED:
        _sent_in_spite(uow, order, work, was)
        return
    items = _sent(ask, order, work)
    parcel = handover.new_parcel(uow, order, items, work.id)
    number, carrier = read_words(ask.tracking_number, ask.carrier)
    if number:
        require_own_number(uow, order, parcel, number)
    parcel = numbered(parcel, number, carrier, ask.tracking_url)
    parcel = replace(parcel, handed_over_at=min(ask.at or uow.now, uow.now))
    others = [w for w in uow.work.of(order.id) if w.is_open and w.id != work.id]
    works = [work, *others] if work.is_open else others
    handover.leave(
        uow, order, parcel, works, handover.HANDED_OVER, is_new=True, location_id=work.location_id
    )
    if was.is_open and not uow.work.by_id(work.id).is_open:
        book.save(uow, was, was.answered(Answer.SHIPPED, uow.now))


def _sent_in_spite(uow: UnitOfWork, order: Order, work: FulfillmentOrder, was: Handoff) -> None:
    """Its units are promised elsewhere by now: only a person can find out what is true."""
    name = uow.shop.connections[was.connection_id].name
    finding = Finding(
        CaseKind.PARCEL_TROUBLE,
        f"handoff:{was.id}:sent",
        f"{name} says that it has sent {work.number} of order {order.number}, which was taken "
        "from it. Find out what has left.",
        order_id=order.id,
        location_id=work.location_id,
        facts={"trouble": "surplus", "work": work.number},
    )
    uow.cases.open(finding)


def _sent(
    ask: RecordPartnerAnswer, order: Order, work: FulfillmentOrder
) -> list[tuple[int, str, int]]:
    """The units of a parcel by line. Raises when the work never had them, or all have left."""
    left = {line.id: line.wanted - line.shipped for line in order.lines}
    mine = [(i, sku, min(n, left[i])) for i, sku, n in handover.contents([work]) if left[i] > 0]
    if not mine or not work.is_open:  # what is left of the order is in other boxes
        raise NotPossible(f"All of {work.number} has left already.", code="already")
    if not ask.lines:
        return mine
    wanted: Counter[str] = Counter()
    for line in ask.lines:
        wanted[line.sku] += line.quantity
    found = []
    for line_id, sku, units in mine:
        going = min(units, wanted[sku])
        wanted[sku] -= going
        found += [(line_id, sku, going)] if going > 0 else []
    if any(wanted.values()) or min(line.quantity for line in ask.lines) < 1:
        raise Invalid(f"{work.number} does not hold these units.", "Tell SKUs as we asked them.")
    return found


_HANDLERS: dict[Answer, Callable[[UnitOfWork, _Said], None]] = {
    Answer.ACCEPTED: _accepted,
    Answer.REJECTED: _rejected,
    Answer.STOPPED: _stopped,
    Answer.SHIPPED: _shipped,
}
