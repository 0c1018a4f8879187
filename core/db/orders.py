"""The repository of orders: rows ↔ domain, hidden from those who may not see them."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import msgspec
import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.holds import hold_row, read_holds, store_holds
from core.db.rows import from_json, micros, micros_or_none, moment, moment_or_none, to_json
from core.domain.access import Role
from core.domain.fulfillment import Stage
from core.domain.holds import Scope, widened
from core.domain.kits import opened, settled
from core.domain.order import Address, Change, Line, Order
from core.domain.payments import payment_status
from core.domain.refusals import Conflict, NotFound
from core.domain.values import replace

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_o, _l = t.orders.c, t.order_line.c
_DERIVED = (
    _o.links_version,
    _o.status,
    _o.payment_status,
    _o.fulfillment_status,
    _o.return_status,
    _o.held,
    _o.find,
)
ORDER_COLUMNS = _COLUMNS = [c for c in t.orders.columns if c not in _DERIVED]
_NAMES = [c.name for c in _COLUMNS]

_RETURN_OR_CLAIM = re.compile(r"(?:R|CL)(.+)-[0-9]+", re.IGNORECASE)
_BY_ID = Statement(sa.select(*_COLUMNS).where(_o.id == sa.bindparam("id")))
_BY_NUMBER = Statement(
    sa.select(*_COLUMNS).where(
        _o.shop_id == sa.bindparam("shop"), _o.number == sa.bindparam("number")
    )
)
BY_EXTERNAL = Statement(
    sa.select(*_COLUMNS).where(
        _o.connection_id == sa.bindparam("connection"),
        _o.external_id == sa.bindparam("external"),
    ),
    apart=True,
)
_LOCK = Statement(sa.select(_o.version).where(_o.id == sa.bindparam("id")).with_for_update())
NUMBER_TAKEN = Statement(
    sa.select(_o.id).where(_o.shop_id == sa.bindparam("shop"), _o.number == sa.bindparam("number")),
    apart=True,
)
_LINES = Statement(
    sa.select(*[c for c in t.order_line.columns if c.name not in ("shop_id", "order_id")])
    .where(_l.order_id == sa.bindparam("order"))
    .order_by(_l.position, _l.id)
)
_LINE_NAMES = [c.name for c in t.order_line.columns if c.name not in ("shop_id", "order_id")]
_LINE_VALUES = attrgetter(*_LINE_NAMES)
_AT_LOCATION = Statement(
    sa.union(
        sa.select(t.reservation.c.location_id).where(
            t.reservation.c.order_id == sa.bindparam("order")
        ),
        sa.select(t.rma.c.arrived_location_id).where(t.rma.c.order_id == sa.bindparam("order")),
    )
)
_MUTABLE = [
    c.name
    for c in t.orders.columns
    if c.name
    not in ("id", "shop_id", "connection_id", "external_id", "captured_at", "links_version")
]
_UPDATE = Statement(
    t.orders.update().where(_o.id == sa.bindparam("row_id"), _o.version == sa.bindparam("seen")),
    sets=_MUTABLE,
)
_COUNTS = [n for n in _LINE_NAMES if n not in ("id", "position")]
_UPDATE_LINE = Statement(
    t.order_line.update().where(_l.id == sa.bindparam("row_id")),
    sets=_COUNTS,
)


class Orders:
    """Loads, remembers and saves orders within one command."""

    def __init__(self, within: UnitOfWork | Reader) -> None:
        self._within = within
        self._session: Session = within.session
        self._loaded: dict[int, tuple[Order, str]] = {}
        self._current: dict[int, Order] = {}
        self._new: set[int] = set()
        self._shown: set[int] = set()  # seen although they shipped from elsewhere
        self._lines: dict[int, Line] = {}  # lines of this command, as they were inserted

    # --- finding ---------------------------------------------------------------------------------

    def get(self, number: str) -> Order:
        """The order that this actor may see under this number; anything else is *not found*."""
        order = self._numbered(number)
        if order is None or not self._visible(order):
            raise _unknown(number)
        return order

    def _numbered(self, number: str) -> Order | None:
        clean = number.strip().lstrip("#")
        row = self._session.row(_BY_NUMBER, shop=self._within.shop.id, number=clean)
        return None if row is None else self._remember(row)

    def brought(self, number: str) -> Order:
        """The order of goods that lie on the counter: people of a store serve any customer of the
        shop, and see that order for as long as this takes."""
        order = self._numbered(number)
        if order is None or order.shop_id != self._within.actor.shop_id:
            raise _unknown(number)
        if not self._within.actor.is_staff:
            raise _unknown(number)
        self._shown.add(order.id)
        return order

    def by_id(self, order_id: int) -> Order:
        order = self.own(order_id)
        if order_id not in self._new and not self._visible(order):
            raise NotFound("I cannot find that order.")
        return order

    def own(self, order_id: int) -> Order:
        """The order whoever asks: for what the house does in passing with other people's orders."""
        order = self._current.get(order_id)
        if order is None:
            row = self._session.row(_BY_ID, id=order_id)
            if row is None:
                raise NotFound("I cannot find that order.")
            order = self._remember(row)
        return order

    def by_external(self, connection_id: int, external_id: str) -> Order | None:
        self._look_out(("external", connection_id, external_id))
        row = self._session.row(BY_EXTERNAL, connection=connection_id, external=external_id)
        return None if row is None else self._remember(row)

    def number_taken(self, number: str) -> bool:
        self._look_out(("number", self._within.shop.id, number))
        return self._session.row(NUMBER_TAKEN, shop=self._within.shop.id, number=number) is not None

    def _look_out(self, key: tuple[Any, ...]) -> None:
        """A repeated key has to see orders of this very batch that still wait to be written."""
        batch = self._uow.batch
        if key in batch.seen:
            self._uow.write_rows()
        batch.seen.add(key)

    def _visible(self, order: Order) -> bool:
        actor = self._within.actor
        if order.shop_id != actor.shop_id:
            return False
        if actor.role is Role.CUSTOMER:
            return order.customer_id is not None and order.customer_id == actor.customer_id
        if actor.role is Role.STORE and order.id not in self._shown:
            places = {
                p.id for p in self._within.shop.locations.values() if p.code in actor.locations
            }
            rows = self._session.rows(_AT_LOCATION, order=order.id)
            return any(row[0] in places for row in rows)
        return True

    def _remember(self, row: Row) -> Order:
        order_id = row[0]
        if order_id in self._current:
            return self._current[order_id]
        if not self._session.is_sqlite and not self._within.readonly:
            locked = self._session.row(_LOCK, id=order_id)
            if locked is not None and locked[0] != row[_NAMES.index("version")]:
                row = self._session.row(_BY_ID, id=order_id) or row
        order, chain = read_order(self._session, row)
        self._loaded[order_id] = (order, chain)
        self._current[order_id] = order
        return order

    # --- saving ----------------------------------------------------------------------------------

    @property
    def _uow(self) -> UnitOfWork:
        if self._within.readonly:
            raise AssertionError("a reader cannot write")
        return cast("UnitOfWork", self._within)

    def add(self, change: Change[Order]) -> Order:
        """A new order; it is written at the end of the command."""
        order = settled(change.after)
        self._current[order.id] = order
        self._new.add(order.id)
        self._uow.emit(order.id, *change.events)
        return order

    def save(self, change: Change[Order]) -> Order:
        """The new state and its facts; the row is written once, at the end of the command."""
        order = self._with_kits(change.after)
        if order.id in self._loaded:
            self._insert_lines(order)
        self._current[order.id] = order
        self._uow.emit(order.id, *change.events)
        return order

    def _with_kits(self, order: Order) -> Order:
        """New lines may be kits; what became of parts is what became of their kit."""
        known = self._within.shop.kits
        return settled(opened(order, known, self._uow.new_id) if known else order)

    def _insert_lines(self, order: Order) -> None:
        """New lines become rows at once, so that reservations of this command can refer to them."""
        known = {line.id for line in self._loaded[order.id][0].lines}
        for line in order.lines:
            if line.id not in known and line.id not in self._lines:
                self._lines[line.id] = line
                self._uow.insert(t.order_line, _line_row(order, line))

    def write(self) -> list[tuple[Order, str]]:
        """Write all that changed; returns (order, previous chain hash) for the audit."""
        changed = []
        for order_id, order in list(self._current.items()):
            before = self._loaded.get(order_id)
            if order_id in self._new:
                after = replace(order, version=1)
                self._current[order_id] = after
                changed.append((after, ""))
            elif before is not None and order is not before[0]:
                after = replace(self._on_live_boxes(order), version=before[0].version + 1)
                self._current[order_id] = after
                changed.append((after, before[1]))
            elif order_id in self._uow.told:
                after = replace(order, version=order.version + 1)
                self._current[order_id] = after
                changed.append((after, before[1] if before else ""))
        return changed

    def _on_live_boxes(self, order: Order) -> Order:
        """However work was planned anew: the hold of a box that is no more holds the order."""
        boxes = {hold.scope_id for hold in order.holds if hold.scope is Scope.BOX}
        if not boxes:
            return order
        works = self._uow.work.of(order.id)
        live = {work.id for work in works if work.stage is not Stage.CANCELED}
        return replace(order, holds=widened(order.holds, boxes - live))

    def store(self, order: Order, chain: str) -> None:
        if order.id in self._new:
            self._uow.insert(t.orders, {**_row(order), "chain": chain})
            for line in order.lines:
                self._uow.insert(t.order_line, _line_row(order, line))
            for hold in order.holds:
                self._uow.insert(t.hold, hold_row(order, hold))
            self._uow.founding = False
            return
        before = self._loaded[order.id][0]
        row = {**_row(order), "chain": chain, "row_id": order.id, "seen": before.version}
        if self._session.run(_UPDATE, **row) != 1:
            raise Conflict(f"Order {order.number} changed meanwhile.", "Look again and repeat.")
        self._store_lines(before, order)
        store_holds(self._uow, before, order)

    def _store_lines(self, before: Order, after: Order) -> None:
        self._uow.write_rows()
        known = {line.id: line for line in before.lines} | self._lines
        for line in after.lines:
            if line is not known[line.id] and line != known[line.id]:
                values = {name: getattr(line, name) for name in _COUNTS}
                self._session.run(
                    _UPDATE_LINE, row_id=line.id, **{**values, "ships": int(line.ships)}
                )


def _unknown(number: str) -> NotFound:
    clean = number.strip().lstrip("#")
    back = _RETURN_OR_CLAIM.fullmatch(clean)
    if back:
        said = f"{clean} looks like the number of a return or a claim; here its order's is needed."
        return NotFound(said, f"Write {back[1]}.")
    return NotFound(
        f"I cannot find an order {clean}.", "Check the number, or search by name or e-mail."
    )


def numbers_of(session: Session, order_ids: Collection[int]) -> dict[int, str]:
    """The numbers of some orders by id."""
    rows = session.select(sa.select(_o.id, _o.number).where(_o.id.in_(order_ids)))
    return {row[0]: row[1] for row in rows}


def seen_from_own_places(within: UnitOfWork | Reader) -> sa.Select[Any] | None:
    """The ids of the orders that a store's people may see; None: no limit for this person."""
    if within.actor.role is not Role.STORE:
        return None
    r = t.reservation.c
    own = [p.id for p in within.shop.locations.values() if p.code in within.actor.locations]
    shipped = sa.select(r.order_id).where(r.location_id.in_(own), r.order_id.is_not(None))
    back = sa.select(t.rma.c.order_id).where(t.rma.c.arrived_location_id.in_(own))
    return sa.select(shipped.union(back).subquery().c.order_id)


# --- rows ↔ domain -------------------------------------------------------------------------------

_address = msgspec.json.Decoder(Address).decode


def read_order(session: Session, row: Row) -> tuple[Order, str]:
    """The whole order behind a row of `_COLUMNS`, and the head of its audit chain."""
    r: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    lines = tuple(
        Line(**{**dict(zip(_LINE_NAMES, found, strict=True)), "ships": bool(found[_SHIPS])})
        for found in session.rows(_LINES, order=r["id"])
    )
    chain = r.pop("chain")
    r |= {
        "ship_to": _address(r["ship_to"]),
        "bill_to": _address(r["bill_to"]),
        "placed_at": moment(r["placed_at"]),
        "captured_at": moment(r["captured_at"]),
        "canceled_at": moment_or_none(r["canceled_at"]),
        "source_updated_at": moment_or_none(r["source_updated_at"]),
        "promise": _day(r["promise"]),
        "tags": tuple(from_json(r["tags"])),
        "extra": from_json(r["extra"]),
        "handed_over": bool(r["handed_over"]),
        "sends_messages": bool(r["sends_messages"]),
    }
    return Order(lines=lines, holds=read_holds(session, r["id"]), **r), chain


_SHIPS = _LINE_NAMES.index("ships")


def order_by_external(session: Session, connection_id: int, external_id: str) -> Order | None:
    """The order behind a channel's own id, for comparing books."""
    row = session.row(BY_EXTERNAL, connection=connection_id, external=external_id)
    return None if row is None else read_order(session, row)[0]


def order_in(session: Session, order_id: int) -> Order:
    """An order of any shop, for the house's own errands. Raises NotFound."""
    row = session.row(_BY_ID, id=order_id)
    if row is None:
        raise NotFound("I cannot find that order.")
    return read_order(session, row)[0]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _row(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "shop_id": order.shop_id,
        "number": order.number,
        "channel": order.channel,
        "connection_id": order.connection_id,
        "external_id": order.external_id,
        "customer_id": order.customer_id,
        "email": order.email,
        "phone": order.phone,
        "customer_name": order.customer_name,
        "language": order.language,
        "currency": order.currency,
        "subtotal": order.subtotal,
        "discount": order.discount,
        "shipping": order.shipping,
        "tax": order.tax,
        "shipping_tax": order.shipping_tax,
        "total": order.total,
        "captured": order.captured,
        "refunded": order.refunded,
        "ship_to": to_json(order.ship_to),
        "bill_to": to_json(order.bill_to),
        "placed_at": micros(order.placed_at),
        "captured_at": micros(order.captured_at),
        "promise": order.promise.isoformat() if order.promise else None,
        "promise_basis": order.promise_basis,
        "method": order.method,
        "note": order.note,
        "tags": to_json(order.tags),
        "priority": order.priority,
        "canceled_at": micros_or_none(order.canceled_at),
        "cancel_reason": order.cancel_reason,
        "handed_over": int(order.handed_over),
        "source_updated_at": micros_or_none(order.source_updated_at),
        "payment_note": order.payment_note,
        "sends_messages": int(order.sends_messages),
        "extra": to_json(dict(order.extra)),
        "version": order.version,
        "status": order.status.value,
        "payment_status": str(payment_status(order.total, order.captured, order.refunded, 0)),
        "fulfillment_status": order.fulfillment.value,
        "return_status": order.returning.value,
        "held": int(order.is_held),
        "find": find_text(order),
    }


def find_text(order: Order) -> str:
    """What a search looks through: number, people, places and SKUs, in lower case."""
    words = (
        order.number,
        order.customer_name,
        order.email,
        order.phone,
        order.ship_to.name,
        order.ship_to.city,
        *order.tags,
        *(line.sku for line in order.lines),
    )
    return " ".join(dict.fromkeys(w for w in words if w)).casefold()


def _line_row(order: Order, line: Line) -> dict[str, Any]:
    row = dict(zip(_LINE_NAMES, _LINE_VALUES(line), strict=True))
    return row | {"ships": int(line.ships), "shop_id": order.shop_id, "order_id": order.id}
