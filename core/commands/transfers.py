"""Transfers between locations: reserved where they are, on their way, received or lost."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Annotated

from core.commands.placing import serve_queue
from core.commands.shelves import (
    level_at,
    reason_of,
    require_units,
    served_words,
    what_and_where,
)
from core.db.incoming import (
    expect,
    keep_for,
    kept_for,
    planned_at,
    save_transfer,
    transfers,
)
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.incoming import Expected
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.shop import Location
from core.domain.stock import Move, Short, StockMove
from core.domain.transfer import Transfer, TransferState
from core.domain.values import dataclass
from core.registry import Arg, Done, command


@dataclass(frozen=True, slots=True)
class PlanTransfer:
    """Reserve units at one location to bring them to another; what is planned already grows."""

    sku: Annotated[str, Arg.SKU]
    quantity: Annotated[int, Arg.QUANTITY]
    origin: Annotated[str, Arg.LOCATION]
    to: Annotated[str, Arg.LOCATION]
    due: Annotated[date | None, Arg.DAY] = None
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "transfer",
    PlanTransfer,
    Right.STOCK,
    examples=("transfer mug-red 5 from ber to ham", "transfer mug-red 5 ber ham fri low there"),
)
def plan_transfer(ask: PlanTransfer, uow: UnitOfWork) -> Done:
    product, origin = what_and_where(uow, ask.sku, ask.origin)
    to = uow.shop.location(ask.to)
    require_units(ask.quantity, 1)
    if origin.id == to.id:
        raise Invalid(f"{to.code} has it already.", "Name two different locations.")
    transfer = _planned(uow, origin, to) or _new(uow, origin, to, ask)
    why = f"{transfer.number} to {to.code}"
    move = StockMove(Move.RESERVE, product.sku, origin.id, ask.quantity, reason=why)
    try:
        uow.stock.move([move])
    except Short as short:
        raise _not_free(uow, product.sku, origin) from short
    keep_for(uow, transfer, product.sku, ask.quantity)
    facts = {"transfer": transfer.number, "sku": product.sku, "origin": origin.code, "to": to.code}
    number, waits = transfer.number, "waits" if ask.quantity == 1 else "wait"
    units = sum(kept for _, _, kept in kept_for(uow.session, transfer.id))
    named = f"{number}, {units} units now" if units > ask.quantity else number
    return Done(
        f"{ask.quantity} × {product.sku} {waits} at {origin.code} for {to.code} ({named}): "
        f"`dispatch {number}` when it has left, `cancel-transfer {number}` to call it off.",
        facts,
    )


def _planned(uow: UnitOfWork, origin: Location, to: Location) -> Transfer | None:
    """Goods for the same way that have not left yet travel together."""
    waiting = transfers(uow.session, uow.shop.id, way=(origin.id, to.id), lock=True)
    return waiting[0] if waiting else None


def _new(uow: UnitOfWork, origin: Location, to: Location, ask: PlanTransfer) -> Transfer:
    new = Transfer(
        id=uow.new_id(),
        number=f"T-{uow.people.next_number('transfer', start=0)}",
        from_id=origin.id,
        to_id=to.id,
        state=TransferState.PLANNED,
        reason=reason_of(ask.reason),
        due_on=ask.due,
    )
    save_transfer(uow, new, new=True)
    return new


def _not_free(uow: UnitOfWork, sku: str, place: Location) -> NotPossible:
    level = level_at(uow, sku, place)
    return NotPossible(
        f"{place.code} has {level.available} × {sku} to give.",
        f"Send fewer, or look at `stock {sku}`.",
        code="short",
    )


@dataclass(frozen=True, slots=True)
class SendTransfer:
    """Say that a transfer has left: gone at one location, on its way to the other."""

    number: Annotated[str, Arg.WORD]


@command("dispatch", SendTransfer, Right.STOCK, examples=("dispatch T-1",))
def send_transfer(ask: SendTransfer, uow: UnitOfWork) -> Done:
    transfer = _found(uow, ask.number)
    after = transfer.send(uow.now)
    kept = kept_for(uow.session, transfer.id)
    moves = []
    units: Counter[str] = Counter()
    for reservation_id, sku, quantity in kept:
        uow.stock.settle(reservation_id, "consumed")
        units[sku] += quantity
    for sku, quantity in units.items():
        expect(uow, _on_its_way(uow, transfer, sku, quantity))
        here, there = transfer.from_id, transfer.to_id
        moves.append(StockMove(Move.DISPATCH, sku, here, quantity, reason=transfer.number))
        moves.append(StockMove(Move.EXPECT, sku, there, quantity, reason=transfer.number))
    uow.stock.move(moves)
    save_transfer(uow, after)
    to = uow.shop.locations[transfer.to_id].code
    said = ", ".join(f"{quantity} × {sku}" for sku, quantity in units.items())
    facts = {"transfer": transfer.number, "to": to}
    return Done(f"{transfer.number} is on its way to {to}: {said}.", facts)


def _on_its_way(uow: UnitOfWork, transfer: Transfer, sku: str, quantity: int) -> Expected:
    return Expected(
        id=uow.new_id(),
        sku=sku,
        location_id=transfer.to_id,
        reference=transfer.number,
        quantity=quantity,
        source=uow.shop.locations[transfer.from_id].code,
        transfer_id=transfer.id,
        due_on=transfer.due_on,
    )


@dataclass(frozen=True, slots=True)
class CancelTransfer:
    """Call a transfer off before it leaves; its units are free again."""

    number: Annotated[str, Arg.WORD]
    reason: Annotated[str, Arg.TEXT] = ""


@command("cancel-transfer", CancelTransfer, Right.STOCK, examples=("cancel-transfer T-1",))
def cancel_transfer(ask: CancelTransfer, uow: UnitOfWork) -> Done:
    transfer = _found(uow, ask.number)
    after = transfer.cancel(uow.now)
    kept = kept_for(uow.session, transfer.id)
    skus = {sku for _, sku, _ in kept}
    uow.stock.lock_queue(skus)
    for reservation_id, _, _ in kept:
        uow.stock.settle(reservation_id, "released")
    why = f"{transfer.number} canceled"
    uow.stock.move(
        StockMove(Move.RELEASE, sku, transfer.from_id, quantity, reason=why)
        for _, sku, quantity in kept
    )
    save_transfer(uow, after)
    orders = serve_queue(uow, skus)
    facts = {"transfer": transfer.number, "served": orders}
    return Done(f"{transfer.number} is canceled.{served_words(orders)}", facts)


def stay_home(uow: UnitOfWork, sku: str, location_id: int, units: int) -> int:
    """Goods are missing: planned transfers give theirs back before any order loses a promise,
    the newest first. Returns the units that stayed; who is left with nothing is canceled."""
    stayed = 0
    for row in planned_at(uow.session, uow.shop.id, sku, location_id):
        less = min(row.quantity, units - stayed)
        if less:
            uow.stock.shrink(row.id, row.quantity, less)
            why = f"{row.number}: not there"
            uow.stock.move([StockMove(Move.RELEASE, sku, location_id, less, reason=why)])
            stayed += less
            _cancel_if_empty(uow, row.number)
    return stayed


def _cancel_if_empty(uow: UnitOfWork, number: str) -> None:
    transfer = _found(uow, number)
    if not kept_for(uow.session, transfer.id):
        save_transfer(uow, transfer.cancel(uow.now))


def _found(uow: UnitOfWork, number: str) -> Transfer:
    plain = re.sub(r"^T[- ]?(?=\d)", "T-", number.strip().upper())  # “t1”
    found = transfers(uow.session, uow.shop.id, number=plain, lock=True)
    if not found:
        raise NotFound(f"There is no transfer “{number}”.", "Look at `transfers`.")
    return found[0]
