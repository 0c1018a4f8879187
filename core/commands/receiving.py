"""Returned goods arrive: counted, put back on the shelf, and their money becomes due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from core.commands.placing import serve_queue
from core.commands.refunds import owe_for_return
from core.commands.returns import named_lines
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right, Role
from core.domain.kits import in_parts
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotAllowed, NotPossible
from core.domain.returns import Rma, RmaLine
from core.domain.shop import Location
from core.domain.stock import Move, StockMove
from core.registry import Arg, Done, Risk, command


@dataclass(frozen=True, slots=True)
class CountedLine:
    """What was counted of one line (its id or SKU): how many, sellable or not, in which condition.

    Two conditions of one SKU are two of these.
    """

    line: str
    quantity: int | None = None
    shelf: bool = True
    condition: str = ""


@dataclass(frozen=True, slots=True)
class ReceiveReturn:
    """Count returned goods in; what goes on the shelf can be sold at once."""

    number: Annotated[str, Arg.RETURN]
    location: Annotated[str, Arg.LOCATION] = ""
    sku: Annotated[str, Arg.SKU] = ""
    quantity: Annotated[int | None, Arg.QUANTITY] = None
    shelf: Annotated[bool, Arg.NONE] = True
    condition: Annotated[str, Arg.TEXT] = ""
    lines: Annotated[tuple[CountedLine, ...], Arg.NONE] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """Units of one line of the return."""

    line: RmaLine
    quantity: int
    shelf: bool
    condition: str


@command(
    "received",
    ReceiveReturn,
    Right.RETURN_RECEIVE,
    risk=Risk.IRREVERSIBLE,
    aliases=("receive-return",),
    many=True,
    examples=("received R1001-1", "received R1001-1 ber mug-red 1"),
)
def receive(ask: ReceiveReturn, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    order = uow.orders.by_id(rma.order_id)
    place = _arrived_at(uow, order, ask.location)
    counts = _counts(order, rma, ask)
    if not counts:
        raise NotPossible(f"Return {rma.number} is complete; nothing more is expected.")
    after = rma
    for count in counts:
        counted = {count.line.line_id: (count.quantity, count.shelf, count.condition)}
        after = after.receive(counted, uow.now)
    units = _units(counts)
    order = uow.orders.save(Change(_received(order, units)))
    uow.emit(order.id, e.ReturnReceived(rma.id, rma.number, place.code, sum(units.values())))
    owed = owe_for_return(uow, order, rma, units)
    uow.returns.save(rma, after.close(uow.now) if after.expected == 0 else after)
    _restock(uow, rma, counts, place)
    money = f" {owed} is to be refunded." if owed else ""
    return Done(
        f"Return {rma.number} is received at {place.code}.{money}",
        {"return": rma.number, "status": after.status.value, "location": place.code},
    )


def _arrived_at(uow: UnitOfWork, order: Order, word: str) -> Location:
    """The place that was named; else one's own, where the order shipped from, or the first."""
    own = uow.actor.locations if uow.actor.role is Role.STORE else ()
    if word or own:
        place = uow.shop.location(word or own[0])
        if own and place.code not in own:
            raise NotAllowed(
                f"You cannot receive goods at {place.code}.", f"Your own: {', '.join(own)}."
            )
        return place
    places = uow.shop.locations
    if not places:
        raise Invalid("There is no location to receive at.", "Add one: `wismo location add`.")
    shipped = [w.location_id for w in uow.work.of(order.id) if w.shipped_at is not None]
    return places[shipped[0]] if shipped else next(iter(places.values()))


def _counts(order: Order, rma: Rma, ask: ReceiveReturn) -> list[Count]:
    """What arrived, spread over the lines of the return; nothing named means all of it."""
    condition = ask.condition.strip()
    told = list(ask.lines)
    if ask.sku:
        told.insert(0, CountedLine(ask.sku, ask.quantity, ask.shelf, condition))
    if not told:
        return [
            Count(line, line.quantity - line.received, ask.shelf, condition)
            for line in rma.lines
            if line.quantity > line.received
        ]
    counts: list[Count] = []
    for one in told:
        counts += _spread(one, _of_return(order, rma, one.line), _units(counts))
    return counts


def _of_return(order: Order, rma: Rma, word: str) -> list[RmaLine]:
    ids = {line.id for line in named_lines(order, word)}
    found = [line for line in rma.lines if line.line_id in ids]
    if not found:
        skus = ", ".join(dict.fromkeys(line.sku for line in rma.lines))
        raise Invalid(f"Return {rma.number} has no line “{word}”.", f"Its lines: {skus}.")
    return found


def _spread(one: CountedLine, lines: Sequence[RmaLine], taken: dict[int, int]) -> list[Count]:
    """Units over the lines of one SKU in order; a surplus is refused at the last one."""
    able = {x.line_id: x.quantity - x.received - taken.get(x.line_id, 0) for x in lines}
    left = sum(able.values()) if one.quantity is None else one.quantity
    if one.quantity is not None and one.quantity < 1:
        raise Invalid("A count is 1 or more.", "Leave out what did not arrive.")
    counts = []
    for line in lines:
        part = left if line is lines[-1] else min(left, able[line.line_id])
        if part:
            counts.append(Count(line, part, one.shelf, one.condition.strip()))
            left -= part
    return counts


def _units(counts: Iterable[Count]) -> dict[int, int]:
    units: dict[int, int] = {}
    for count in counts:
        units[count.line.line_id] = units.get(count.line.line_id, 0) + count.quantity
    return units


def _received(order: Order, units: dict[int, int]) -> Order:
    changed = {
        line.id: replace(
            line,
            return_requested=line.return_requested - units[line.id],
            return_received=line.return_received + units[line.id],
        )
        for line in order.lines
        if line.id in units
    }
    return order.with_lines(changed)


def _restock(uow: UnitOfWork, rma: Rma, counts: Iterable[Count], place: Location) -> None:
    """Back on the shelf: sellable from this moment, and first to those who wait for it."""
    order = uow.orders.own(rma.order_id)
    back = [
        (order.line(line_id).sku, units, line_id)
        for c in counts
        if c.shelf
        for line_id, units in in_parts(order, {c.line.line_id: c.quantity}).items()
    ]
    known = uow.stock.known(sorted({sku for sku, _, _ in back}))
    moves = [
        StockMove(Move.RESTOCK, sku, place.id, units, line_id, reason=rma.number)
        for sku, units, line_id in back
        if sku in known
    ]
    if moves:
        uow.stock.move(moves)
        serve_queue(uow, {move.sku for move in moves})
