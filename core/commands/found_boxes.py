"""Goods that came without a return, or beside one: booked, set aside, and matched to an order."""

from __future__ import annotations

from typing import Annotated

from core.commands.choosing import Units
from core.commands.kept_goods import kept_goods_came
from core.commands.receiving import arrived_at, received
from core.commands.returned_money import finish, pay_for
from core.commands.returns import RequestReturn, ReturnedLine, new_return, requested
from core.db.cases import visible_case
from core.db.receipts import FoundBox, Receipt, box_of, match_box, write_box, write_receipt
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotPossible
from core.domain.returning.dispositions import Disposition, arrival
from core.domain.returns import Rma, units_of
from core.domain.stock import StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

LINES_MOST = 50


@dataclass(frozen=True, slots=True)
class ReceiveUnknown:
    """Book goods that came without a return; they wait in quarantine for their order."""

    location: Annotated[str, Arg.LOCATION]
    units: Annotated[tuple[Units, ...], Arg.UNITS]
    note: Annotated[str, Arg.TEXT] = ""
    photos: Annotated[tuple[str, ...], Arg.NONE] = ()


@command(
    "received unknown",
    ReceiveUnknown,
    Right.RETURN_RECEIVE,
    examples=("received unknown ber mug-red 2 no slip, from Bremen",),
)
def receive_unknown(ask: ReceiveUnknown, uow: UnitOfWork) -> Done:
    place = arrived_at(uow, None, ask.location)
    if not 1 <= len(ask.units) <= LINES_MOST or any(each.quantity < 1 for each in ask.units):
        raise Invalid(
            "Say what came.", "For example: `received unknown ber mug-red 2`, 50 lines at most."
        )
    lines = _by_sku(uow, ask.units)
    box = FoundBox(
        uow.new_id(),
        place.id,
        tuple(lines.items()),
        ask.note.strip(),
        ask.photos,
        None,
        uow.actor.name,
        uow.now,
    )
    write_box(uow, box)
    _set_aside(uow, box)
    goods = ", ".join(f"{units} × {sku}" for sku, units in lines.items())
    be = "is" if sum(lines.values()) == 1 else "are"
    case = uow.cases.open(
        Finding(
            CaseKind.FOUND_BOX,
            f"found:{box.id}",
            f"{goods} came to {place.code} without a return.",
            location_id=place.id,
            facts={
                "found": box.id,
                "goods": goods,
                "note": box.note,
                "next": "look for a name, a number or a slip in it; a lead then says whose it is",
            },
        )
    )
    return Done(
        f"{goods} {be} in quarantine at {place.code}: case {case.number}.",
        {"box": box.id, "case": case.number, "location": place.code},
    )


def _by_sku(uow: UnitOfWork, units: tuple[Units, ...]) -> dict[str, int]:
    """Units per SKU as the catalog writes it; what it does not know is kept as it was written."""
    named = {each.line.strip() for each in units}
    known = {sku.casefold(): sku for sku in uow.stock.known(sorted({*named, *_lower(named)}))}
    found: dict[str, int] = {}
    for each in units:
        word = each.line.strip()
        sku = known.get(word.casefold(), word)
        found[sku] = found.get(sku, 0) + each.quantity
    return found


def _lower(words: set[str]) -> set[str]:
    return {word.lower() for word in words}


def _set_aside(uow: UnitOfWork, box: FoundBox) -> None:
    known = uow.stock.known(sorted(sku for sku, _ in box.lines))
    moves = [
        StockMove(kind, sku, box.location_id, sign * units, reason="came without a return")
        for sku, units in box.lines
        if sku in known
        for kind, sign in arrival(Disposition.QUARANTINE)
    ]
    if moves:
        uow.stock.move(moves)


# --- matching ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MatchBox:
    """Say whose goods they are: they become an approved return of that order, received already.

    `box` is the number of the case that waits for it.
    """

    order: Annotated[str, Arg.ORDER]
    box: Annotated[str, Arg.WORD]


@command("match", MatchBox, Right.RETURN_DECIDE, examples=("match 1001 C-12",))
def match(ask: MatchBox, uow: UnitOfWork) -> Done:
    case = visible_case(uow, _number(ask.box))
    if case.kind is not CaseKind.FOUND_BOX or not case.is_open:
        raise NotPossible(
            f"Case {case.number} is no box that waits for its order.",
            "Write `cases` to see those that do.",
        )
    order = uow.orders.get(ask.order)
    box = box_of(uow, int(case.facts["found"]))
    if (kept := kept_goods_came(uow, order, box)) is not None:
        uow.cases.close(CaseKind.FOUND_BOX, f"found:{box.id}", f"order {order.number} kept it")
        return kept
    rma = _as_return(uow, order, box)
    rma, owed = _received(uow, order, rma, box)
    match_box(uow, box, order.id, rma.id)
    resolution = f"it belongs to return {rma.number}"
    uow.cases.close(CaseKind.FOUND_BOX, f"found:{box.id}", resolution)
    money = f" {owed} is to be refunded." if owed else ""
    return Done(
        f"The box belongs to order {order.number}: return {rma.number}, in quarantine.{money}",
        {"return": rma.number, "order": order.number},
    )


def _number(word: str) -> int:
    digits = word.strip().upper().removeprefix("C-").lstrip("#")
    if not (digits.isascii() and digits.isdecimal()):
        raise Invalid(f"“{word}” is no case.", "Write `match 1001 C-12`.")
    return int(digits)


def _as_return(uow: UnitOfWork, order: Order, box: FoundBox) -> Rma:
    lines = tuple(ReturnedLine(sku, units) for sku, units in box.lines)
    ask = RequestReturn(order.number, note="came without a return", lines=lines)
    rma, _, _ = new_return(uow, ask, order)
    rma = rma.approve(uow.actor.name, uow.now, "The goods were here already.")
    uow.returns.add(rma)
    uow.emit(order.id, e.ReturnRequested(rma.id, rma.number, rma.reason))
    return rma


def _received(uow: UnitOfWork, order: Order, rma: Rma, box: FoundBox) -> tuple[Rma, str]:
    """The units are in quarantine already: no stock moves, only the books of the return do."""
    units = units_of(rma.lines)
    after = rma.receive({line: (n, False, box.note) for line, n in units.items()}, uow.now)
    order = uow.orders.save(Change(requested(order, units)))
    order = uow.orders.save(Change(received(order, units)))
    uow.emit(
        order.id,
        e.ReturnReceived(
            rma.id, rma.number, uow.shop.locations[box.location_id].code, sum(units.values())
        ),
    )
    after = uow.returns.save(rma, after)
    for line in rma.lines:
        write_receipt(
            uow,
            rma.id,
            Receipt(
                uow.new_id(),
                line.line_id,
                line.sku,
                line.quantity,
                box.note,
                box.photos,
                box.location_id,
                uow.actor.name,
                uow.now,
                {Disposition.QUARANTINE: line.quantity},
            ),
        )
    after, owed = pay_for(uow, order, after)
    return finish(uow, after), owed
