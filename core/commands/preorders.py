"""Announced goods and suppliers: sold before they are here, followed like a late warehouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from core.commands.placing import open_short_case, serve_queue
from core.commands.shelves import what_and_where
from core.commands.street_dates import move_their_day
from core.db import awaiting as book
from core.db import tables as t
from core.db.shelf import find_product, similar_skus
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.awaiting import Preorder
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

LIMIT_MOST, LEAD_MOST, LIST_MOST, CHUNK = 1_000_000, 90, 200, 25


class Early(StrEnum):
    """What becomes of goods that come before the day: they leave, or wait for it."""

    LEAVE = "leave"
    STREET = "street"


@dataclass(frozen=True, slots=True)
class SetPreorder:
    """Announce a product: orders await it until then and are not short; `limit` units at most.

    With `street` that is its day of sale: goods that come earlier wait for it.
    """

    sku: Annotated[str, Arg.SKU]
    available_from: Annotated[datetime, Arg.UNTIL]
    limit: Annotated[int | None, Arg.QUANTITY] = None
    goods: Annotated[Early, Arg.CHOICE] = Early.LEAVE


@command(
    "preorder",
    SetPreorder,
    Right.STOCK,
    examples=("preorder mug-red 200 until 2027-03-01", "preorder mug-red street until 2027-03-01"),
)
def set_preorder(ask: SetPreorder, uow: UnitOfWork) -> Done:
    sku, day = _sku(uow, ask.sku), _local(uow, ask.available_from)
    if day <= today(uow):
        raise Invalid("That day has come.", "Name a day that is still to come.")
    if ask.limit is not None and not 1 <= ask.limit <= LIMIT_MOST:
        raise Invalid(f"A limit of {ask.limit} makes no sense.", f"Write 1 to {LIMIT_MOST:,}.")
    before = uow.shop.preorders.get(sku)
    street = ask.goods is Early.STREET
    book.announce(uow, sku, Preorder(day, ask.limit, street))
    move_their_day(uow, sku, day if street else None)
    moved = _follow(uow, sku, day) if before and before.available_from != day else []
    limit = f", {ask.limit} units at most" if ask.limit is not None else ""
    told = f" Moved: {', '.join(moved)}." if moved else ""
    facts = {"sku": sku, "from": day.isoformat(), "orders": moved}
    early = " Goods that come earlier wait for that day." if street else ""
    return Done(f"{sku} is sold ahead until {day.isoformat()}{limit}.{early}{told}", facts)


@dataclass(frozen=True, slots=True)
class EndPreorder:
    """Sell a product only from stock again; what waits for it now is short."""

    sku: Annotated[str, Arg.SKU]


@command("end-preorder", EndPreorder, Right.STOCK, examples=("end preorder mug-red",))
def end_preorder(ask: EndPreorder, uow: UnitOfWork) -> Done:
    sku = _sku(uow, ask.sku)
    if sku not in uow.shop.preorders:
        raise NotPossible(f"{sku} is not sold ahead.", code="already")
    book.announce(uow, sku, None)
    move_their_day(uow, sku, None)
    for order_id in uow.stock.queue([sku]):
        order = uow.orders.own(order_id)
        lines = {x.id: replace(x, awaits="") for x in order.lines if x.sku == sku and x.awaits}
        if lines:
            open_short_case(uow, uow.orders.save(Change(order.with_lines(lines))))
    return Done(f"{sku} is sold from stock only.", {"sku": sku})


def _follow(uow: UnitOfWork, sku: str, day: date) -> list[str]:
    """The supplier named another day: every order that awaits it is told, like a late warehouse."""
    moved = []
    for order_id in uow.stock.queue([sku]):
        order = uow.orders.own(order_id)
        lines = {x.id: x for x in order.lines if x.sku == sku and x.awaits and x.backordered}
        if not lines:
            continue
        old = max(date.fromisoformat(line.awaits) for line in lines.values())
        told = {i: replace(line, awaits=day.isoformat()) for i, line in lines.items()}
        after = _shifted(order.with_lines(told), (day - old).days)
        fact = e.PromiseChanged(_iso(order.promise), _iso(after.promise), "supplier")
        uow.orders.save(Change(after, (fact,) if after.promise != order.promise else ()))
        moved.append(order.number)
    return moved


def _shifted(order: Order, days: int) -> Order:
    if order.promise is None or days <= 0:
        return order
    return replace(order, promise=date.fromordinal(order.promise.toordinal() + days))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


# --- suppliers -----------------------------------------------------------------------------------


class VendorStock(StrEnum):
    """What a supplier's stock is: the figure that it tells, or always enough."""

    TOLD = "told"
    ENDLESS = "endless"


@dataclass(frozen=True, slots=True)
class SetVendor:
    """Say how many days a dropship location takes, and whether it always has what it lists."""

    location: Annotated[str, Arg.LOCATION]
    lead_days: Annotated[int, Arg.QUANTITY]
    stock: Annotated[VendorStock, Arg.CHOICE] = VendorStock.TOLD


@command("vendor", SetVendor, Right.MANAGE, examples=("vendor ber 3 endless", "vendor ber 2"))
def set_vendor(ask: SetVendor, uow: UnitOfWork) -> Done:
    place = uow.shop.location(ask.location)
    if place.kind != "dropship":
        raise NotPossible(
            f"{place.code} is a {place.kind}.",
            f"Make it a supplier first: `wismo location set {place.code} --kind dropship`.",
        )
    if not 0 <= ask.lead_days <= LEAD_MOST:
        raise Invalid(f"{ask.lead_days} days make no sense.", f"Write 0 to {LEAD_MOST}.")
    endless = ask.stock is VendorStock.ENDLESS
    values = {"lead_days": ask.lead_days, "endless": int(endless)}
    uow.people.put(t.location, {"code": place.code}, values)
    before = VendorStock.ENDLESS if place.endless else VendorStock.TOLD
    uow.undo = SetVendor(place.code, place.lead_days, before)
    has = "always has what it lists" if endless else "has what it tells"
    return Done(f"{place.code} takes {ask.lead_days} days and {has}.", {"location": place.code})


@dataclass(frozen=True, slots=True)
class ListSupply:
    """Say which SKUs a location may send; who always has them needs no figure."""

    location: Annotated[str, Arg.LOCATION]
    skus: Annotated[str, Arg.TEXT]


@command("supplies", ListSupply, Right.STOCK, examples=("supplies ber mug-red poster-sun",))
def list_supply(ask: ListSupply, uow: UnitOfWork) -> Done:
    place = uow.shop.location(ask.location)
    words = ask.skus.replace(",", " ").split()
    if not 1 <= len(words) <= LIST_MOST:
        raise Invalid(f"Name 1 to {LIST_MOST} SKUs.", "Say it in parts.")
    skus = [what_and_where(uow, word, place.code)[0].sku for word in words]
    new = [sku for sku in dict.fromkeys(skus) if book.list_at(uow, sku, place.id)]
    served = serve_queue(uow, skus) if place.id in uow.shop.endless else []
    told = f" Served: {', '.join(served)}." if served else ""
    facts = {"location": place.code, "new": new, "served": served}
    return Done(f"{place.code} lists {len(new)} more.{told}", facts)


# --- by the clock --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchAwaited:
    """Open a case for every order whose announced goods should be here by now."""


@command("watch-awaited", WatchAwaited, Right.MACHINERY, in_chat=False)
def watch_awaited(_: WatchAwaited, uow: UnitOfWork) -> Done:
    ids = book.overdue(uow.session, uow.shop.id, today(uow), CHUNK + 1)
    for order_id in ids[:CHUNK]:
        open_short_case(uow, uow.orders.own(order_id))
    facts = {"opened": len(ids[:CHUNK]), "more": len(ids) > CHUNK}
    return Done(f"{len(ids[:CHUNK])} orders await what should be here.", facts)


# --- shared --------------------------------------------------------------------------------------


def today(uow: UnitOfWork) -> date:
    """The shop's own day."""
    return _local(uow, uow.now)


def _local(uow: UnitOfWork, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(uow.shop.time_zone)).date()


def _sku(uow: UnitOfWork, word: str) -> str:
    found = find_product(uow.session, uow.shop.id, word)
    if found is None:
        near = ", ".join(similar_skus(uow.session, uow.shop.id, word))
        raise NotFound(
            f"There is no SKU “{word}”.",
            f"Did you mean {near}?" if near else "Check how it is written.",
        )
    return found.sku
