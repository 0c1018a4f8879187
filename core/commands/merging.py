"""Merging: the channel speaks again of an order that is known, and ours survives beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from core.commands.asking_money import lower
from core.commands.collecting import let_go_unneeded
from core.commands.edit_conflicts import ask_about_shop
from core.commands.editing import settle_units
from core.commands.paying import count_in
from core.commands.payment_news import absorb, keep_payments
from core.commands.placing import free, serve_queue
from core.commands.refunds import owe_for_whole
from core.commands.screening import screen_changed
from core.commands.ways import way_of_new
from core.db.changes import Changes
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.edit_actions import Do, EditAction, shrunk
from core.domain.edit_stock import in_the_way
from core.domain.edits import Preview
from core.domain.fulfillment import FulfillmentOrder
from core.domain.merge import Said, Word, said_of, whose
from core.domain.order import Address, Change, Line, Order
from core.domain.pickup import is_pickup
from core.domain.refunds import paid_for_first
from core.domain.values import dataclass
from core.registry import Done

if TYPE_CHECKING:
    from core.commands.capture import CaptureLine, CaptureOrder

SUMS = ("total", "subtotal", "discount", "shipping", "tax")


def merge(uow: UnitOfWork, order: Order, ask: CaptureOrder) -> Done:
    """Newer words of the channel about a known order. Paid and canceled never revert."""
    same = Done(f"Order {order.number} is known.", {"order": order.number, "id": order.id})
    order = _merge_money(uow, order, ask)
    if _is_older(order, ask):
        return same
    order = _merge_cancel(uow, order, ask)
    if not order.is_canceled and not order.handed_over:
        after = _merge_way(uow, _merge_edits(uow, order, ask), ask)
        order = screen_changed(uow, order, after, "changed in the shop")
    if ask.updated_at is not None and ask.updated_at != order.source_updated_at:
        uow.orders.save(Change(replace(order, source_updated_at=ask.updated_at)))
    return same


def _is_older(order: Order, ask: CaptureOrder) -> bool:
    seen = order.source_updated_at
    return ask.updated_at is not None and seen is not None and ask.updated_at < seen


def _merge_money(uow: UnitOfWork, order: Order, ask: CaptureOrder) -> Order:
    if ask.payments:
        keep_payments(uow, order, ask.payments)
    if ask.captured == order.captured:
        return order
    more = ask.captured - (order.captured - _taken_elsewhere(uow, order))
    if more <= 0:
        return order
    absorb(uow, count_in(uow, order, more, ask.payment_note or "paid in the shop"))
    return uow.orders.own(order.id)


def _taken_elsewhere(uow: UnitOfWork, order: Order) -> int:
    """What a store does not know of: other gateways took it, or a person recorded it here. Who
    sends orders over the API sends all of their money."""
    connection = uow.shop.connection(order.connection_id) if order.connection_id else None
    if connection is None or connection.kind != "shopify":
        return 0
    return sum(p.captured for p in uow.payments.of(order.id) if p.gateway != "channel")


def _merge_cancel(uow: UnitOfWork, order: Order, ask: CaptureOrder) -> Order:
    if ask.canceled_at is None or order.is_canceled:
        return order
    works = [w for w in uow.work.of(order.id) if w.is_open]
    late = any(not w.is_untouched for w in works) or any(line.shipped for line in order.lines)
    skus = [item.sku for work in works for item in work.items]
    uow.stock.lock_queue(skus)
    order = free(uow, order, works)
    change = order.cancel(ask.cancel_reason or "canceled in the shop", ask.canceled_at, True)
    order = uow.orders.save(change)
    if not any(line.shipped for line in order.lines):
        owe_for_whole(uow, order, is_channels=True)
        _expect_refunds(uow, order)
    let_go_unneeded(uow, order)
    lower(uow, order, 0, "the order was canceled")
    for kind in (CaseKind.SHORT, CaseKind.UNKNOWN_SKU, CaseKind.SCREENING):
        uow.cases.close(kind, f"order:{order.id}", "the order was canceled")
    if late:
        uow.cases.open(
            Finding(
                CaseKind.CANCEL_AFTER_SHIP,
                f"order:{order.id}",
                f"Order {order.number} was canceled in the shop after work had begun. "
                "Stop the parcel or take the goods back.",
                order_id=order.id,
            )
        )
    serve_queue(uow, skus)
    return order


def _expect_refunds(uow: UnitOfWork, order: Order) -> None:
    """A refund that came before the word of the cancellation was a part of it."""
    for case in uow.cases.open_of_order(order.id) if order.refunded <= order.captured else ():
        if case.kind is CaseKind.OUTSIDE_REFUND:
            uow.cases.close(case.kind, case.subject, "the shop has canceled the order")


# --- an edit made in the shop ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the channel says now, beside what it said last; `edited` if we edited since."""

    ask: CaptureOrder
    base: Said
    edited: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is not simply taken: wishes of the shop for a person to decide on."""

    actions: tuple[EditAction, ...] = ()
    works: tuple[FulfillmentOrder, ...] = ()
    what: tuple[str, ...] = ()

    def __add__(self, other: _Asked) -> _Asked:
        works = {work.id: work for work in (*self.works, *other.works)}
        actions = (*self.actions, *other.actions)
        return _Asked(actions, tuple(works.values()), (*self.what, *other.what))


def _merge_edits(uow: UnitOfWork, order: Order, ask: CaptureOrder) -> Order:
    """Ours survive where the shop has not touched them, and its word counts where we have not."""
    changes = Changes(uow)
    kept = changes.said(order.id)
    base = said_of(order) if kept is None else msgspec.convert(kept, Said)
    order, base = _linked(uow, order, ask, base) if kept is not None else (order, base)
    heard = _Heard(ask, base, kept is not None)
    order, is_taken, asked = _merge_lines(uow, order, heard)
    counts = is_taken or not (heard.edited or asked.actions)
    order, more = _merge_words(uow, order, heard, counts)
    asked += more
    if asked.actions:
        plain = [msgspec.to_builtins(action) for action in asked.actions]
        ask_about_shop(uow, order, asked.works, " and ".join(asked.what), plain)
    if kept is not None or asked.actions:
        changes.say(order.id, _said_now(base, order, ask))
    return order


def _linked(uow: UnitOfWork, order: Order, ask: CaptureOrder, base: Said) -> tuple[Order, Said]:
    """Lines that we added come back under the channel's own ids; their units are an echo."""
    known = {line.external_id for line in order.lines}
    unnamed = [line for line in order.lines if line.external_id is None and line.ordered]
    named: dict[int, Line] = {}
    told: dict[str, int] = {}
    for wish in ask.lines:
        if not wish.external_id or wish.external_id in known or not wish.quantity:
            continue
        own = next((x for x in unnamed if x.sku == wish.sku and x.id not in named), None)
        if own is not None:
            named[own.id] = replace(own, external_id=wish.external_id)
            told[wish.external_id] = wish.quantity
    if not named:
        return order, base
    linked = uow.orders.save(Change(order.with_lines(named)))
    return linked, replace(base, lines={**base.lines, **told})


def _said_now(base: Said, order: Order, ask: CaptureOrder) -> Said:
    """What the channel has said by now; what it has caught up with is no echo any more."""
    units = {line.external_id: line.quantity for line in ask.lines if line.external_id}
    ours = {line.external_id: line.wanted for line in order.lines}
    late = {name: told for name, told in base.told.items() if units.get(name) != ours.get(name)}
    sums = {name: getattr(ask, name) for name in SUMS if getattr(ask, name) is not None}
    is_told = ask.ship_to != Address()
    return replace(
        base,
        lines={**base.lines, **units},
        ship_to=ask.ship_to if is_told else base.ship_to,
        note=ask.note or base.note,
        told=late,
        told_addresses=() if ask.ship_to == order.ship_to else base.told_addresses,
        **sums,
    )


# --- lines ----------------------------------------------------------------------------------------


def _merge_lines(uow: UnitOfWork, order: Order, heard: _Heard) -> tuple[Order, bool, _Asked]:
    """(the order, whether the shop's lines were taken, what is asked): growth reserves the
    difference, shrinking gives it back, and paper is not changed behind anybody's back."""
    told = {line.external_id: line for line in heard.ask.lines if line.external_id}
    taken: dict[int, CaptureLine] = {}
    clashes: list[EditAction] = []
    for line in order.lines:
        wish = told.pop(line.external_id or "", None)
        if wish is None:
            continue
        word = heard.base.whose_units(wish.external_id, line.wanted, wish.quantity)
        if word is Word.THEIRS:
            taken[line.id] = wish
        elif word is Word.CONFLICT:
            clashes.append(EditAction(Do.SET, line=line.id, quantity=wish.quantity))
    last = max((line.position for line in order.lines), default=0)
    fresh = [wish for wish in told.values() if wish.quantity]
    new = [new_line(uow.new_id, last + n, wish) for n, wish in enumerate(fresh, 1)]
    asked = _Asked(tuple(clashes), (), ("its lines were changed in the shop",) if clashes else ())
    found = _as_wished(order, taken, new)
    works = in_the_way(uow.work.of(order.id), uow.work.parcels(order.id), found) if taken else ()
    if works:
        less = {i: wish for i, wish in taken.items() if wish.quantity < order.line(i).wanted}
        asked += _Asked(
            tuple(EditAction(Do.SET, line=i, quantity=x.quantity) for i, x in less.items()),
            works,
            ("lines were removed in the shop",),
        )
        taken = {i: wish for i, wish in taken.items() if i not in less}
        found = _as_wished(order, taken, new)
    if found.after == order:
        return order, False, asked
    fact = e.OrderUpdated({"lines": _units(found)})
    return settle_units(uow, found, fact), True, asked


def _as_wished(order: Order, taken: Mapping[int, CaptureLine], new: Sequence[Line]) -> Preview:
    changed = {i: _as_told(order.line(i), wish) for i, wish in taken.items()}
    after = order.with_lines(changed)
    return Preview(order, replace(after, lines=(*after.lines, *new)), (), (), 0, 0, {})


def _as_told(line: Line, wish: CaptureLine) -> Line:
    if wish.quantity > line.wanted:
        more = wish.quantity - line.wanted
        return replace(line, ordered=line.ordered + more, total=_grown_total(line, wish))
    return shrunk(line, min(line.wanted - wish.quantity, line.wanted - line.shipped))


def _units(found: Preview) -> dict[str, int]:
    old = {line.id: line.wanted for line in found.before.lines}
    moved: dict[str, int] = {}
    for line in found.after.lines:
        more = line.wanted - old.get(line.id, 0)
        moved[line.sku] = moved.get(line.sku, 0) + more
    return {sku: units for sku, units in moved.items() if units}


def _grown_total(line: Line, wish: CaptureLine) -> int:
    """What all units cost, with those that were removed before: the channel tells of the rest."""
    now = wish.total if wish.total is not None else wish.unit_price * wish.quantity
    return now + paid_for_first(line.total, line.ordered, line.canceled)


def new_line(new_id: Callable[[], int], position: int, line: CaptureLine) -> Line:
    total = line.total
    if total is None:
        total = line.unit_price * line.quantity - line.discount
    return Line(
        id=new_id(),
        position=position,
        external_id=line.external_id or None,
        sku=line.sku.strip(),
        title=line.title or line.sku,
        ordered=line.quantity,
        unit_price=line.unit_price,
        discount=line.discount,
        tax=line.tax,
        total=total,
        ships=line.ships,
    )


def _merge_way(uow: UnitOfWork, order: Order, ask: CaptureOrder) -> Order:
    """The channel says where it is collected after we have taken it for something else; nobody
    here has chosen another way or begun to work on it."""
    title = "shipping_title"
    is_ours = order.extra.get(title) != ask.extra.get(title)
    if not ask.pickup_at or is_pickup(order) or is_ours:
        return order
    works = uow.work.of(order.id)
    if any(not w.is_untouched for w in works if w.is_open) or any(x.shipped for x in order.lines):
        return order
    method, beside = way_of_new(uow.shop, ask.method, ask.shipping_line, ask.pickup_at)
    after = replace(order, method=method, extra={**order.extra, **beside})
    found = Preview(order, after, (), (), 0, 0, {})
    return settle_units(uow, found, e.OrderUpdated({"method": True}))


# --- words ----------------------------------------------------------------------------------------


def _merge_words(
    uow: UnitOfWork, order: Order, heard: _Heard, sums_count: bool
) -> tuple[Order, _Asked]:
    """Address, contact, note and sums, as far as the channel's word counts."""
    ask = heard.ask
    email = ask.email.strip().casefold() or order.email
    ship_to, asked = _merge_address(uow, order, heard)
    note, more = _merge_note(order, heard)
    wanted: dict[str, Any] = {
        "email": email,
        "phone": ask.phone or order.phone,
        "note": note,
        "customer_name": ask.customer_name or order.customer_name,
        "ship_to": ship_to,
        "tags": tuple(dict.fromkeys((*order.tags, *ask.tags))),
        **(_sums(order, heard) if sums_count else {}),
    }
    changed = {name: value for name, value in wanted.items() if getattr(order, name) != value}
    if not changed:
        return order, asked + more
    if "email" in changed:
        changed["customer_id"] = uow.people.customer(
            email, ask.phone, ask.customer_name, ask.language
        )
    fact = e.OrderUpdated({name: True for name in changed if name != "customer_id"})
    return uow.orders.save(Change(replace(order, **changed), (fact,))), asked + more


def _merge_address(uow: UnitOfWork, order: Order, heard: _Heard) -> tuple[Address, _Asked]:
    theirs = heard.ask.ship_to
    word = heard.base.whose_address(order.ship_to, theirs)
    if word in (Word.SAME, Word.OURS):
        return order.ship_to, _Asked()
    after = replace(order, ship_to=theirs)
    found = Preview(order, after, (), (), 0, 0, {})
    works = in_the_way(uow.work.of(order.id), uow.work.parcels(order.id), found)
    if word is Word.THEIRS and not works:
        return theirs, _Asked()
    wish = EditAction(Do.ADDRESS, address=theirs)
    return order.ship_to, _Asked((wish,), works, ("its address was changed in the shop",))


def _merge_note(order: Order, heard: _Heard) -> tuple[str, _Asked]:
    theirs = heard.ask.note
    word = whose(heard.base.note, order.note, theirs) if theirs else Word.OURS
    if word is Word.CONFLICT:
        wish = EditAction(Do.NOTE, text=theirs)
        return order.note, _Asked((wish,), (), ("its note was changed in the shop",))
    return (theirs if word is Word.THEIRS else order.note), _Asked()


def _sums(order: Order, heard: _Heard) -> dict[str, int]:
    """The channel's sums. On an order that was edited here they move by what the channel's moved,
    with its own lines only: what a refund makes of the channel's total is not an edit."""
    ask, base = heard.ask, heard.base
    if ask.total is None or ask.total == order.total:
        return {}
    told = {name: getattr(ask, name) for name in SUMS if getattr(ask, name) is not None}
    if not heard.edited:
        return told
    moved = {name: getattr(order, name) + told[name] - getattr(base, name) for name in told}
    return {name: max(0, amount) for name, amount in moved.items()}
