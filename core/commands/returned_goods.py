"""Returned goods and the stock's ledger: where they go first, and how they move on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from core.commands.placing import serve_queue
from core.commands.returned_money import pay_for, payable
from core.commands.shelves import be
from core.db.receipts import Receipt, place_units, receipts_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right, Role
from core.domain.kits import in_parts
from core.domain.order import Order
from core.domain.refusals import Invalid, NotAllowed, NotPossible
from core.domain.returning.dispositions import Disposition, arrival, moving
from core.domain.returns import Rma, RmaLine
from core.domain.shop import Location
from core.domain.stock import FREEING, Move, Short, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

Steps = tuple[tuple[Move, int], ...]


def put_away(
    uow: UnitOfWork,
    order: Order,
    units: Iterable[tuple[RmaLine, int, Disposition]],
    place: Location,
    number: str,
) -> None:
    """What arrived goes where it belongs; on the shelf it is sellable from this moment, and first
    for those who wait for it."""
    moves = [
        move
        for line, quantity, to in units
        for move in _moves(order, line.line_id, quantity, arrival(to), place.id, number)
    ]
    _move(uow, moves)


def _moves(
    order: Order, line_id: int, quantity: int, steps: Steps, location_id: int, reason: str
) -> list[StockMove]:
    """A kit comes back in its parts."""
    return [
        StockMove(kind, order.line(part).sku, location_id, sign * units, part, reason)
        for part, units in in_parts(order, {line_id: quantity}).items()
        for kind, sign in steps
    ]


def _move(uow: UnitOfWork, moves: list[StockMove]) -> None:
    """The moves of SKUs that the catalog knows, and then whoever waits for what became free."""
    known = uow.stock.known(sorted({move.sku for move in moves}))
    able = [move for move in moves if move.sku in known]
    if not able:
        return
    uow.stock.move(able)
    freed = {move.sku for move in able if move.kind in FREEING and move.quantity > 0}
    if freed:
        serve_queue(uow, freed)


# --- moving on -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoveReturnOn:
    """Send returned units on to where they belong: from quarantine to the shelf, say.

    `before` says where they are now; it may be left out when they are all in one place.
    """

    number: Annotated[str, Arg.RETURN]
    sku: Annotated[str, Arg.SKU]
    quantity: Annotated[int, Arg.QUANTITY]
    disposition: Annotated[Disposition, Arg.CHOICE]
    before: Annotated[Disposition | None, Arg.NONE] = None
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "move-on",
    MoveReturnOn,
    Right.RETURN_RECEIVE,
    examples=(
        "move-on R1001-1 mug-red 1 restock",
        "move-on R1001-1 mug-red 1 write_off broken for good",
    ),
)
def move_on(ask: MoveReturnOn, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    order = uow.orders.by_id(rma.order_id)
    taken = _taken(uow, rma, ask)
    reason = ask.reason.strip() or rma.number
    for receipt, before, units in taken:
        place_units(uow, receipt.id, before, -units, reason)
        place_units(uow, receipt.id, ask.disposition, units, reason)
    _move_stock(uow, order, taken, ask.disposition, reason)
    rma = _restocked(uow, rma, taken, ask.disposition)
    _require_unpaid(uow, rma, ask)
    rma, owed = pay_for(uow, order, rma)
    _tell(uow, rma, ask, taken)
    money = f" {owed} is to be refunded." if owed else ""
    now = _words(ask.disposition, ask.quantity)
    return Done(
        f"{ask.quantity} × {ask.sku} of return {rma.number} {now}.{money}",
        {"return": rma.number, "status": rma.status.value},
    )


Taken = list[tuple[Receipt, Disposition, int]]


def _taken(uow: UnitOfWork, rma: Rma, ask: MoveReturnOn) -> Taken:
    """Which units move: the oldest receipt's first. Raises NotPossible for more than there are."""
    if ask.quantity < 1:
        raise Invalid("At least one unit moves on.")
    wanted = ask.sku.strip().casefold()
    mine = [r for r in receipts_of(uow.session, rma.id) if r.sku.casefold() == wanted]
    _require_own_place(uow, mine)
    before = ask.before or _only_place(rma, mine, ask)
    moving(before, ask.disposition)  # refuses what makes no sense
    left, taken = ask.quantity, []
    for receipt in mine:
        units = min(left, receipt.places.get(before, 0))
        if units:
            taken.append((receipt, before, units))
            left -= units
    if left:
        has = ask.quantity - left
        raise NotPossible(
            f"Only {has} × {ask.sku} of return {rma.number} {_words(before, has)}.",
            f"Look at `{rma.number}`.",
        )
    return taken


def _require_unpaid(uow: UnitOfWork, rma: Rma, ask: MoveReturnOn) -> None:
    """Nobody has both the goods and their money."""
    receipts = receipts_of(uow.session, rma.id)
    paid = [line for line in rma.lines if payable(line, receipts) < line.paid]
    if ask.disposition is Disposition.SEND_BACK and paid:
        raise NotPossible(
            f"The money for {paid[0].sku} of return {rma.number} is due, or has gone back.",
            "These units are the shop's: choose restock, refurbish or write_off.",
            code="paid",
        )


def _only_place(rma: Rma, receipts: Iterable[Receipt], ask: MoveReturnOn) -> Disposition:
    """Where they are, if that is one place only, beside where they are to go."""
    places = {place for receipt in receipts for place in receipt.places}
    if not places:
        raise NotPossible(
            f"Nothing of {ask.sku} has arrived for return {rma.number}.", "Write `received` first."
        )
    others = places - {ask.disposition}
    if len(others) > 1:
        words = ", ".join(sorted(place.value for place in others))
        raise Invalid(
            f"Units of {ask.sku} are in {words}.", "Open the return and move them from its card."
        )
    return next(iter(others or places))


def _require_own_place(uow: UnitOfWork, receipts: Iterable[Receipt]) -> None:
    if uow.actor.role is not Role.STORE:
        return
    codes = {uow.shop.locations[receipt.location_id].code for receipt in receipts}
    if not codes <= set(uow.actor.locations):
        raise NotAllowed("Those units are at another place.", "Ask the people there.")


def _move_stock(uow: UnitOfWork, order: Order, taken: Taken, to: Disposition, reason: str) -> None:
    moves = [
        move
        for receipt, before, units in taken
        for move in _moves(
            order, receipt.line_id, units, moving(before, to), receipt.location_id, reason
        )
    ]
    try:
        _move(uow, moves)
    except Short as short:
        raise NotPossible(
            "These units are promised to somebody by now, or were taken off the books.",
            "Look at `stock` for the sku; move or cancel orders first.",
            code="short",
        ) from short


def _restocked(uow: UnitOfWork, rma: Rma, taken: Taken, to: Disposition) -> Rma:
    after = rma
    for receipt, before, units in taken:
        sign = (to is Disposition.RESTOCK) - (before is Disposition.RESTOCK)
        after = after.restock(receipt.line_id, sign * units)
    return uow.returns.save(rma, after)


def _tell(uow: UnitOfWork, rma: Rma, ask: MoveReturnOn, taken: Taken) -> None:
    receipt, before, _ = taken[0]
    uow.emit(
        rma.order_id,
        e.ReturnMovedOn(
            rma.id, rma.number, receipt.sku, ask.quantity, before.value, ask.disposition.value
        ),
    )


def _words(place: Disposition, units: int) -> str:
    return {
        Disposition.RESTOCK: "can be sold again",
        Disposition.QUARANTINE: f"{be(units)} in quarantine",
        Disposition.REFURBISH: f"{be(units)} to be refurbished",
        Disposition.WRITE_OFF: f"{be(units)} written off",
        Disposition.SEND_BACK: f"{'goes' if units == 1 else 'go'} back to the customer",
    }.get(place, "did not come")
