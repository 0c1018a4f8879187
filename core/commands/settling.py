"""The three answers to an edit of what is on paper: accept it, keep ours, or void the label too."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import msgspec

from core.commands.edit_conflicts import labels_of
from core.commands.editing import look, settle_units
from core.commands.edits import do_it, end
from core.commands.writeback import tell_shop
from core.db.cases import visible_case
from core.db.changes import Changes, OrderChange
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import Case, CaseKind
from core.domain.edit_actions import EditAction
from core.domain.edit_stock import in_the_way
from core.domain.edits import Preview
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.order import Change, Order
from core.domain.refusals import Conflict, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command


class Answer(StrEnum):
    ACCEPT = "accept"
    KEEP = "keep"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class SettleEdit:
    """Answer an edit of what is on paper: accept (it is put back), keep ours, or void the label."""

    case: Annotated[int, Arg.CASE]
    answer: Annotated[Answer, Arg.CHOICE]


@command("settle", SettleEdit, Right.CASE, examples=("settle 12 accept", "settle 12 keep"))
def settle(ask: SettleEdit, uow: UnitOfWork) -> Done:
    case = visible_case(uow, ask.case)
    if case.kind is not CaseKind.EDIT_AFTER_PRINT or case.order_id is None or not case.is_open:
        raise NotPossible(f"Case {case.number} asks nothing of the kind.", "Look at the case.")
    order = uow.orders.own(case.order_id)
    case = uow.cases.by_id(case.id)  # as it is now that its order is locked
    wish = _wish(uow, case, order)
    if ask.answer is Answer.KEEP:
        _keep(uow, case, order, wish)
        return _done(uow, case, order, "Ours is kept")
    _take(uow, order, wish, is_void=ask.answer is Answer.VOID)
    return _done(uow, case, uow.orders.own(order.id), "The edit is accepted")


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked for: an edit of ours, or words of the shop."""

    actions: tuple[EditAction, ...]
    change: OrderChange | None = None


def _wish(uow: UnitOfWork, case: Case, order: Order) -> _Wish:
    if case.facts.get("by") == "shop":
        return _Wish(msgspec.convert(case.facts["actions"], tuple[EditAction, ...]))
    change = Changes(uow).open_of(order.id)
    if change is None or change.id != case.facts.get("edit"):
        raise NotPossible(f"That edit of order {order.number} has ended.", "Resolve the case.")
    return _Wish(change.actions, change)


def _keep(uow: UnitOfWork, case: Case, order: Order, wish: _Wish) -> None:
    """The paper counts: our own edit is discarded, the shop is told what we have."""
    if wish.change is not None:
        end(uow, wish.change, "discarded")
    else:
        tell_shop(uow, None, order, ("address", "note"), f"keep:{case.id}")


def _take(uow: UnitOfWork, order: Order, wish: _Wish, *, is_void: bool) -> None:
    """What is on paper is put back, then the edit happens as if there had been none."""
    found = look(uow, order, wish.actions)
    change = wish.change
    if change is not None and found.difference != change.difference:
        raise Conflict(
            f"Order {order.number} has changed since it was edited.",
            f"Look at the new preview, then confirm again: `preview {order.number}`.",
            code="preview_changed",
        )
    works = in_the_way(uow.work.of(order.id), uow.work.parcels(order.id), found)
    order = _free_paper(uow, order, works, is_void=is_void)
    found = look(uow, order, wish.actions)
    if change is not None:
        do_it(uow, order, change, found)
    else:
        settle_units(uow, found, e.OrderUpdated(_words(found)))


def _words(found: Preview) -> dict[str, object]:
    lines = {"lines": found.units} if found.units else {}
    return {**lines, **dict.fromkeys(found.fields, True)}


def _free_paper(
    uow: UnitOfWork, order: Order, works: tuple[FulfillmentOrder, ...], *, is_void: bool
) -> Order:
    for parcel in labels_of(uow, order, works):
        if not is_void:
            raise NotPossible(
                f"Order {order.number} has the label {parcel.tracking_number} already.",
                "Void the label, or keep ours.",
                code="labeled",
            )
        uow.work.save_parcel(replace(parcel, voided_at=uow.now))
        number = parcel.tracking_number or ""
        uow.emit(order.id, e.LabelVoided(parcel.id, parcel.carrier, number))
    for work in works:
        if not work.is_untouched:
            order = _put_back(uow, order, work)
    return order


def _put_back(uow: UnitOfWork, order: Order, work: FulfillmentOrder) -> Order:
    """The location says with its answer that the goods are on the shelf again."""
    packed = {item.line_id: item.quantity for item in work.items if work.stage is Stage.PACKED}
    lines = {
        line.id: replace(line, packed=line.packed - packed[line.id])
        for line in order.lines
        if line.id in packed
    }
    uow.work.save(work, work.put_back(Stage.READY))
    code = uow.shop.locations[work.location_id].code
    return uow.orders.save(Change(order.with_lines(lines), (e.WorkPutBack(work.number, code),)))


def _done(uow: UnitOfWork, case: Case, order: Order, what: str) -> Done:
    open_now = uow.cases.by_id(case.id)
    if open_now.is_open:
        resolution = f"{uow.actor.name}: {what.lower()}"
        uow.cases.save(open_now, open_now.resolve(uow.now, resolution), resolution)
    uow.undo = None
    return Done(f"{what}: order {order.number}.", {"order": order.number, "case": case.number})
