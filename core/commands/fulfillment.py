"""The work at a location, step by step: printed, picked, packed, shipped, or put back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

from core.commands import floor, gatehouse, handover
from core.commands.joining import as_one
from core.commands.labels import numbered, read_words, require_own_number
from core.commands.partner_words import keep_told
from core.db import pickups
from core.db.picks import name_of_print, waiting_at
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.fulfillment import FulfillmentOrder, Parcel, Stage
from core.domain.holds import Exit
from core.domain.nearby import CARRIER as OUR_DRIVER
from core.domain.nearby import is_local
from core.domain.order import Change, Order
from core.domain.partners import partner_at
from core.domain.pickup import is_pickup
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

PRINT_MOST = 50
Step = Callable[[str, str], e.Event]


@dataclass(frozen=True, slots=True)
class PrintPicks:
    """Put the work that waits at a location on paper; named orders are printed again."""

    location: Annotated[str, Arg.LOCATION] = ""
    orders: Annotated[tuple[str, ...], Arg.ORDER] = ()


@command("print", PrintPicks, Right.FULFILL, examples=("print ber", "print 1001 1004"))
def print_picks(ask: PrintPicks, uow: UnitOfWork) -> Done:
    if len(ask.orders) > PRINT_MOST:
        raise Invalid(f"One print has {PRINT_MOST} orders at most.", "Print them in parts.")
    found = _asked_for(ask, uow) if ask.orders else _queue_of(ask, uow)
    _require_here(uow, found)
    orders = dict.fromkeys(work.order_id for work in found)
    works = [
        work
        for order_id in orders
        for work in _print(uow, order_id, [w for w in found if w.order_id == order_id])
    ]
    papers = {_code(uow, work): name_of_print(work.location_id, uow.now) for work in works}
    codes = sorted(papers)
    facts = {"works": [work.id for work in works], "locations": codes, "papers": papers}
    what = "1 order is" if len(orders) == 1 else f"{len(orders)} orders are"
    return Done(f"{what} on paper for {' and '.join(codes)}.", facts)


def _require_here(uow: UnitOfWork, works: Iterable[FulfillmentOrder]) -> None:
    """A partner's people read no paper of ours: what they do not have yet is handed to them."""
    for work in works:
        partner = partner_at(uow.shop, work.location_id) if work.is_untouched else None
        if partner is not None:
            raise NotPossible(
                f"{_code(uow, work)} is {partner.name}, who gets its work as messages.",
                f"It goes there by itself; at once with `hand off {work.number}`.",
            )


def _print(uow: UnitOfWork, order_id: int, works: list[FulfillmentOrder]) -> list[FulfillmentOrder]:
    order, works = gatehouse.let_go(uow, uow.orders.by_id(order_id), works, Exit.PRINT)
    for work in works:
        uow.work.save(work, work.put_on_paper(uow.now))
        if work.is_untouched:
            fact = e.WorkPrinted(work.number, _code(uow, work))
            order = uow.orders.save(Change(order, (fact,)))
    return works


def _asked_for(ask: PrintPicks, uow: UnitOfWork) -> list[FulfillmentOrder]:
    found: dict[int, FulfillmentOrder] = {}
    for word in ask.orders:
        order, works = floor.named(uow, word)
        works = floor.at_location(uow, order, works, ask.location)
        found |= {work.id: work for work in works if work.is_open}
        gatehouse.require_not_canceled(order)
    if not found:
        raise NotPossible("All of that has left already.", "Look at one of the orders.")
    return list(found.values())


def _queue_of(ask: PrintPicks, uow: UnitOfWork) -> list[FulfillmentOrder]:
    if not ask.location and len(uow.actor.locations) != 1:
        raise Invalid("Print for which location?", "Write `print ber`.")
    place = uow.shop.location(ask.location or uow.actor.locations[0])
    floor.require_own(uow, place)
    ids = waiting_at(uow.session, uow.shop.id, place.id, PRINT_MOST)
    for order_id in sorted({uow.work.by_id(work_id).order_id for work_id in ids}):
        uow.orders.by_id(order_id)
    still = waiting_at(uow.session, uow.shop.id, place.id, PRINT_MOST)  # now that it is locked
    ids = [work_id for work_id in ids if work_id in still]
    if not ids:
        raise NotPossible(
            f"Everything at {place.code} is on paper already.",
            f"Look at `picks {place.code.lower()}`.",
            code="already",
        )
    return [uow.work.by_id(work_id) for work_id in ids]


@dataclass(frozen=True, slots=True)
class PickWork:
    """Say that the goods of an order are off the shelf."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "picked",
    PickWork,
    Right.FULFILL,
    aliases=("pick",),
    many=True,
    examples=("picked 1001 1004", "picked 1001 ber"),
)
def pick(ask: PickWork, uow: UnitOfWork) -> Done:
    return as_one(uow, ask, _pick)


def _pick(ask: PickWork, uow: UnitOfWork) -> Done:
    order, works = floor.works_for(uow, ask.order, ask.location, Exit.PICK, "picked")
    before = works[0].stage
    for work in works:
        order = _advance(uow, order, work, Stage.PICKED, e.WorkPicked)
    uow.undo = PutBack(works[0].number, to=before) if len(works) == 1 else None
    return _done(uow, order, works, "picked")


@dataclass(frozen=True, slots=True)
class PackWork:
    """Say that an order is packed and waits for the carrier."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "packed",
    PackWork,
    Right.FULFILL,
    aliases=("pack",),
    many=True,
    examples=("packed 1001 1004",),
)
def pack(ask: PackWork, uow: UnitOfWork) -> Done:
    return as_one(uow, ask, _pack)


def _pack(ask: PackWork, uow: UnitOfWork) -> Done:
    order, works = floor.works_for(uow, ask.order, ask.location, Exit.PACK, "packed")
    before = works[0].stage
    for work in works:
        order = packed_units(uow, order, work, +1)
        order = _advance(uow, order, work, Stage.PACKED, e.WorkPacked)
    uow.undo = PutBack(works[0].number, to=before) if len(works) == 1 else None
    return _done(uow, order, works, "packed")


def packed_units(uow: UnitOfWork, order: Order, work: FulfillmentOrder, sign: int) -> Order:
    lines = {line.id: line for line in order.lines}
    for item in work.items:
        line = lines[item.line_id]
        lines[item.line_id] = replace(line, packed=line.packed + sign * item.quantity)
    return uow.orders.save(Change(order.with_lines(lines)))


@dataclass(frozen=True, slots=True)
class PutBack:
    """Put the goods of an order back on the shelf, so that it may be moved or canceled."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""
    to: Annotated[Stage, Arg.NONE] = Stage.READY


@command(
    "putback",
    PutBack,
    Right.FULFILL,
    aliases=("unpick",),
    many=True,
    examples=("putback 1001",),
)
def put_back(ask: PutBack, uow: UnitOfWork) -> Done:
    """A partner hears at once that the work is no longer its own: it may go on here in a moment."""
    done = lay_back(ask, uow)
    order, _ = floor.named(uow, ask.order)
    keep_told(uow, order, uow.work.of(order.id))
    return done


def lay_back(ask: PutBack, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    works = [w for w in floor.at_location(uow, order, works, ask.location) if w.is_open]
    busy = [work for work in works if not work.is_untouched]
    if not busy:
        raise NotPossible(f"Nothing of order {order.number} is off the shelf.", code="already")
    busy = floor.one_location(uow, order, busy, "putback")
    for work in busy:
        if work.stage is Stage.PACKED:
            order = packed_units(uow, order, work, -1)
        uow.work.save(work, work.put_back(ask.to))
        uow.emit(order.id, e.WorkPutBack(work.number, _code(uow, work)))
        if is_pickup(order):
            pickups.withdraw(uow, [work.id])
        if order.holds:
            why = "the goods are back on the shelf"
            uow.cases.close(CaseKind.HOLD_ASKED, f"box:{work.id}", why)
    return _done(uow, order, busy, "put back")


@dataclass(frozen=True, slots=True)
class ShipWork:
    """Say that an order was handed to the carrier."""

    order: Annotated[str, Arg.ORDER]
    tracking_number: Annotated[str, Arg.WORD] = ""
    carrier: Annotated[str, Arg.WORD] = ""
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "shipped",
    ShipWork,
    Right.FULFILL,
    aliases=("ship",),
    many=True,
    examples=("shipped 1001 1004", "shipped 1001 00340434161094000000 DHL"),
)
def ship(ask: ShipWork, uow: UnitOfWork) -> Done:
    return as_one(uow, ask, _ship)


def _ship(ask: ShipWork, uow: UnitOfWork) -> Done:
    order, works = floor.works_for(uow, ask.order, ask.location, Exit.HANDOVER, "shipped")
    label = _label_of(uow, order, works)
    parcel = label or handover.new_parcel(uow, order, handover.contents(works))
    number, carrier = read_words(ask.tracking_number, ask.carrier)
    if number:
        require_own_number(uow, order, parcel, number)
    carrier = carrier or (OUR_DRIVER if is_local(order) else "")
    parcel = numbered(parcel, number, carrier)
    parcel = replace(parcel, handed_over_at=uow.now)
    order = handover.leave(uow, order, parcel, works, handover.HANDED_OVER, is_new=label is None)
    return _done(uow, order, works, "shipped", parcel_id=parcel.id)


def _label_of(uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder]) -> Parcel | None:
    """The parcel that was labeled for exactly this work and has not left."""
    works = list(works)
    wanted = sorted(handover.contents(works))
    for parcel in uow.work.parcels(order.id):
        if not parcel.has_left and sorted(parcel.items) == wanted:
            return parcel
    return None


def _advance(
    uow: UnitOfWork, order: Order, work: FulfillmentOrder, stage: Stage, step: Step
) -> Order:
    uow.work.save(work, work.advance(stage, uow.now))
    return uow.orders.save(Change(order, (step(work.number, _code(uow, work)),)))


def _code(uow: UnitOfWork, work: FulfillmentOrder) -> str:
    return uow.shop.locations[work.location_id].code


def _done(
    uow: UnitOfWork,
    order: Order,
    works: list[FulfillmentOrder],
    word: str,
    parcel_id: int | None = None,
) -> Done:
    numbers = [work.number for work in works]
    facts: dict[str, object] = {"order": order.number, "works": numbers}
    if parcel_id is not None:
        facts["parcel_id"] = parcel_id
    at = "from" if word == "shipped" else "at"
    return Done(f"{' and '.join(numbers)} {word} {at} {_code(uow, works[0])}.", facts)
