"""Edits of orders: put together as a change set, looked at, confirmed, discarded or taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import msgspec

from core.commands.discounting import require_own_limit
from core.commands.edit_conflicts import ask_location, close_question
from core.commands.edit_undo import RevertEdit, snapshot
from core.commands.editing import carry_out, look
from core.commands.ways import spelled_out
from core.db.changes import Changes, OrderChange
from core.db.shelf import find_product
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right, demand
from core.domain.edit_actions import Do, EditAction, require_sane
from core.domain.edit_stock import in_the_way
from core.domain.edit_words import read_words
from core.domain.edits import Preview, require_editable
from core.domain.merge import Said, said_of
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refusals import Conflict, Invalid, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

KEPT = timedelta(hours=24)
ACTIONS_MOST = 100
EXPIRED_MOST = 25


@dataclass(frozen=True, slots=True)
class EditOrder:
    """Put an edit of an order together; nothing changes before it is confirmed."""

    order: Annotated[str, Arg.ORDER]
    words: Annotated[str, Arg.TEXT]

    def audited(self) -> dict[str, str]:
        return {"order": self.order, "words": f"{len(self.words)} characters"}


@command(
    "edit",
    EditOrder,
    Right.EDIT,
    examples=(
        "edit 1001 mug-red 2",
        "edit 1001 add card 1; remove mug-red",
        "edit 1001 discount 5.00 late parcel",
        "edit 1001 address Kiez 7, 10999 Berlin",
    ),
)
def edit(ask: EditOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    return _act(uow, order, read_words(ask.words, order.currency))


@dataclass(frozen=True, slots=True)
class WantedLine:
    """How many units of a line shall be left in all."""

    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """Put an edit together from a form or a program: actions, or what shall be there in the end.

    `wanted` are quantities of lines; an empty address or note stays as it is.
    """

    order: Annotated[str, Arg.ORDER]
    actions: Annotated[tuple[EditAction, ...], Arg.NONE] = ()
    wanted: Annotated[tuple[WantedLine, ...], Arg.NONE] = ()
    add_sku: Annotated[str, Arg.NONE] = ""
    add_quantity: Annotated[int, Arg.NONE] = 1
    discount: Annotated[str, Arg.NONE] = ""
    address: Annotated[str, Arg.NONE] = ""
    note: Annotated[str, Arg.NONE] = ""

    def audited(self) -> dict[str, Any]:
        done = [action.do.value for action in self.actions]
        return {"order": self.order, "actions": done, "lines": len(self.wanted)}


@command("change", ChangeOrder, Right.EDIT, in_chat=False)
def change_order(ask: ChangeOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    known = Changes(uow).open_of(order.id)
    now = look(uow, order, known.actions if known else ()).after
    return _act(uow, order, wishes_of(ask, now))


def wishes_of(ask: ChangeOrder, now: Order) -> tuple[EditAction, ...]:
    """A form sends everything; only what is different from what it showed is a wish."""
    wished = [
        EditAction(Do.SET, line=each.line, quantity=each.quantity)
        for each in ask.wanted
        if now.line(each.line).wanted != each.quantity
    ]
    if ask.add_sku.strip():
        wished.append(EditAction(Do.ADD, ask.add_sku.strip(), quantity=ask.add_quantity))
    if ask.discount.strip():
        wished += read_words(f"discount {ask.discount.strip()}", now.currency)
    if ask.address.strip():
        wished.append(EditAction(Do.ADDRESS, text=ask.address))
    if ask.note.strip() and ask.note.strip() != now.note:
        wished.append(EditAction(Do.NOTE, text=ask.note))
    return (*ask.actions, *wished)


def _act(uow: UnitOfWork, order: Order, actions: Sequence[EditAction]) -> Done:
    """The change with these actions behind what it has; refused as a whole if one cannot be."""
    require_editable(order)
    changes = Changes(uow)
    known = changes.open_of(order.id)
    new = tuple(_exact(uow, action) for action in actions)
    every = (*(known.actions if known else ()), *new)
    if len(every) > ACTIONS_MOST:
        raise Invalid(f"One edit has {ACTIONS_MOST} steps at most.", "Confirm it, then go on.")
    found = look(uow, order, every)
    require_own_limit(uow, found)
    if known is None:
        changes.add(_opened(uow, order, found, new))
        return _looked(uow, order, changes.open_of(order.id), found)
    changes.act(known, new, after=len(known.actions))
    return _looked(uow, order, known, found)


def _exact(uow: UnitOfWork, action: EditAction) -> EditAction:
    """SKUs and locations as they are written in the catalog, however they were typed. What needs
    a right of its own needs it here too."""
    require_sane(action)
    if action.do in (Do.MOVE, Do.SPLIT):
        demand(uow.actor, Right.MOVE)
    if action.do is Do.MOVE:
        return replace(action, to=uow.shop.location(action.to).code)
    if action.do is Do.METHOD:
        return replace(action, text=spelled_out(uow.shop, action.text))
    if action.do is not Do.ADD:
        return action
    product = find_product(uow.session, uow.shop.id, action.sku)
    return action if product is None else replace(action, sku=product.sku)


def _opened(
    uow: UnitOfWork, order: Order, found: Preview, actions: tuple[EditAction, ...]
) -> OrderChange:
    return OrderChange(
        id=uow.new_id(),
        order_id=order.id,
        base_version=order.version,
        status="open",
        difference=found.difference,
        refund=found.refund,
        due=found.due,
        before=None,
        opened_by=uow.actor.name,
        surface=uow.surface,
        opened_at=uow.now,
        expires_at=uow.now + KEPT,
        actions=actions,
    )


def _looked(uow: UnitOfWork, order: Order, change: OrderChange | None, found: Preview) -> Done:
    """The change remembers what was shown: that is what `confirm` will hold it against."""
    if change is None:
        raise AssertionError("a change that was just stored")
    seen = replace(
        change,
        base_version=order.version,
        difference=found.difference,
        refund=found.refund,
        due=found.due,
        expires_at=uow.now + KEPT,
    )
    Changes(uow).save(seen)
    sentence = f"This is the edit of order {order.number}; nothing has changed yet."
    return Done(f"{sentence} `confirm {order.number}` does it.", _facts(order, seen))


def _facts(order: Order, change: OrderChange) -> dict[str, Any]:
    return {
        "order": order.number,
        "edit": change.id,
        "version": change.base_version,
        "difference": change.difference,
        "refund": change.refund,
        "due": change.due,
    }


@dataclass(frozen=True, slots=True)
class PreviewEdit:
    """Look at the open edit of an order again, as the order stands now."""

    order: Annotated[str, Arg.ORDER]


@command("preview", PreviewEdit, Right.EDIT, examples=("preview 1001",))
def preview_edit(ask: PreviewEdit, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    change = _open(uow, order)
    return _looked(uow, order, change, look(uow, order, change.actions))


@dataclass(frozen=True, slots=True)
class DiscardEdit:
    """Throw the open edit of an order away; the order stays as it is."""

    order: Annotated[str, Arg.ORDER]


@command("discard", DiscardEdit, Right.EDIT, examples=("discard 1001",))
def discard(ask: DiscardEdit, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    end(uow, _open(uow, order), "discarded")
    return Done(f"The edit of order {order.number} is discarded.", {"order": order.number})


def _open(uow: UnitOfWork, order: Order) -> OrderChange:
    change = Changes(uow).open_of(order.id)
    if change is None:
        raise NotFound(
            f"There is no open edit of order {order.number}.", f"Begin one: `edit {order.number}`."
        )
    return change


def end(uow: UnitOfWork, change: OrderChange, status: str, by: str = "") -> None:
    """Confirmed or discarded: from now on the change never changes."""
    ended = replace(change, status=status, ended_by=by or uow.actor.name, ended_at=uow.now)
    Changes(uow).save(ended)
    close_question(uow, change, f"the edit was {status}")


# --- confirming -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfirmEdit:
    """Do what the open edit of an order says.

    `change`, `version` and `difference` are those of the preview that the person saw; without
    them, those that the last `edit` or `preview` showed. If anything is different by now, nothing
    is done.
    """

    order: Annotated[str, Arg.ORDER]
    change: Annotated[int | None, Arg.NONE] = None
    version: Annotated[int | None, Arg.NONE] = None
    difference: Annotated[int | None, Arg.NONE] = None


@command("confirm", ConfirmEdit, Right.EDIT, examples=("confirm 1001",))
def confirm(ask: ConfirmEdit, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    change = _open(uow, order)
    found = look(uow, order, change.actions)
    _require_seen(ask, order, change, found)
    if found.is_empty:
        raise NotPossible(
            f"This edit would change nothing on order {order.number}.",
            f"Add something to it, or `discard {order.number}`.",
        )
    _require_something_left(found)
    require_own_limit(uow, found)
    works = in_the_way(uow.work.of(order.id), uow.work.parcels(order.id), found)
    if works:
        Changes(uow).save(replace(change, expires_at=uow.now + 14 * KEPT))
        return ask_location(uow, order, change, works, found)
    return do_it(uow, order, change, found)


def _require_seen(ask: ConfirmEdit, order: Order, change: OrderChange, found: Preview) -> None:
    version = change.base_version if ask.version is None else ask.version
    difference = change.difference if ask.difference is None else ask.difference
    seen = (ask.change or change.id, version, difference)
    if seen != (change.id, order.version, found.difference):
        raise Conflict(
            f"Order {order.number} or its edit has changed since you looked; nothing was done.",
            f"Look at the new preview, then confirm again: `preview {order.number}`.",
            code="preview_changed",
        )


def _require_something_left(found: Preview) -> None:
    order = found.after
    if found.lines and not any(line.wanted for line in order.lines):
        raise NotPossible(
            f"Nothing would be left of order {order.number}.",
            f"Cancel it instead: `cancel {order.number}`.",
        )


def do_it(uow: UnitOfWork, order: Order, change: OrderChange, found: Preview) -> Done:
    """The edit happens now; what the channel last said of the order is remembered with it."""
    edited = carry_out(uow, found, change)
    _remember_said(uow, order, edited.order)
    seen = replace(
        change,
        base_version=order.version,
        difference=found.difference,
        refund=found.refund,
        due=found.due,
        before=snapshot(order),
    )
    end(uow, seen, "confirmed")
    is_plain = not (found.splits or found.move_to)
    uow.undo = RevertEdit(order.number, change.id, edited.asked) if is_plain else None
    facts = _facts(order, seen)
    return Done(_told(edited.order, found), {"change": facts.pop("edit"), **facts})


def _remember_said(uow: UnitOfWork, before: Order, after: Order) -> None:
    """From its first edit on, an order is not what its channel last said any more."""
    if before.connection_id is None:
        return
    changes = Changes(uow)
    kept = changes.said(before.id)
    said = said_of(before) if kept is None else msgspec.convert(kept, Said)
    changes.say(before.id, said.after_telling(after))


def _told(order: Order, found: Preview) -> str:
    money = ""
    if found.refund:
        money = f" {amount_text(found.refund, order.currency)} goes back."
    if found.due:
        asked = amount_text(found.due, order.currency)
        money = f" The customer is asked for {asked}."
    return f"Order {order.number} is changed.{money}"


# --- what time alone ends -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DiscardExpiredEdits:
    """Throw away the open edits that nobody has come back to."""


@command("discard-expired", DiscardExpiredEdits, Right.MACHINERY, in_chat=False)
def discard_expired(_: DiscardExpiredEdits, uow: UnitOfWork) -> Done:
    changes = Changes(uow)
    due = changes.expired()
    for order_id in due[:EXPIRED_MOST]:
        uow.orders.own(order_id)
        change = changes.open_of(order_id)  # as it is now that its order is locked
        if change is not None and change.expires_at <= uow.now:
            end(uow, change, "discarded", by="time")
    facts = {"discarded": len(due[:EXPIRED_MOST]), "more": len(due) > EXPIRED_MOST}
    return Done(f"{len(due[:EXPIRED_MOST])} edits have expired.", facts)
