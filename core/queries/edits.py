"""An edit as people look at it before they confirm: lines, money, stock, parcels, messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from core.commands.editing import look
from core.commands.edits import ChangeOrder, wishes_of
from core.commands.outlook import outlook_of
from core.db.changes import OrderChange, open_change
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.edit_actions import Adjustment, EditAction, shipping_title
from core.domain.edits import LineChange, Preview
from core.domain.order import Address, Order
from core.domain.pickup import is_pickup, pickup_place
from core.domain.refusals import NotFound, Refusal
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class EditView:
    """One edit of an order as it would come out now; nothing of it is stored with the order.

    Money is minor units. `ships_from` is location → {sku: units}. `problem` says why the edit is
    not possible any more; then everything else is as the order is.
    """

    order: str
    order_id: int
    change: int
    version: int
    currency: str
    opened_by: str
    opened_at: datetime
    expires_at: datetime
    lines: tuple[LineChange, ...]
    adjustments: tuple[Adjustment, ...]
    fields: tuple[str, ...]
    ship_to: Address
    method: str
    collected_at: str  # the store that would hand it out
    note: str
    move_to: str
    total_before: int
    total: int
    tax_before: int
    tax: int
    shipping_before: int
    shipping: int
    difference: int
    refund: int
    due: int
    shortfalls: Mapping[str, int]
    ships_from: Mapping[str, Mapping[str, int]]
    parcels: int
    parcels_before: int
    promise: date | None
    messages: tuple[str, ...]
    steps: int
    problem: str = ""
    wanted: tuple[tuple[int, str, str, int], ...] = ()  # (line id, sku, title, units) for a form


@dataclass(frozen=True, slots=True)
class ShowEdit:
    """Show the open edit of an order as it would come out now."""

    order: Annotated[str, Arg.ORDER]


@question("edits", ShowEdit, Right.VIEW, examples=("edits 1001",))
def show(ask: ShowEdit, reader: Reader) -> EditView:
    order = reader.orders.get(ask.order)
    change = open_change(reader.session, order.id)
    if change is None:
        raise NotFound(
            f"There is no open edit of order {order.number}.", f"Begin one: `edit {order.number}`."
        )
    try:
        return _view(reader, change, look(reader, order, change.actions))
    except Refusal as refusal:
        return _view(reader, change, _unchanged(order), problem=str(refusal))


@dataclass(frozen=True, slots=True)
class TryEdit:
    """Show what some steps would make of an order, without beginning an edit."""

    order: Annotated[str, Arg.ORDER]
    actions: Annotated[tuple[EditAction, ...], Arg.NONE] = ()
    form: Annotated[ChangeOrder | None, Arg.NONE] = None  # as it is being filled in


@question("try-edit", TryEdit, Right.VIEW, in_chat=False)
def try_edit(ask: TryEdit, reader: Reader) -> EditView:
    order = reader.orders.get(ask.order)
    known = open_change(reader.session, order.id)
    actions = (*(known.actions if known else ()), *ask.actions)
    if ask.form is not None:
        actions += wishes_of(ask.form, look(reader, order, actions).after)
    found = look(reader, order, actions)
    return _view(reader, known or _none(reader, order, actions), found)


def _none(reader: Reader, order: Order, actions: Sequence[EditAction]) -> OrderChange:
    now = reader.now
    return OrderChange(
        0, order.id, order.version, "open", 0, 0, 0, None, "", "", now, now, actions=tuple(actions)
    )


def _unchanged(order: Order) -> Preview:
    return Preview(order, order, (), (), 0, 0, {})


def _view(reader: Reader, change: OrderChange, found: Preview, problem: str = "") -> EditView:
    before, after = found.before, found.after
    outlook = outlook_of(reader, found)
    return EditView(
        order=before.number,
        order_id=before.id,
        change=change.id,
        version=before.version,
        currency=before.currency,
        opened_by=change.opened_by,
        opened_at=change.opened_at,
        expires_at=change.expires_at,
        lines=found.lines,
        adjustments=found.adjustments,
        fields=found.fields,
        ship_to=after.ship_to,
        method=shipping_title(after),
        collected_at=_store(reader, after),
        note=after.note,
        move_to=found.move_to,
        total_before=before.total,
        total=after.total,
        tax_before=before.tax,
        tax=after.tax,
        shipping_before=before.shipping,
        shipping=after.shipping,
        difference=found.difference,
        refund=found.refund,
        due=found.due,
        shortfalls=found.shortfalls,
        ships_from=outlook.parts,
        parcels=outlook.parcels,
        parcels_before=outlook.parcels_before,
        promise=outlook.promise,
        messages=messages_of(found),
        steps=len(change.actions),
        problem=problem,
        wanted=tuple((x.id, x.sku, x.title, x.wanted) for x in after.bought),
    )


def _store(reader: Reader, order: Order) -> str:
    place = pickup_place(reader.shop, order) if is_pickup(order) else None
    return place.code if place else ""


def messages_of(found: Preview) -> tuple[str, ...]:
    """Which messages the customer would get, by their kind."""
    if found.is_empty or not found.before.sends_messages:
        return ()
    told = set(found.fields) & {"address", "method", "shipping"}
    return ("order_changed",) if found.lines or found.adjustments or told else ()
