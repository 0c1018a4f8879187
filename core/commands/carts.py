"""Carts of a shop's front: stock held for some minutes, then given back or ordered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from core.commands.placing import serve_queue
from core.db import carts as book
from core.db import roster
from core.db.carts import Cart
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain import carts
from core.domain.access import Right
from core.domain.carts import Held
from core.domain.kits import units_of
from core.domain.order import Order
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.stock import Short, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

LINES_MOST, UNITS_MOST, MINUTES_MOST = 100, 10_000, 24 * 60
TRIES = 5
CHUNK = 25


@dataclass(frozen=True, slots=True)
class CartLine:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ReserveCart:
    """Hold exactly these units for a cart, for some minutes; only the difference moves.

    `cart` is the front's own name for it. Without minutes the shop's own limit counts.
    """

    cart: Annotated[str, Arg.WORD]
    lines: Annotated[tuple[CartLine, ...], Arg.NONE]
    minutes: Annotated[int, Arg.QUANTITY] = 0


@command("reserve-cart", ReserveCart, Right.CAPTURE, in_chat=False)
def reserve(ask: ReserveCart, uow: UnitOfWork) -> Done:
    name, wanted = _named(ask.cart), _wanted(uow, ask.lines)
    until = _until(uow, ask.minutes)
    known = book.named(uow, name)
    if known is None:
        _remember_carts(uow)
        return _told(_hold(uow, book.add(uow, name, {}, until), wanted, until))
    _require_not_ordered(known)
    return _told(_hold(uow, known, wanted, until))


@dataclass(frozen=True, slots=True)
class ExtendCart:
    """Hold what a cart wants for some minutes more; what it had lost is taken again."""

    cart: Annotated[str, Arg.WORD]
    minutes: Annotated[int, Arg.QUANTITY] = 0


@command("extend-cart", ExtendCart, Right.CAPTURE, in_chat=False)
def extend(ask: ExtendCart, uow: UnitOfWork) -> Done:
    cart = _known(uow, ask.cart)
    _require_not_ordered(cart)
    if cart.state == "released":
        raise NotPossible("That cart was given back.", "Reserve it anew.", code="released")
    return _told(_hold(uow, cart, cart.lines, _until(uow, ask.minutes)))


@dataclass(frozen=True, slots=True)
class ReleaseCart:
    """Give back what a cart holds."""

    cart: Annotated[str, Arg.WORD]


@command("release-cart", ReleaseCart, Right.CAPTURE, in_chat=False)
def release(ask: ReleaseCart, uow: UnitOfWork) -> Done:
    cart = _known(uow, ask.cart)
    _require_not_ordered(cart)
    if cart.is_live:
        _end(uow, cart, "released")
        serve_queue(uow, cart.lines)
    return Done("The cart holds nothing any more.", {"cart": cart.name})


# --- holding -------------------------------------------------------------------------------------


def _hold(uow: UnitOfWork, cart: Cart, wanted: Mapping[str, int], until: datetime) -> Cart:
    """All of it or nothing: a shop's front must not sell what it could not hold."""
    for _ in range(TRIES):
        held = book.held_by(uow.session, cart.id)
        less_or_more = carts.difference(wanted, held)
        more = {sku: n for sku, n in less_or_more.items() if n > 0}
        new, short = _find(uow, more)
        if short and book.free_overdue(uow, [*short]):
            continue
        if short:
            raise _too_little(wanted, short)
        gone = carts.give_up({sku: -n for sku, n in less_or_more.items() if n < 0}, held)
        try:
            uow.stock.move([*carts.releases(gone), *carts.reserves(new)])
        except Short:
            continue
        book.let_go(uow, gone, held, "released")
        after = replace(cart, state="held", lines=dict(wanted), expires_at=until)
        book.save(uow, cart, after, gave_back=bool(gone))
        book.keep(uow, after, new)
        return after
    raise _too_little(wanted, more)


def _find(uow: UnitOfWork, more: Mapping[str, int]) -> tuple[tuple[Held, ...], dict[str, int]]:
    ranks = {i: site.rank for i, site in uow.shop.locations.items()}
    sites = {i for i, site in uow.shop.locations.items() if site.active}
    levels = [level for level in uow.stock.levels(sorted(more)) if level.location_id in sites]
    return carts.spread(more, levels, ranks)


def _too_little(wanted: Mapping[str, int], short: Mapping[str, int]) -> NotPossible:
    left = [f"{max(0, wanted[sku] - n)} × {sku}" for sku, n in short.items()]
    return NotPossible(
        f"Only {' and '.join(left)} can be held.", "Offer the customer fewer.", code="short"
    )


def _end(uow: UnitOfWork, cart: Cart, state: str) -> None:
    held = book.held_by(uow.session, cart.id)
    uow.stock.lock_queue(cart.lines)
    uow.stock.move(carts.releases(held))
    book.let_go(uow, held, held, state)
    book.save(uow, cart, replace(cart, state=state))


# --- checks and words ----------------------------------------------------------------------------


def _named(name: str) -> str:
    clean = name.strip()
    if not 1 <= len(clean) <= 200:
        raise Invalid("A cart has a name of 1 to 200 characters.", "Send the front's own id.")
    return clean


def _known(uow: UnitOfWork, name: str) -> Cart:
    cart = book.named(uow, _named(name))
    if cart is None:
        raise NotFound("There is no such cart.", "Reserve it first.")
    return cart


def _require_not_ordered(cart: Cart) -> None:
    if cart.state == "ordered":
        raise NotPossible(
            f"That cart became order {cart.order}.", "Begin a new cart.", code="ordered"
        )


def _wanted(uow: UnitOfWork, lines: Sequence[CartLine]) -> dict[str, int]:
    """Units by SKU, added up; a quantity of none takes a SKU out."""
    if not 1 <= len(lines) <= LINES_MOST:
        raise Invalid(f"A cart has 1 to {LINES_MOST} lines.", "Give it back with release_cart.")
    sums: Counter[str] = Counter()
    for line in lines:
        if not 0 <= line.quantity <= UNITS_MOST:
            raise Invalid(f"A quantity of {line.quantity} makes no sense.", "Send 0 to 10,000.")
        sums[line.sku.strip()] += line.quantity
    unknown = sorted(set(sums) - uow.stock.known(sorted(sums)))
    if unknown:
        raise NotFound(f"There is no SKU “{unknown[0]}”.", "Check how it is written.")
    return units_of(uow.shop.kits, +sums)


def _until(uow: UnitOfWork, minutes: int) -> datetime:
    if not 0 <= minutes <= MINUTES_MOST:
        raise Invalid(f"A cart is held for 1 to {MINUTES_MOST} minutes.")
    return uow.now + timedelta(minutes=minutes or int(uow.shop.policy["cart_minutes"]))


def _told(cart: Cart) -> Done:
    facts = {
        "cart": cart.name,
        "expires_at": cart.expires_at.isoformat(),
        "lines": dict(cart.lines),
    }
    units = sum(cart.lines.values())
    held = "1 unit is" if units == 1 else f"{units} units are"
    return Done(f"{held} held until {cart.expires_at:%Y-%m-%d %H:%M} UTC.", facts)


def _remember_carts(uow: UnitOfWork) -> None:
    """From the first cart on, a shortage looks for carts whose time has passed."""
    if not uow.shop.uses_carts:
        settings = roster.settings_of(uow.session, uow.shop.id)
        uow.people.set_shop(settings=settings | {"uses_carts": True})


# --- becoming an order ---------------------------------------------------------------------------


def claim(uow: UnitOfWork, name: str, order: Order) -> list[StockMove]:
    """The moves that give up what a cart holds, for its own order to make together with its
    promises. An unknown cart, or one that is over, holds nothing: the order is placed as any."""
    cart = book.named(uow, name.strip()) if uow.shop.uses_carts else None
    if cart is None or cart.state in ("ordered", "released"):
        return []
    held = book.held_by(uow.session, cart.id)
    book.let_go(uow, held, held, "released")
    after = replace(cart, state="ordered", order=order.number)
    book.save(uow, cart, after, gave_back=_leaves_some(order, held))
    return carts.releases(held)


def held_for(reader: Reader, name: str) -> list[StockMove]:
    """What `claim` would give up, looked at from outside."""
    shop = reader.shop
    cart = book.look(reader.session, shop.id, name.strip()) if shop.uses_carts else None
    if cart is None or cart.state in ("ordered", "released"):
        return []
    return carts.releases(book.held_by(reader.session, cart.id))


def _leaves_some(order: Order, held: Sequence[Held]) -> bool:
    """The cart held more than was ordered in the end."""
    ordered: Counter[str] = Counter()
    for line in order.lines:
        ordered[line.sku] += line.ordered
    return any(n < 0 for n in carts.difference(ordered, held).values())


# --- by the clock --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReleaseExpiredCarts:
    """Give back what carts hold beyond their time, and serve the orders that wait for it."""


@command("release-carts", ReleaseExpiredCarts, Right.MACHINERY, in_chat=False)
def release_expired(_: ReleaseExpiredCarts, uow: UnitOfWork) -> Done:
    if not uow.shop.uses_carts:
        return Done("0 carts have ended.", {"released": 0, "more": False})
    ids = book.over(uow.session, uow.shop.id, uow.now, CHUNK + 1)
    ended = [cart for cart in (book.by_id(uow, i) for i in ids[:CHUNK]) if _is_over(uow, cart)]
    for cart in ended:
        _end(uow, cart, "expired")
    waiting = book.unserved(uow.session, uow.shop.id, CHUNK)
    serve_queue(uow, {sku for cart in ended for sku in cart.lines} | _skus(waiting))
    for cart_id, _skus_of in waiting:
        book.mark_served(uow, cart_id)
    facts = {"released": len(ended), "more": len(ids) > CHUNK or len(waiting) == CHUNK}
    return Done(f"{len(ended)} carts have ended.", facts)


def _is_over(uow: UnitOfWork, cart: Cart) -> bool:
    return cart.is_live and cart.expires_at <= uow.now


def _skus(waiting: Sequence[tuple[int, list[str]]]) -> set[str]:
    return {sku for _, skus in waiting for sku in skus}
