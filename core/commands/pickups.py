"""Pickup in a store: laid ready, collected with its code, reminded of, or back on the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from core.commands import floor, gatehouse, handover
from core.commands.fulfillment import PutBack, packed_units, put_back
from core.commands.holds import HoldOrder, hold
from core.commands.orders import CancelOrder, cancel
from core.commands.writeback import write_back
from core.db import pickups as db
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.holds import Exit, HoldReason
from core.domain.order import Change, Order
from core.domain.pickup import (
    CANCEL,
    COLLECTED,
    HANDED_OVER,
    RETURNED,
    Pickup,
    is_code,
    is_pickup,
    last_day,
    require_place,
)
from core.domain.proofs import CODES, WRONG_CODES_MOST
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

REMINDED_AT_ONCE = 25
NOT_COLLECTED = "not collected"
Works = list[FulfillmentOrder]


# --- laid ready -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadyForPickup:
    """Say that an order lies ready in its store; the customer is told, with a code."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "ready",
    ReadyForPickup,
    Right.FULFILL,
    aliases=("ready for pickup",),
    many=True,
    examples=("ready 1001", "ready 1001 1004"),
)
def ready(ask: ReadyForPickup, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    gatehouse.require_not_canceled(order)
    _require_pickup(order)
    place = require_place(uow.shop, order)
    works = _to_lay_ready(uow, order, floor.at_location(uow, order, works, ask.location))
    order, works = gatehouse.let_go(uow, order, works, Exit.PACK)
    before = works[0].stage
    for work in works:
        order = _set_aside(uow, order, work)
    until = last_day(uow.now, int(uow.shop.policy["pickup_days"]), place)
    known = db.waiting_of(uow.session, order.id)
    issue = known[0].issue if known else db.last_issue(uow.session, order.id) + 1
    for work in works:
        ids = (uow.new_id(), work.id, order.id, place.id)
        issued = known[0].issued_at if known else uow.now
        db.begin(uow, Pickup(*ids, uow.now, until, issue, issued))
    numbers = tuple(work.number for work in works)
    fact = e.PickupReady(numbers, place.code, until.isoformat(), issue)
    order = uow.orders.save(Change(order, (fact,)))
    _tell_shop(uow, order, works)
    uow.undo = PutBack(works[0].number, to=before) if len(works) == 1 else None
    said = f"{' and '.join(numbers)} is ready at {place.code}, until {until.isoformat()}."
    facts = {"order": order.number, "location": place.code, "until": until.isoformat()}
    return Done(f"{said} The customer is told, with a code.", facts)


def _require_pickup(order: Order) -> None:
    if not is_pickup(order):
        raise NotPossible(
            f"Order {order.number} is sent, not collected.",
            f"Write `packed {order.number}`, or `edit {order.number} method pickup` and a store.",
            code="not_pickup",
        )


def _to_lay_ready(uow: UnitOfWork, order: Order, works: Sequence[FulfillmentOrder]) -> Works:
    """The open work that does not lie ready yet, all of it where the order is collected."""
    place = require_place(uow.shop, order)
    waiting = {each.work_id for each in db.waiting_of(uow.session, order.id)}
    found = [work for work in works if work.is_open and work.id not in waiting]
    if not found:
        done = "lies ready already" if waiting else "has no work left"
        raise NotPossible(
            f"Order {order.number} {done}.",
            f"When the customer comes: `collected {order.number}` and the code.",
            code="already",
        )
    away = [work for work in found if work.location_id != place.id]
    if away:
        code = uow.shop.locations[away[0].location_id].code
        raise NotPossible(
            f"{away[0].number} lies at {code}, but order {order.number} is collected at "
            f"{place.code}.",
            f"Write `edit {order.number} method pickup {code.lower()}`, or bring it there.",
            code="wrong_place",
        )
    return found


def _set_aside(uow: UnitOfWork, order: Order, work: FulfillmentOrder) -> Order:
    if not work.is_before(Stage.PACKED):
        return order
    order = packed_units(uow, order, work, +1)
    uow.work.save(work, work.advance(Stage.PACKED, uow.now))
    return order


def _tell_shop(uow: UnitOfWork, order: Order, works: Works) -> None:
    """Shopify writes to the customer itself when it hears this, so it only hears it where that
    message is its own."""
    connection = uow.shop.connection(order.connection_id) if order.connection_id else None
    if connection is None or connection.is_ours("ready_for_pickup"):
        return
    units = [
        {"line": order.line(item.line_id).external_id, "quantity": item.quantity}
        for work in works
        for item in work.items
        if order.line(item.line_id).external_id
    ]
    if units:
        write_back(uow, order, "pickup", f"pickup:{works[0].id}:{uow.command_id}", {"lines": units})


# --- collected ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CollectOrder:
    """Hand an order to the customer who says its code."""

    order: Annotated[str, Arg.ORDER]
    code: Annotated[str, Arg.WORD]

    def audited(self) -> dict[str, str]:
        return {"order": self.order}


@command(
    "collected",
    CollectOrder,
    Right.FULFILL,
    risk=Risk.REVERSIBLE,
    aliases=("collect", "abgeholt"),
    examples=("collected 1001 482913",),
    turn=lambda _: CODES,
)
def collect(ask: CollectOrder, uow: UnitOfWork) -> Done:
    order, found, works = _waiting(uow, ask.order)
    _require_code(uow, order, found[0], ask.code)
    return _hand_over(uow, order, found, works, COLLECTED)


@dataclass(frozen=True, slots=True)
class HandOverWithoutCode:
    """Hand an order over to somebody who has no code, with the reason why that is right."""

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[str, Arg.TEXT]


@command(
    "hand over",
    HandOverWithoutCode,
    Right.WITHOUT_CODE,
    examples=("hand over 1001 showed her passport",),
)
def hand_over(ask: HandOverWithoutCode, uow: UnitOfWork) -> Done:
    reason = ask.reason.strip()
    if not reason:
        raise Invalid("Why without the code?", f"Write `hand over {ask.order} showed a passport`.")
    order, found, works = _waiting(uow, ask.order)
    return _hand_over(uow, order, found, works, HANDED_OVER, reason)


def _waiting(uow: UnitOfWork, word: str) -> tuple[Order, list[Pickup], Works]:
    """What lies ready of an order where this person works, as far as the gate lets it go."""
    order, works = floor.named(uow, word)
    _require_pickup(order)
    gatehouse.require_not_canceled(order)
    works = floor.at_location(uow, order, works, "")
    ids = {work.id for work in works}
    found = [p for p in db.waiting_of(uow.session, order.id) if p.work_id in ids]
    if not found:
        raise _not_ready(order, works)
    lying = {p.work_id for p in found}
    order, free = gatehouse.let_go(uow, order, [w for w in works if w.id in lying], Exit.HANDOVER)
    going = {work.id for work in free}
    return order, [p for p in found if p.work_id in going], free


def _not_ready(order: Order, works: Works) -> NotPossible:
    if works and all(work.stage is Stage.SHIPPED for work in works):
        return NotPossible(f"Order {order.number} was collected already.", code="already")
    return NotPossible(
        f"Order {order.number} does not lie ready yet.",
        f"Pick it, then write `ready {order.number}`.",
        code="not_ready",
    )


def _require_code(uow: UnitOfWork, order: Order, pickup: Pickup, typed: str) -> None:
    """Raises NotPossible (wrong_code, too_many_codes)."""
    if not uow.keys:
        raise NotPossible("This house has no key to check codes with.", _ask_a_lead(order))
    wrong = db.wrong_codes(uow.session, uow.shop.id, "order", order.number, pickup.issued_at)
    if wrong >= WRONG_CODES_MOST:
        raise NotPossible(
            f"{wrong} wrong codes were typed for order {order.number}; none is taken any more.",
            f"Send a new one: `new code {order.number}`. {_ask_a_lead(order)}",
            code="too_many_codes",
        )
    if is_code(typed, uow.keys, uow.shop.id, order.id, pickup.issue):
        return
    left = WRONG_CODES_MOST - wrong - 1
    raise NotPossible(
        f"That is not the code of order {order.number}; hand nothing over.",
        "Ask for the number and the code in the newest message"
        f" ({left} {'try' if left == 1 else 'tries'} left). {_ask_a_lead(order)}",
        code="wrong_code",
    )


def _ask_a_lead(order: Order) -> str:
    return f"Without a code a lead writes `hand over {order.number}` and the reason."


def _hand_over(
    uow: UnitOfWork,
    order: Order,
    found: Sequence[Pickup],
    works: Works,
    how: str,
    reason: str = "",
) -> Done:
    """The goods are the customer's: stock is consumed, the parcel has left and arrived at once."""
    db.end(uow, found, how, reason)
    parcel = handover.new_parcel(uow, order, handover.contents(works))
    parcel = replace(parcel, handed_over_at=uow.now)
    order = handover.leave(uow, order, parcel, works, COLLECTED, is_new=True)
    code = uow.shop.locations[works[0].location_id].code
    order = uow.orders.save(Change(order, (e.PickupCollected(code, how, reason),)))
    rest = " Something of it is still to come." if order.status.value == "open" else ""
    facts = {"order": order.number, "location": code, "how": how}
    return Done(f"Order {order.number} was handed over at {code}.{rest}", facts)


# --- told again -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewPickupCode:
    """Send the customer a new code; older ones are worth nothing from then on."""

    order: Annotated[str, Arg.ORDER]


@command("new code", NewPickupCode, Right.FULFILL, examples=("new code 1001",))
def new_code(ask: NewPickupCode, uow: UnitOfWork) -> Done:
    order, found, _ = _waiting(uow, ask.order)
    issue = db.last_issue(uow.session, order.id) + 1
    db.issue_again(uow, order.id, issue)
    code = uow.shop.locations[found[0].location_id].code
    fact = e.PickupReminded(code, found[0].until.isoformat(), issue, "new_code")
    uow.orders.save(Change(order, (fact,)))
    return Done(f"A new code for order {order.number} is on its way.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class RemindPickups:
    """Remind those whose orders have lain ready for the shop's number of days, some at a time."""


@command("remind pickups", RemindPickups, Right.MACHINERY, in_chat=False)
def remind(_: RemindPickups, uow: UnitOfWork) -> Done:
    days = int(uow.shop.policy["pickup_remind_days"])
    before = uow.now - timedelta(days=days)
    ids = db.to_remind(uow.session, uow.shop.id, before, REMINDED_AT_ONCE + 1) if days else []
    for order_id in ids[:REMINDED_AT_ONCE]:
        order = uow.orders.by_id(order_id)
        found = db.waiting_of(uow.session, order.id)
        db.note_reminded(uow, found)
        for first in found[:1]:
            place = uow.shop.locations[first.location_id]
            told = e.PickupReminded(place.code, first.until.isoformat(), first.issue, "time")
            uow.orders.save(Change(order, (told,)))
    facts = {"reminded": len(ids[:REMINDED_AT_ONCE]), "more": len(ids) > REMINDED_AT_ONCE}
    return Done(f"{facts['reminded']} customers are reminded.", facts)


# --- not collected --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReturnToShelf:
    """End a pickup that nobody came for: the goods go back, and the order ends or waits for a
    person, as the policy `pickup_uncollected` says."""

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "return to shelf",
    ReturnToShelf,
    Right.FULFILL,
    aliases=("back to shelf",),
    examples=("return to shelf 1001", "return to shelf 1001 she called and will not come"),
)
def return_to_shelf(ask: ReturnToShelf, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    _require_pickup(order)
    ids = {work.id for work in floor.at_location(uow, order, works, "")}
    found = [p for p in db.waiting_of(uow.session, order.id) if p.work_id in ids]
    if not found:
        raise _not_ready(order, [work for work in works if work.id in ids])
    reason = ask.reason.strip() or NOT_COLLECTED
    place = uow.shop.locations[found[0].location_id]
    db.end(uow, found, RETURNED, reason)
    put_back(PutBack(order.number, place.code), uow)
    uow.emit(order.id, e.PickupReturned(place.code, reason))
    uow.cases.close(CaseKind.PICKUP_LATE, f"order:{order.id}", "the goods are back on the shelf")
    said = f"Order {order.number} is back on the shelf at {place.code}."
    facts = {"order": order.number, "location": place.code}
    return Done(f"{said} {_end_order(uow, order.number, reason)}", facts)


def _end_order(uow: UnitOfWork, number: str, reason: str) -> str:
    """Canceled with its money owed, or held for a person; whoever laid it back need not have the
    right to cancel, since the shop has decided it beforehand."""
    order = uow.orders.get(number)
    has_left = any(line.shipped for line in order.lines)
    if uow.shop.policy["pickup_uncollected"] != CANCEL or has_left or order.is_held:
        if not order.is_held:
            hold(HoldOrder(number, HoldReason.CUSTOMER, note=reason), uow)
        return "It is on hold: ask the customer what to do."
    done = cancel(CancelOrder(number, reason), uow)
    uow.undo = None  # its customer may have been told that it waits no longer
    return done.sentence
