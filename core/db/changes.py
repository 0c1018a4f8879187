"""Edits of orders: change sets with their actions, what they adjusted, and what channels said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.refunds import refunds_of
from core.db.rows import from_json, micros, moment, moment_or_none, to_json
from core.domain.edit_actions import Adjustment, Article, Do, EditAction, Facts
from core.domain.order import Address, Order
from core.domain.refusals import Conflict
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_c, _a, _s, _r, _f = (
    t.order_change.c,
    t.order_change_action.c,
    t.channel_said.c,
    t.reservation.c,
    t.refund.c,
)
_FIELDS = [c for c in t.order_change.columns if c.name != "shop_id"]
_OPEN = Statement(
    sa.select(*_FIELDS).where(_c.order_id == sa.bindparam("order"), _c.status == "open")
)
_BY_ID = Statement(
    sa.select(*_FIELDS).where(_c.shop_id == sa.bindparam("shop"), _c.id == sa.bindparam("id"))
)
_ACTION_FIELDS = ("kind", "line_id", "sku", "quantity", "price", "amount", "percent", "words")
_ACTIONS = Statement(
    sa.select(*(_a[name] for name in _ACTION_FIELDS), _a.address, _a.place)
    .where(_a.change_id == sa.bindparam("change"))
    .order_by(_a.position)
)
_UPDATE = Statement(
    t.order_change.update().where(_c.id == sa.bindparam("row_id"), _c.status == "open"),
    sets=(
        "base_version",
        "status",
        "difference",
        "refund",
        "due",
        "before",
        "expires_at",
        "ended_by",
        "ended_at",
    ),
)
_j = t.order_adjustment.c
_ADJUSTED = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(_j.amount), 0)).where(
        _j.order_id == sa.bindparam("order")
    )
)
_ADJUSTMENTS = Statement(
    sa.select(_j.line_id, _j.amount, _j.reason)
    .where(_j.change_id == sa.bindparam("change"))
    .order_by(_j.id)
)
_EXPIRED = Statement(
    sa.select(_c.order_id)
    .where(
        _c.shop_id == sa.bindparam("shop"),
        _c.status == "open",
        _c.expires_at <= sa.bindparam("now"),
    )
    .order_by(_c.order_id)
)
_SAID = Statement(sa.select(_s.said).where(_s.order_id == sa.bindparam("order")))
_SAY = Statement(
    t.channel_said.update().where(_s.order_id == sa.bindparam("row_id")), sets=("said", "at")
)
_LESSEN = Statement(
    t.reservation.update()
    .where(
        _r.id == sa.bindparam("row_id"),
        _r.state == "promised",
        _r.quantity > sa.bindparam("least"),
    )
    .values(quantity=_r.quantity - sa.bindparam("less"))
)
_address = msgspec.json.Decoder(Address | None).decode


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One edit. `base_version`, `difference` are what the last person to look at it saw; money is
    minor units. `before` holds the order as it was, once the edit is confirmed."""

    id: int
    order_id: int
    base_version: int
    status: str
    difference: int
    refund: int
    due: int
    before: Any
    opened_by: str
    surface: str
    opened_at: datetime
    expires_at: datetime
    ended_by: str = ""
    ended_at: datetime | None = None
    actions: tuple[EditAction, ...] = ()


def open_change(session: Session, order_id: int) -> OrderChange | None:
    row = session.row(_OPEN, order=order_id)
    return None if row is None else _change(session, row)


def change_by_id(session: Session, shop_id: int, change_id: int) -> OrderChange | None:
    row = session.row(_BY_ID, shop=shop_id, id=change_id)
    return None if row is None else _change(session, row)


def _change(session: Session, row: Row) -> OrderChange:
    r: dict[str, Any] = dict(zip((c.name for c in _FIELDS), row, strict=True))
    actions = tuple(_action(found) for found in session.rows(_ACTIONS, change=r["id"]))
    times = {"opened_at": moment(r["opened_at"]), "expires_at": moment(r["expires_at"])}
    times["ended_at"] = moment_or_none(r["ended_at"])  # type: ignore[assignment]
    return OrderChange(**{**r, **times, "before": from_json(r["before"]), "actions": actions})


def _action(row: Row) -> EditAction:
    kind, line_id, sku, quantity, price, amount, percent, words, address, place = row
    return EditAction(
        Do(kind),
        sku,
        line_id or 0,
        quantity,
        price,
        amount,
        percent,
        words,
        _address(address),
        place,
    )


def facts_of(within: UnitOfWork | Reader, order: Order, skus: Iterable[str]) -> Facts:
    """What a preview of this order needs to know: prices, money on its way back, free units."""
    refunds = [r for r in refunds_of(within.session, order.id) if r.state != "canceled"]
    gone = {line.id: line.refunded for line in order.lines}
    for refund in refunds:
        for line_id, units in refund.lines if refund.state == "due" else ():
            gone[line_id] += units
    wanted = sorted({*skus, *(line.sku for line in order.lines)})
    return Facts(
        articles=articles_of(within, wanted),
        gone=gone,
        given_back=sum(r.amount for r in refunds if r.change_id is not None),
        owed=sum(r.owed for r in refunds),
    )


def articles_of(within: UnitOfWork | Reader, skus: Sequence[str]) -> dict[str, Article]:
    c = t.product.c
    found = within.session.select(
        sa.select(c.sku, c.title, c.price).where(c.shop_id == within.shop.id, c.sku.in_(skus))
    )
    return {row.sku: Article(row.title, row.price) for row in found}


def adjusted(session: Session, order_id: int) -> int:
    """What edits took off an order in all (minor units), less what was taken back."""
    row = session.row(_ADJUSTED, order=order_id)
    return int(row[0]) if row else 0


class Changes:
    """Edits within one command."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def open_of(self, order_id: int) -> OrderChange | None:
        return open_change(self._session, order_id)

    def get(self, change_id: int) -> OrderChange | None:
        return change_by_id(self._session, self._uow.shop.id, change_id)

    def add(self, change: OrderChange) -> OrderChange:
        names = ("id", "order_id", "base_version", "difference", "refund", "due", "surface")
        row = {name: getattr(change, name) for name in names}
        times = {"opened_at": micros(change.opened_at), "expires_at": micros(change.expires_at)}
        head = {"shop_id": self._uow.shop.id, "opened_by": change.opened_by}
        self._uow.insert(t.order_change, {**row, **times, **head})
        self.act(change, change.actions)
        return change

    def act(self, change: OrderChange, actions: Sequence[EditAction], after: int = 0) -> None:
        """Add actions behind the `after` that are there already."""
        for position, action in enumerate(actions, after + 1):
            self._uow.insert(
                t.order_change_action,
                {
                    "id": self._uow.new_id(),
                    "shop_id": self._uow.shop.id,
                    "change_id": change.id,
                    "position": position,
                    "kind": action.do.value,
                    "line_id": action.line or None,
                    "sku": action.sku,
                    "quantity": action.quantity,
                    "price": action.price,
                    "amount": action.amount,
                    "percent": action.percent,
                    "words": action.text,
                    "address": to_json(action.address),
                    "place": action.to,
                },
            )

    def save(self, change: OrderChange) -> None:
        """The change as it is now; one that has ended meanwhile is a conflict."""
        changed = self._session.run(
            _UPDATE,
            row_id=change.id,
            base_version=change.base_version,
            status=change.status,
            difference=change.difference,
            refund=change.refund,
            due=change.due,
            before=to_json(change.before),
            expires_at=micros(change.expires_at),
            ended_by=change.ended_by,
            ended_at=None if change.ended_at is None else micros(change.ended_at),
        )
        if changed != 1:
            raise Conflict("That edit has ended meanwhile.", "Look at the order again.")

    def adjust(self, change: OrderChange, adjustments: Iterable[Adjustment]) -> None:
        for each in adjustments:
            self._uow.insert(
                t.order_adjustment,
                {
                    "id": self._uow.new_id(),
                    "shop_id": self._uow.shop.id,
                    "order_id": change.order_id,
                    "change_id": change.id,
                    "line_id": each.line_id,
                    "amount": each.amount,
                    "reason": each.reason[:200],
                    "at": micros(self._uow.now),
                },
            )

    def adjust_back(self, change: OrderChange) -> None:
        """The edit was taken back, and with it what it took off."""
        rows = self._session.rows(_ADJUSTMENTS, change=change.id)
        told = [Adjustment(line_id, -amount, reason) for line_id, amount, reason in rows]
        self.adjust(change, told)

    def expired(self) -> list[int]:
        """Ids of the orders whose open edit nobody has come back to."""
        rows = self._session.rows(_EXPIRED, shop=self._uow.shop.id, now=micros(self._uow.now))
        return [row[0] for row in rows]

    # --- stock ---------------------------------------------------------------------------------

    def lessen(self, reservation_id: int, held: int, units: int) -> None:
        """A reservation holds so many units less; all of them end it. Raises Conflict."""
        if units == held:
            self._uow.stock.settle(reservation_id, "released")
            return
        changed = self._session.run(_LESSEN, row_id=reservation_id, least=units, less=units)
        if changed != 1:
            raise Conflict("That stock was released meanwhile.", "Look again and repeat.")

    # --- what the channel said -------------------------------------------------------------------

    def said(self, order_id: int) -> Any:
        """What the channel last said of an order that was edited here; None for any other."""
        row = self._session.row(_SAID, order=order_id)
        return None if row is None else from_json(row[0])

    def say(self, order_id: int, said: Any) -> None:
        at = micros(self._uow.now)
        if self._session.run(_SAY, row_id=order_id, said=to_json(said), at=at) == 0:
            row = {"order_id": order_id, "shop_id": self._uow.shop.id}
            self._uow.insert_now(t.channel_said, {**row, "said": to_json(said), "at": at})


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "an order has one open edit at most": (
        "I-13",
        """select order_id from order_change where status = 'open'
        group by order_id having count(*) > 1""",
    ),
    "an edit that was confirmed owes what it promised to give back": (
        "I-13b",
        """select c.id from order_change c where c.status = 'confirmed' and c.refund > 0
        and not exists (select 1 from refund f where f.change_id = c.id)""",
    ),
    "only a confirmed edit adjusts prices or gives money back": (
        "I-13c",
        """select c.id from order_change c where c.status <> 'confirmed' and (
            exists (select 1 from refund f where f.change_id = c.id)
            or exists (select 1 from order_adjustment a where a.change_id = c.id))""",
    ),
}
