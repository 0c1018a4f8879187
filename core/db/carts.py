"""Carts and what they hold: rows ↔ domain. A cart is named by the shop's own front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import from_json, micros, moment, to_json
from core.domain.carts import Held, releases
from core.domain.refusals import Conflict
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_c, _r = t.cart.c, t.reservation.c
_FIELDS = (_c.id, _c.name, _c.state, _c.lines, _c.expires_at, _c.order_number)
_BY_NAME = Statement(
    sa.select(*_FIELDS)
    .where(_c.shop_id == sa.bindparam("shop"), _c.name == sa.bindparam("name"))
    .with_for_update()
)
_LOOK = Statement(
    sa.select(*_FIELDS).where(_c.shop_id == sa.bindparam("shop"), _c.name == sa.bindparam("name"))
)
_BY_ID = Statement(sa.select(*_FIELDS).where(_c.id == sa.bindparam("id")).with_for_update())
_HELD = Statement(
    sa.select(_r.sku, _r.location_id, _r.quantity, _r.id)
    .where(_r.cart_id == sa.bindparam("cart"), _r.state == "held")
    .order_by(_r.sku, _r.location_id, _r.id)
)
_SAVE = Statement(
    t.cart.update().where(_c.id == sa.bindparam("row_id"), _c.state == sa.bindparam("seen")),
    sets=("state", "lines", "units", "expires_at", "order_number", "unserved"),
)
_PROLONG = Statement(
    t.reservation.update()
    .where(_r.cart_id == sa.bindparam("cart"), _r.state == "held")
    .values(expires_at=sa.bindparam("until"))
)
_END = Statement(
    t.reservation.update()
    .where(_r.id == sa.bindparam("row_id"), _r.state == "held")
    .values(state=sa.bindparam("new_state"))
)
_LESSEN = Statement(
    t.reservation.update()
    .where(_r.id == sa.bindparam("row_id"), _r.state == "held")
    .values(quantity=_r.quantity - sa.bindparam("less"))
)
_OVERDUE_AT = Statement(
    sa.select(_r.sku, _r.location_id, _r.quantity, _r.id)
    .where(
        _r.shop_id == sa.bindparam("shop"),
        _r.sku == sa.bindparam("sku"),
        _r.state == "held",
        _r.cart_id.is_not(None),
        _r.expires_at <= sa.bindparam("before"),
    )
    .order_by(_r.location_id, _r.id)
)
_LIVE_AT = Statement(
    sa.select(_r.sku, _r.location_id, _r.quantity, _r.id)
    .where(
        _r.shop_id == sa.bindparam("shop"),
        _r.sku == sa.bindparam("sku"),
        _r.location_id == sa.bindparam("location"),
        _r.state == "held",
        _r.cart_id.is_not(None),
    )
    .order_by(_r.expires_at, _r.id)
)
_OVER = Statement(
    sa.select(_c.id)
    .where(
        _c.shop_id == sa.bindparam("shop"),
        _c.state == "held",
        _c.expires_at <= sa.bindparam("now"),
    )
    .order_by(_c.id)
    .limit(sa.bindparam("most"))
)
_UNSERVED = Statement(
    sa.select(_c.id, _c.lines)
    .where(_c.shop_id == sa.bindparam("shop"), _c.unserved == 1)
    .order_by(_c.id)
    .limit(sa.bindparam("most"))
)
_SERVED = Statement(t.cart.update().where(_c.id == sa.bindparam("row_id")).values(unserved=0))


@dataclass(frozen=True, slots=True)
class Cart:
    """`lines` are the units that it wants of each SKU; what it holds are its reservations."""

    id: int
    name: str
    state: str
    lines: Mapping[str, int]
    expires_at: datetime
    order: str = ""

    @property
    def is_live(self) -> bool:
        return self.state == "held"


def _cart(row: Row) -> Cart:
    row_id, name, state, lines, expires, order = row
    return Cart(row_id, name, state, from_json(lines), moment(expires), order)


def look(session: Session, shop_id: int, name: str) -> Cart | None:
    """The cart as it is, without a lock."""
    row = session.row(_LOOK, shop=shop_id, name=name)
    return None if row is None else _cart(row)


def named(uow: UnitOfWork, name: str) -> Cart | None:
    """The cart, which nobody else changes until this command ends."""
    row = uow.session.row(_BY_NAME, shop=uow.shop.id, name=name)
    return None if row is None else _cart(row)


def by_id(uow: UnitOfWork, cart_id: int) -> Cart:
    row = uow.session.row(_BY_ID, id=cart_id)
    if row is None:
        raise Conflict("That cart is gone.", "Begin a new one.")
    return _cart(row)


def held_by(session: Session, cart_id: int) -> list[Held]:
    return [Held(*row) for row in session.rows(_HELD, cart=cart_id)]


def live_at(session: Session, shop_id: int, sku: str, location_id: int) -> list[Held]:
    """What carts hold of a SKU at a location; those that end first stand first."""
    found = session.rows(_LIVE_AT, shop=shop_id, sku=sku, location=location_id)
    return [Held(*row) for row in found]


def over(session: Session, shop_id: int, now: datetime, most: int) -> list[int]:
    """Ids of carts whose time has passed."""
    return [row[0] for row in session.rows(_OVER, shop=shop_id, now=micros(now), most=most)]


def unserved(session: Session, shop_id: int, most: int) -> list[tuple[int, list[str]]]:
    """Carts that gave units back for which nobody was served yet, with their SKUs."""
    found = session.rows(_UNSERVED, shop=shop_id, most=most)
    return [(row[0], sorted(from_json(row[1]))) for row in found]


# --- writing -------------------------------------------------------------------------------------


def add(uow: UnitOfWork, name: str, lines: Mapping[str, int], until: datetime) -> Cart:
    cart = Cart(uow.new_id(), name, "held", lines, until)
    row = {
        "id": cart.id,
        "shop_id": uow.shop.id,
        "name": name,
        "lines": to_json(dict(lines)),
        "expires_at": micros(until),
        "created_at": micros(uow.now),
    }
    uow.insert_now(t.cart, row)
    return cart


def save(uow: UnitOfWork, before: Cart, after: Cart, *, gave_back: bool = False) -> Cart:
    """The cart's new state; the end of what it still holds is told to its reservations, too."""
    changed = uow.session.run(
        _SAVE,
        row_id=after.id,
        seen=before.state,
        state=after.state,
        lines=to_json(dict(after.lines)),
        units=sum(after.lines.values()),
        expires_at=micros(after.expires_at),
        order_number=after.order,
        unserved=int(gave_back),
    )
    if changed != 1:
        raise Conflict("That cart changed meanwhile.", "Look again and repeat.")
    if after.is_live:
        uow.session.run(_PROLONG, cart=after.id, until=micros(after.expires_at))
    return after


def mark_served(uow: UnitOfWork, cart_id: int) -> None:
    uow.session.run(_SERVED, row_id=cart_id)


def keep(uow: UnitOfWork, cart: Cart, new: Iterable[Held]) -> None:
    """Write the reservations behind a cart; the moves themselves go through `stock.move`."""
    for one in new:
        row = {
            "id": uow.new_id(),
            "shop_id": uow.shop.id,
            "sku": one.sku,
            "location_id": one.location_id,
            "quantity": one.quantity,
            "state": "held",
            "cart_id": cart.id,
            "expires_at": micros(cart.expires_at),
        }
        uow.insert_now(t.reservation, row)


def let_go(uow: UnitOfWork, given_up: Iterable[Held], held: Sequence[Held], state: str) -> None:
    """Some units of these reservations, or all, are held no more."""
    whole = {one.id: one.quantity for one in held}
    for one in given_up:
        params: dict[str, Any] = {"row_id": one.id}
        if one.quantity == whole[one.id]:
            changed = uow.session.run(_END, new_state=state, **params)
        else:
            changed = uow.session.run(_LESSEN, less=one.quantity, **params)
        if changed != 1:
            raise Conflict("That stock was released meanwhile.", "Look again and repeat.")


def free_overdue(uow: UnitOfWork, skus: Iterable[str]) -> bool:
    """Give back what carts hold of these SKUs beyond their time; True when that was something.

    The carts themselves are ended by the scan, which also serves those who wait.
    """
    found = [
        Held(*row)
        for sku in sorted(set(skus))
        for row in uow.session.rows(_OVERDUE_AT, shop=uow.shop.id, sku=sku, before=micros(uow.now))
    ]
    if found:
        let_go(uow, found, found, "expired")
        uow.stock.move(releases(found))
    return bool(found)


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "what is held for a cart has an end and a cart that is not over": (
        "I-39",
        """select r.id from reservation r left join cart c on c.id = r.cart_id
        where r.cart_id is not null and r.state = 'held' and (r.expires_at is null
            or c.id is null or c.state <> 'held' or c.shop_id <> r.shop_id
            or r.order_id is not null)""",
    ),
    "a cart never holds more than it wants": (
        "I-39b",
        """select c.name from cart c join (
            select cart_id, sum(quantity) as held from reservation
            where state = 'held' and cart_id is not null group by cart_id
        ) r on r.cart_id = c.id where r.held > c.units""",
    ),
    "a cart that became an order says which": (
        "I-39c",
        "select name from cart where (state = 'ordered') <> (order_number <> '')",
    ),
}
