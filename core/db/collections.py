"""What gateways were asked to capture or let go: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement, one_of
from core.db.rows import micros, moment, moment_or_none, row_of
from core.domain.collecting import MoneyFacts
from core.domain.refusals import Conflict, NotFound
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_c, _y, _o, _b = t.collection.c, t.payment.c, t.orders.c, t.outbox.c
_FIELDS = [c for c in t.collection.columns if c.name != "shop_id"]
_OPEN = ("sent", "unknown")
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_c.order_id == sa.bindparam("order")).order_by(_c.id)
)
_BY_ID = Statement(
    sa.select(*_FIELDS).where(_c.shop_id == sa.bindparam("shop"), _c.id == sa.bindparam("id"))
)
_LATE = Statement(
    sa.select(_c.payment_id, _c.order_id, _o.number, _c.amount, _o.currency, _c.at)
    .join(t.orders, _o.id == _c.order_id)
    .join(t.outbox, sa.and_(_b.shop_id == _c.shop_id, _b.key == _c.key))
    .where(
        _c.shop_id == sa.bindparam("shop"),
        one_of(_c.state, _OPEN),
        _b.state != "suppressed",
        _c.at < sa.bindparam("before"),
    )
    .order_by(_c.id)
)
_ENDING = Statement(
    sa.select(
        _y.id,
        _y.order_id,
        _o.number,
        _y.authorized - _y.captured - _y.voided,
        _o.currency,
        _y.expires_at,
    )
    .join(t.orders, _o.id == _y.order_id)
    .where(
        _y.shop_id == sa.bindparam("shop"),
        _y.expires_at < sa.bindparam("before"),
        _y.authorized > _y.captured + _y.voided,
    )
    .order_by(_y.expires_at, _y.id)
)
_SETTLE = Statement(
    t.collection.update().where(_c.id == sa.bindparam("row_id"), one_of(_c.state, _OPEN)),
    sets=("state", "reason", "settled_at"),
)

SENTENCES: dict[str, tuple[str, ...]] = {
    "what is asked of a gateway concerns a payment of its order": (
        "I-10m",
        """select c.id from collection c join payment y on y.id = c.payment_id
        where y.order_id <> c.order_id""",
    ),
    "what gateways have captured for us was captured": (
        "I-10n",
        """select y.id from payment y join (
            select payment_id, sum(amount) as amount from collection
            where state = 'done' and kind = 'capture' group by payment_id
        ) c on c.payment_id = y.id where c.amount > y.captured""",
    ),
    "one payment of a gateway pays one order": (
        "I-10p",
        """select external_id from payment where connection_id is not null
        group by connection_id, external_id having count(*) > 1""",
    ),
}


@dataclass(frozen=True, slots=True)
class Collection:
    """One request to a gateway: capture `amount`, and with `last` let the rest go; or, as a
    release, let all of `amount` go. `key` is stable over every attempt."""

    id: int
    order_id: int
    payment_id: int
    kind: str
    amount: int
    key: str
    at: datetime
    last: bool = False
    state: str = "sent"
    reason: str = ""
    why: str = ""
    settled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN


def collections_of(session: Session, order_id: int) -> list[Collection]:
    return [_collection(row) for row in session.rows(_OF_ORDER, order=order_id)]


def is_open(session: Session, shop_id: int, collection_id: int) -> bool:
    row = session.row(_BY_ID, shop=shop_id, id=collection_id)
    return row is not None and _collection(row).is_open


def late(session: Session, shop_id: int, before: datetime) -> list[MoneyFacts]:
    """Captures and releases that were asked before a moment and have no answer."""
    return _facts(session.rows(_LATE, shop=shop_id, before=micros(before)))


def ending(session: Session, shop_id: int, before: datetime) -> list[MoneyFacts]:
    """Payments of which something is set aside that lapses before a moment."""
    return _facts(session.rows(_ENDING, shop=shop_id, before=micros(before)))


def _facts(rows: Iterable[Row]) -> list[MoneyFacts]:
    return [
        MoneyFacts(subject, order_id, order, amount, currency, moment(at))
        for subject, order_id, order, amount, currency, at in rows
    ]


def _collection(row: Row) -> Collection:
    r: dict[str, Any] = dict(zip((c.name for c in _FIELDS), row, strict=True))
    times = {"at": moment(r["at"]), "settled_at": moment_or_none(r["settled_at"])}
    return Collection(**{**r, **times, "last": bool(r["last"])})


class Collections:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def of(self, order_id: int) -> list[Collection]:
        self._uow.write_rows()
        return collections_of(self._session, order_id)

    def get(self, collection_id: int) -> Collection:
        self._uow.write_rows()
        row = self._session.row(_BY_ID, shop=self._uow.shop.id, id=collection_id)
        if row is None:
            raise NotFound("There is no such capture.")
        return _collection(row)

    def add(self, one: Collection) -> Collection:
        self._uow.insert(t.collection, {**row_of(one, _FIELDS), "shop_id": self._uow.shop.id})
        return one

    def settle(self, one: Collection, state: str, reason: str = "") -> None:
        """It ended, or (unknown) nobody can say yet."""
        ended = micros(self._uow.now) if state in ("done", "failed") else None
        changed = self._session.run(
            _SETTLE, row_id=one.id, state=state, reason=reason[:500], settled_at=ended
        )
        if changed != 1:
            raise Conflict("That capture was settled meanwhile.", "Look at the order again.")
