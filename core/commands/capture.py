"""Capture: an order from any channel becomes ours, and every later word of the channel merges."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date, datetime
from itertools import count
from typing import Any

from core.commands.carts import claim, held_for
from core.commands.merging import merge, new_line
from core.commands.payment_news import (
    CapturePayment,
    keep_payments,
    require_payments,
    taken_of,
)
from core.commands.placing import (
    open_short_case,
    open_unknown_case,
    place,
    snapshot,
)
from core.commands.planned import Planned, planned
from core.commands.screening import screen
from core.commands.ways import way_of_new
from core.db import ahead
from core.db.connection import Question
from core.db.orders import order_by_external
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.kits import opened, units_of
from core.domain.money import exponent
from core.domain.order import PART, Address, Change, Line, Order
from core.domain.placed_money import frozen
from core.domain.priority import priority_of
from core.domain.refusals import Invalid, Refusal
from core.domain.shop import Shop
from core.domain.stock import Level, Move, Short, StockMove
from core.domain.values import dataclass, replace
from core.registry import Done, command

log = logging.getLogger("wismo.capture")

MONEY_MAX = 10**13


@dataclass(frozen=True, slots=True)
class CaptureLine:
    """One line as the channel tells it; `quantity` is what is wanted now, after its own edits."""

    sku: str
    quantity: int
    external_id: str = ""
    title: str = ""
    unit_price: int = 0
    discount: int = 0
    tax: int = 0
    total: int | None = None
    ships: bool = True


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """Bring in an order, or the newest state of one that is known already.

    Money is minor units of `currency`; `captured` is what was paid so far. `updated_at` is the
    channel's own clock: older states never overwrite newer ones, equal ones merge.
    """

    external_id: str
    lines: tuple[CaptureLine, ...]
    currency: str
    placed_at: datetime
    number: str = ""
    channel: str = "api"
    connection_id: int | None = None
    updated_at: datetime | None = None
    subtotal: int | None = None
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    shipping_tax: int | None = None  # of `tax`; where it is not told, what the lines leave of it
    total: int | None = None
    captured: int = 0
    email: str = ""
    phone: str = ""
    customer_name: str = ""
    language: str = ""
    ship_to: Address = field(default_factory=Address)
    bill_to: Address = field(default_factory=Address)
    promise: date | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    payment_note: str = ""
    canceled_at: datetime | None = None
    cancel_reason: str = ""
    handed_over: bool = False
    sold_at: str = ""  # the location of a till sale: code, or the channel's own id of it
    sends_messages: bool = True
    shipping_line: str = ""  # as the channel names it; `method` says what it means
    method: str = ""
    pickup_at: str = ""  # where it is collected: code, name, or the channel's own id of the store
    cart: str = ""  # what it held becomes the order's promise
    payments: tuple[CapturePayment, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    def audited(self) -> dict[str, Any]:
        return {
            "external_id": self.external_id,
            "number": self.number,
            "channel": self.channel,
            "lines": [[line.sku, line.quantity] for line in self.lines],
            "total": self.total,
        }


def prepare(ask: CaptureOrder, reader: Reader) -> Planned:
    """Look at the stock, and plan an order that is new. Whatever is wrong with it is for the writer
    to find out, who keeps the message."""
    kits = reader.shop.kits
    levels = snapshot(reader, units_of(kits, {line.sku.strip(): 1 for line in ask.lines}))
    if ask.handed_over or ask.canceled_at is not None or _is_known(ask, reader):
        return Planned(levels)
    try:
        _require_sense(ask)
        order = _drawn(ask, reader.shop, count(1).__next__, reader.now)
        return planned(reader, order, levels, held_for(reader, ask.cart) if ask.cart else ())
    except Refusal:
        return Planned(levels)
    except Exception:
        log.exception("an order could not be planned ahead")
        return Planned(levels)


def _is_known(ask: CaptureOrder, reader: Reader) -> bool:
    if ask.connection_id is None:
        return False
    return order_by_external(reader.session, ask.connection_id, ask.external_id) is not None


def questions(ask: CaptureOrder, shop_id: int) -> list[Question]:
    skus = [line.sku.strip() for line in ask.lines if line.quantity and line.ships]
    number, email = _clean_number(ask), _clean_email(ask)
    return ahead.of_capture(shop_id, ask.connection_id, ask.external_id, number, email, skus)


@command(
    "capture",
    CaptureOrder,
    Right.CAPTURE,
    prepare=prepare,
    in_chat=False,
    questions=questions,
)
def capture(ask: CaptureOrder, uow: UnitOfWork, thought: Planned | None) -> Done:
    _require_sense(ask)
    known = None
    if ask.connection_id is not None:
        known = uow.orders.by_external(ask.connection_id, ask.external_id)
    if known is not None:
        return merge(uow, known, ask)
    uow.founding = True
    order = _new_order(uow, ask)
    uow.emit(order.id, e.OrderCaptured(order.channel, order.total, order.currency, _units(order)))
    if order.captured:
        uow.emit(order.id, e.OrderPaid(order.captured, order.currency))
    if ask.handed_over:
        order = _sell(uow, order, ask)
    elif ask.canceled_at is not None:
        change = order.cancel(ask.cancel_reason or "canceled in the shop", ask.canceled_at, True)
        order = change.after
        uow.emit(order.id, *change.events)
    else:
        own = claim(uow, ask.cart, order) if ask.cart else ()
        levels = None if own or thought is None else thought.levels
        order = screen(uow, place(uow, order, thought, own=own), levels)
    uow.orders.add(Change(order))
    if ask.payments:
        uow.write_rows()
        keep_payments(uow, order, ask.payments)
    _open_cases(uow, order)
    return Done(f"Order {order.number} is captured.", {"order": order.number, "id": order.id})


def _require_sense(ask: CaptureOrder) -> None:
    if not ask.lines:
        raise Invalid("An order needs at least one line.")
    if not ask.external_id:
        raise Invalid("An order needs the channel's own id.", "Send external_id.")
    if len(ask.lines) > 1000:
        raise Invalid("An order has 1,000 lines at most.")
    for line in ask.lines:
        if not 0 <= line.quantity <= 100_000:
            raise Invalid(f"A quantity of {line.quantity} makes no sense.", "Send 1 to 100,000.")
    exponent(ask.currency.upper())
    _require_money(ask)
    require_payments(ask.payments)
    _require_sizes(ask)


def _require_money(ask: CaptureOrder) -> None:
    amounts = [ask.subtotal, ask.total, ask.discount, ask.shipping]
    amounts += [ask.tax, ask.shipping_tax, ask.captured]
    for line in ask.lines:
        amounts += [line.unit_price, line.discount, line.tax, line.total]
    told = [amount or 0 for amount in amounts]
    if min(told) < 0 or max(told) > MONEY_MAX:
        raise Invalid(f"An amount lies between 0 and {MONEY_MAX:,} minor units.")


def _require_sizes(ask: CaptureOrder) -> None:
    """Longer names than these are no names, and no index holds them."""
    sizes = {"number": 60, "external_id": 200, "channel": 40, "email": 254, "phone": 40}
    for name, most in sizes.items():
        if len(getattr(ask, name)) > most:
            raise Invalid(f"{name} has {most} characters at most.")
    if any(len(line.sku) > 100 or len(line.external_id) > 200 for line in ask.lines):
        raise Invalid("A SKU has 100 characters at most, an external_id 200.")


def _units(order: Order) -> int:
    return sum(line.ordered for line in order.lines if line.kind != PART)


def _new_order(uow: UnitOfWork, ask: CaptureOrder) -> Order:
    email = _clean_email(ask)
    customer = uow.people.customer(email, ask.phone, ask.customer_name, ask.language)
    return _drawn(ask, uow.shop, uow.new_id, uow.now, _number(uow, ask), customer)


def _drawn(
    ask: CaptureOrder,
    shop: Shop,
    new_id: Callable[[], int],
    now: datetime,
    number: str = "",
    customer_id: int | None = None,
) -> Order:
    """The order as the channel tells it, before anything is found for it."""
    lines, shipping_tax = frozen(
        _lines(ask, new_id),
        shipping=ask.shipping,
        discount=ask.discount,
        tax=ask.tax,
        total=ask.total,
    )
    goods = sum(line.total for line in lines)
    total = ask.total if ask.total is not None else goods + ask.shipping
    method, beside = way_of_new(shop, ask.method, ask.shipping_line, ask.pickup_at)
    order = Order(
        id=new_id(),
        shop_id=shop.id,
        number=number,
        channel=ask.channel,
        connection_id=ask.connection_id,
        external_id=ask.external_id,
        customer_id=customer_id,
        email=_clean_email(ask),
        phone=ask.phone,
        customer_name=ask.customer_name or ask.ship_to.name,
        language=ask.language or shop.language,
        currency=ask.currency.upper(),
        subtotal=ask.subtotal if ask.subtotal is not None else goods,
        discount=ask.discount,
        shipping=ask.shipping,
        tax=ask.tax,
        shipping_tax=shipping_tax if ask.shipping_tax is None else ask.shipping_tax,
        total=total,
        captured=taken_of(ask.captured, ask.payments) if ask.payments else ask.captured,
        refunded=0,
        ship_to=ask.ship_to,
        bill_to=ask.bill_to,
        lines=lines,
        placed_at=ask.placed_at,
        captured_at=now,
        promise=ask.promise,
        promise_basis="shown by the channel" if ask.promise else "",
        method=method,
        note=ask.note,
        tags=ask.tags,
        priority=priority_of(0, ask.tags),
        handed_over=ask.handed_over,
        source_updated_at=ask.updated_at,
        payment_note=ask.payment_note,
        sends_messages=ask.sends_messages and not ask.handed_over,
        extra={**ask.extra, **beside} if beside else ask.extra,
    )
    return opened(order, shop.kits, new_id) if shop.kits else order


def _lines(ask: CaptureOrder, new_id: Callable[[], int]) -> tuple[Line, ...]:
    lines = tuple(
        new_line(new_id, position, line)
        for position, line in enumerate(ask.lines, 1)
        if line.quantity
    )
    if not lines:
        raise Invalid("An order needs at least one unit.")
    return lines


def _clean_email(ask: CaptureOrder) -> str:
    return ask.email.strip().casefold()


def _clean_number(ask: CaptureOrder) -> str:
    return ask.number.strip().lstrip("#")


def _number(uow: UnitOfWork, ask: CaptureOrder) -> str:
    """The channel's own number; prefixed when another channel has it; else a sequence."""
    wanted = _clean_number(ask)
    if not wanted:
        return _free_number(uow)
    if not uow.orders.number_taken(wanted):
        return wanted
    connection = uow.shop.connection(ask.connection_id) if ask.connection_id else None
    prefix = (connection.name if connection else ask.channel).upper()[:4]
    names = (f"{prefix}-{wanted}{'' if n == 1 else f'-{n}'}" for n in count(1))
    return next(name for name in names if not uow.orders.number_taken(name))


def _free_number(uow: UnitOfWork) -> str:
    while uow.orders.number_taken(number := str(uow.people.next_number("order"))):
        continue
    return number


def _open_cases(uow: UnitOfWork, order: Order) -> None:
    if order.is_canceled or order.handed_over:
        return
    if any(line.unplaced > 0 for line in order.lines):
        open_unknown_case(uow, order)
    if any(line.backordered for line in order.lines):
        open_short_case(uow, order)


# --- over the till -------------------------------------------------------------------------------


def _sell(uow: UnitOfWork, order: Order, ask: CaptureOrder) -> Order:
    """A till sale is handed over already: stock falls, nothing routes, nothing is sent."""
    location_id = _till(uow, ask.sold_at)
    lines = {
        line.id: replace(line, shipped=line.ordered, delivered=line.ordered)
        for line in order.lines
        if line.ships
    }
    for sku in sorted(uow.stock.known([line.sku for line in lines.values()])):
        _sell_units(uow, order, [x for x in lines.values() if x.sku == sku], location_id)
    uow.emit(order.id, e.SoldAtTill(uow.shop.locations[location_id].code))
    return order.with_lines(lines)


def _till(uow: UnitOfWork, word: str) -> int:
    for place_ in uow.shop.locations.values():
        if word and word in place_.external_ids.values():
            return place_.id
    if word:
        return uow.shop.location(word).id
    stores = [p for p in uow.shop.locations.values() if p.kind == "store"]
    places = stores or list(uow.shop.locations.values())
    if not places:
        raise Invalid("There is no location for this sale.", "Add one: `wismo location add`.")
    return places[0].id


def _sell_units(uow: UnitOfWork, order: Order, lines: list[Line], location_id: int) -> None:
    """The goods of one SKU are gone whatever the book says: above book, it is corrected first."""
    sku, units = lines[0].sku, sum(line.ordered for line in lines)
    sales = [StockMove(Move.SELL, sku, location_id, line.ordered, line.id) for line in lines]
    try:
        uow.stock.move(sales)
        return
    except Short:
        found = uow.stock.level(sku, location_id)
    level = found[0] if found else Level(sku, location_id, 0, 0)
    missing = units - (level.on_hand - level.reserved)
    why = "till sale above book"
    uow.stock.move([StockMove(Move.ADJUST, sku, location_id, missing, lines[0].id, reason=why)])
    uow.stock.move(sales)
    finding = Finding(
        CaseKind.TILL_ABOVE_BOOK,
        f"till:{order.id}:{sku}",
        f"{uow.shop.locations[location_id].code} sold {units} × {sku}; "
        f"the book was {missing} short. Count it.",
        location_id=location_id,
        facts={"sku": sku, "missing": missing, "order": order.number},
    )
    uow.cases.open(finding)
