"""Refunds and their parts, one part for each payment that money goes back to: rows ↔ domain."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none, row_of, to_json
from core.domain.refunds import Item, units_of
from core.domain.refusals import Conflict, NotFound
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

OPEN = ("planned", "sent", "unknown", "failed")  # states of a part that has not been paid out

_f, _p = t.refund.c, t.refund_part.c
_FIELDS = [c for c in t.refund.columns if c.name != "shop_id"]
_PARTS = [c for c in t.refund_part.columns if c.name != "shop_id"]
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_f.order_id == sa.bindparam("order")).order_by(_f.id)
)
_BY_ID = Statement(
    sa.select(*_FIELDS).where(_f.shop_id == sa.bindparam("shop"), _f.id == sa.bindparam("id"))
)
_PARTS_OF_ORDER = Statement(
    sa.select(*_PARTS).where(_p.order_id == sa.bindparam("order")).order_by(_p.id)
)
_PART_BY_ID = Statement(
    sa.select(*_PARTS).where(_p.shop_id == sa.bindparam("shop"), _p.id == sa.bindparam("id"))
)
_UPDATE = Statement(
    t.refund.update().where(
        _f.id == sa.bindparam("row_id"),
        _f.state == "due",
        _f.paid == sa.bindparam("seen"),
    ),
    sets=(
        "state",
        "amount",
        "bonus",
        "paid",
        "items",
        "reference",
        "external_id",
        "approved_by",
        "settled_at",
    ),
)
_UPDATE_PART = Statement(
    t.refund_part.update().where(_p.id == sa.bindparam("row_id"), _p.state == sa.bindparam("seen")),
    sets=(
        "state",
        "amount",
        "gateway",
        "external_id",
        "reason",
        "unsure",
        "settled_at",
        "reversed_at",
    ),
)
_REOPEN = Statement(
    t.refund.update()
    .where(
        _f.id == sa.bindparam("row_id"),
        _f.state == sa.bindparam("seen"),
        _f.paid == sa.bindparam("had"),
    )
    .values(state="due", external_id=None, reference="", settled_at=None),
    sets=("paid",),
)
_RECOGNIZE = Statement(
    t.refund.update()
    .where(_f.id == sa.bindparam("row_id"), _f.external_id.is_(None))
    .values(external_id=sa.bindparam("external"))
)
_ALONE = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(_f.amount), 0)).where(
        _f.shop_id == sa.bindparam("shop"),
        sa.or_(_f.state == "due", _f.state == "refunded"),
        _f.due_at >= sa.bindparam("since"),
        _f.asked_by == sa.bindparam("by"),
        _f.currency == sa.bindparam("currency"),
        _f.approved_by == "",
        ~sa.exists().where(_p.refund_id == _f.id, _p.state == "planned"),
    )
)
_items = msgspec.json.Decoder(tuple[Item, ...]).decode


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that goes back: due until somebody, or its gateways, have paid it out."""

    id: int
    order_id: int
    amount: int
    currency: str
    items: tuple[Item, ...]
    due_at: datetime
    rma_id: int | None = None
    change_id: int | None = None
    claim_id: int | None = None
    gateway: str = "manual"
    external_id: str | None = None
    bonus: int = 0
    paid: int = 0
    state: str = "due"
    target: str = "original"
    reference: str = ""
    note: str = ""
    asked_by: str = ""
    approved_by: str = ""
    settled_at: datetime | None = None

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """(line id, units) whose money this is."""
        return tuple(units_of(self.items).items())

    @property
    def owed(self) -> int:
        """What is still to be paid of money that was paid to us: a bonus is not."""
        return max(0, self.amount - self.bonus - self.paid) if self.state == "due" else 0


@dataclass(frozen=True, slots=True)
class RefundPart:
    """The share of a refund that one gateway pays out; without a payment, the order's channel.

    planned: it waits for a person's approval. sent: its gateway, or for `manual` a person, has it.
    reversed: it was paid, and came back. `unsure`: a person recorded it as paid while nobody knew
    what its gateway had done.
    """

    id: int
    refund_id: int
    order_id: int
    payment_id: int | None
    gateway: str
    connection_id: int | None
    amount: int
    state: str
    key: str
    at: datetime
    external_id: str | None = None
    reason: str = ""
    unsure: bool = False
    settled_at: datetime | None = None
    reversed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def refunds_of(session: Session, order_id: int) -> list[Refund]:
    return [_refund(row) for row in session.rows(_OF_ORDER, order=order_id)]


def paid_together(session: Session, order_id: int, refund_id: int) -> list[Refund]:
    """The refunds that one payout has settled, this one among them, oldest first: one reference
    closed them in one step, for the same return or for none, and by the same way."""
    known = refunds_of(session, order_id)
    one = next((each for each in known if each.id == refund_id), None)
    if one is None or one.settled_at is None:
        return []

    def way(refund: Refund) -> tuple[Any, ...]:
        ours = bool(refund.asked_by)
        return refund.settled_at, refund.reference, refund.target, refund.rma_id, refund.state, ours

    return [each for each in known if way(each) == way(one)]


def parts_of(session: Session, order_id: int) -> list[RefundPart]:
    """The parts of all refunds of an order, oldest first."""
    return [_part(row) for row in session.rows(_PARTS_OF_ORDER, order=order_id)]


def given_alone_since(
    session: Session, shop_id: int, by: str, currency: str, since: datetime
) -> int:
    """Minor units that one person has let go since then, without the approval of another."""
    told = {"by": by, "currency": currency, "since": micros(since)}
    row = session.row(_ALONE, shop=shop_id, **told)
    return int(row[0]) if row else 0


def is_part_open(session: Session, shop_id: int, part_id: int) -> bool:
    """Whether a part still waits for its gateway, or for a person."""
    row = session.row(_PART_BY_ID, shop=shop_id, id=part_id)
    return row is not None and _part(row).is_open


def _refund(row: Row) -> Refund:
    r: dict[str, Any] = dict(zip((c.name for c in _FIELDS), row, strict=True))
    return Refund(
        **{
            **r,
            "items": _items(r["items"]),
            "due_at": moment(r["due_at"]),
            "settled_at": moment_or_none(r["settled_at"]),
        }
    )


def _part(row: Row) -> RefundPart:
    r: dict[str, Any] = dict(zip((c.name for c in _PARTS), row, strict=True))
    ends = {name: moment_or_none(r[name]) for name in ("settled_at", "reversed_at")}
    return RefundPart(**{**r, **ends, "at": moment(r["at"]), "unsure": bool(r["unsure"])})


class Refunds:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def of(self, order_id: int) -> list[Refund]:
        self._uow.write_rows()
        return refunds_of(self._session, order_id)

    def parts(self, order_id: int) -> list[RefundPart]:
        self._uow.write_rows()
        return parts_of(self._session, order_id)

    def parts_of(self, refund: Refund) -> list[RefundPart]:
        return [part for part in self.parts(refund.order_id) if part.refund_id == refund.id]

    def get(self, refund_id: int) -> Refund:
        self._uow.write_rows()
        row = self._session.row(_BY_ID, shop=self._uow.shop.id, id=refund_id)
        if row is None:
            raise NotFound("I cannot find that refund.")
        return _refund(row)

    def part(self, part_id: int) -> RefundPart:
        """The part, as it is once its order is locked."""
        found = self._part(part_id)
        self._uow.orders.own(found.order_id)
        return self._part(part_id)

    def _part(self, part_id: int) -> RefundPart:
        self._uow.write_rows()
        row = self._session.row(_PART_BY_ID, shop=self._uow.shop.id, id=part_id)
        if row is None:
            raise NotFound("I cannot find that part of a refund.")
        return _part(row)

    def add(self, refund: Refund) -> Refund:
        own = {"shop_id": self._uow.shop.id, "items": to_json(refund.items)}
        self._uow.insert(t.refund, {**row_of(refund, _FIELDS), **own})
        return refund

    def add_part(self, part: RefundPart) -> RefundPart:
        row = row_of(part, _PARTS)
        self._uow.insert(t.refund_part, {**row, "shop_id": self._uow.shop.id})
        return part

    def save(self, before: Refund, after: Refund) -> Refund:
        """Only a refund that is due changes; nobody else may have paid of it meanwhile."""
        changed = self._session.run(
            _UPDATE,
            row_id=after.id,
            seen=before.paid,
            state=after.state,
            amount=after.amount,
            bonus=after.bonus,
            paid=after.paid,
            items=to_json(after.items),
            reference=after.reference,
            external_id=after.external_id,
            approved_by=after.approved_by,
            settled_at=micros_or_none(after.settled_at),
        )
        if changed != 1:
            raise Conflict("That refund is already settled.", "Look at the order again.")
        return after

    def save_part(self, before: RefundPart, after: RefundPart) -> RefundPart:
        changed = self._session.run(
            _UPDATE_PART,
            row_id=after.id,
            seen=before.state,
            state=after.state,
            amount=after.amount,
            gateway=after.gateway,
            external_id=after.external_id,
            reason=after.reason,
            unsure=int(after.unsure),
            settled_at=micros_or_none(after.settled_at),
            reversed_at=micros_or_none(after.reversed_at),
        )
        if changed != 1:
            raise Conflict("That refund changed meanwhile.", "Look at the order again.")
        return after

    def reopen(self, before: Refund, paid: int) -> Refund:
        """Money came back: it is due again, and `paid` of it has gone (minor units)."""
        changed = self._session.run(
            _REOPEN, row_id=before.id, seen=before.state, had=before.paid, paid=paid
        )
        if changed != 1:
            raise Conflict("That refund changed meanwhile.", "Look at the order again.")
        return self.get(before.id)

    def recognize(self, refund: Refund, external_id: str) -> None:
        """The channel tells of a refund that a person has recorded already."""
        self._session.run(_RECOGNIZE, row_id=refund.id, external=external_id)
