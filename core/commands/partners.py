"""Handing work to a partner: by hand, by the clock, and keeping the partner's picture true."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from core.commands import floor, gatehouse
from core.commands.fulfillment import PutBack, lay_back
from core.commands.partner_words import keep_told, tell
from core.db import partners as book
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.fulfillment import FulfillmentOrder
from core.domain.holds import Exit
from core.domain.order import Change, Order
from core.domain.partners import Tell, partner_at, partner_places
from core.domain.refusals import NotPossible, Refusal
from core.domain.shop import Mode
from core.domain.values import dataclass
from core.registry import Arg, Done, command

AT_ONCE, LOOKED_AT = 20, 200


@dataclass(frozen=True, slots=True)
class HandOff:
    """Send the work of an order to the partner at its location now, without waiting."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "hand off",
    HandOff,
    Right.FULFILL,
    aliases=("handoff",),
    many=True,
    examples=("hand off 1001", "hand off 1001 ber"),
)
def hand_off(ask: HandOff, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    works = floor.at_location(uow, order, works, ask.location)
    theirs = [w for w in works if w.is_open and partner_at(uow.shop, w.location_id)]
    waiting = [work for work in theirs if work.is_untouched]
    if not waiting:
        raise _nothing_to_hand(order, theirs)
    given = _give(uow, order, waiting, waits=True)
    uow.undo = TakeHandOffBack(tuple(work.number for work in given))
    numbers = " and ".join(work.number for work in given)
    partner = partner_at(uow.shop, given[0].location_id)
    facts = {"order": order.number, "works": [work.number for work in given]}
    return Done(f"{numbers} goes to {partner.name if partner else 'the partner'}.", facts)


@dataclass(frozen=True, slots=True)
class TakeHandOffBack:
    """Keep work here that its partner has not heard of yet; by its numbers."""

    works: tuple[str, ...]


@command("take-hand-off-back", TakeHandOffBack, Right.MACHINERY, in_chat=False)
def take_hand_off_back(ask: TakeHandOffBack, uow: UnitOfWork) -> Done:
    for number in ask.works:
        lay_back(PutBack(number), uow)
        work = uow.work.by_number(number)
        for handoff in book.of_order(uow.session, work.order_id) if work else ():
            if work and handoff.work_id == work.id and handoff.is_open:
                book.drop(uow, handoff)
    return Done(f"{' and '.join(ask.works)} stays here.", {"works": list(ask.works)})


def _nothing_to_hand(order: Order, theirs: list[FulfillmentOrder]) -> NotPossible:
    if theirs:
        told = ", ".join(work.number for work in theirs)
        return NotPossible(
            f"The partner has {told} already.", "Look at `handoffs`.", code="already"
        )
    return NotPossible(
        f"Nothing of order {order.number} is at a location that a partner works at.",
        f"Move it there first: `move {order.number} to` and the location.",
    )


def _give(
    uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder], *, waits: bool
) -> list[FulfillmentOrder]:
    """Through the gate, as far as it lets them: what is on a partner's list is on paper."""
    order, free = gatehouse.let_go(uow, order, works, Exit.PARTNER)
    for work in free:
        partner = partner_at(uow.shop, work.location_id)
        if partner is None:
            continue
        uow.work.save(work, work.put_on_paper(uow.now))
        code = uow.shop.locations[work.location_id].code
        fact = e.WorkHandedOff(work.number, code, partner.name)
        order = uow.orders.save(Change(order, (fact,)))
        made = book.add(uow, work.id, order.id, partner.id)
        tell(uow, made, Tell.REQUESTED, waits=waits)
    return free


# --- the clock -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HandOffDue:
    """Give partners the work that has been ready for the undo time, and tell them what changed."""


@command("hand off due", HandOffDue, Right.MACHINERY, in_chat=False)
def hand_off_due(_ask: HandOffDue, uow: UnitOfWork) -> Done:
    places = partner_places(uow.shop)
    if not places or uow.shop.mode is Mode.WATCH:
        return Done("Nothing goes to partners.", {"given": []})
    for order_id in book.open_orders(uow.session, uow.shop.id, LOOKED_AT):
        order = uow.orders.own(order_id)
        keep_told(uow, order, uow.work.of(order.id))
    since = uow.now - timedelta(seconds=int(uow.shop.policy["undo_seconds"]))
    given: list[str] = []
    for order_id in book.waiting_orders(uow.session, uow.shop.id, places, since, LOOKED_AT):
        given += _give_due(uow, uow.orders.own(order_id), places)
        if len(given) >= AT_ONCE:
            break
    more = len(given) >= AT_ONCE
    return Done(f"{len(given)} handed to partners.", {"given": given, "more": more})


def _give_due(uow: UnitOfWork, order: Order, places: Iterable[int]) -> list[str]:
    """What the gate refuses waits for the next minute; nothing of it has changed then."""
    known = {handoff.work_id for handoff in book.of_order(uow.session, order.id)}
    works = [
        work
        for work in uow.work.of(order.id)
        if work.is_untouched and work.location_id in places and work.id not in known
    ]
    try:
        return [work.number for work in _give(uow, order, works, waits=False)]
    except Refusal:
        return []
