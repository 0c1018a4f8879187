"""Payments of orders, and what customers are asked to pay more: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none, row_of
from core.domain.payments import Payment
from core.domain.refusals import Conflict
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_y, _q = t.payment.c, t.payment_request.c
_FIELDS = [c for c in t.payment.columns if c.name not in ("shop_id", "order_id", "currency", "at")]
_NAMES = [c.name for c in _FIELDS]
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_y.order_id == sa.bindparam("order")).order_by(_y.id)
)
_BY_EXTERNAL = Statement(
    sa.select(_y.order_id, *_FIELDS).where(
        _y.connection_id == sa.bindparam("connection"),
        _y.external_id == sa.bindparam("external"),
    )
)
_UPDATE = Statement(
    t.payment.update().where(
        _y.id == sa.bindparam("row_id"),
        _y.captured == sa.bindparam("seen_captured"),
        _y.refunded == sa.bindparam("seen_refunded"),
    ),
    sets=("authorized", "captured", "refunded", "voided", "expires_at"),
)
_REQUEST_FIELDS = [c for c in t.payment_request.columns if c.name != "shop_id"]
_REQUESTS = Statement(
    sa.select(*_REQUEST_FIELDS).where(_q.order_id == sa.bindparam("order")).order_by(_q.id)
)
_LATE_REQUESTS = Statement(
    sa.select(*_REQUEST_FIELDS)
    .where(
        _q.shop_id == sa.bindparam("shop"),
        _q.state == "open",
        _q.due_at < sa.bindparam("before"),
    )
    .order_by(_q.id)
)
_UPDATE_REQUEST = Statement(
    t.payment_request.update().where(_q.id == sa.bindparam("row_id"), _q.state == "open"),
    sets=("state", "amount", "link", "reference", "due_at", "reminded_at", "ended_at"),
)
_ASK_AGAIN = Statement(
    t.payment_request.update().where(_q.id == sa.bindparam("row_id"), _q.state != "paid"),
    sets=("state", "amount", "ended_at"),
)


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """More that a customer owes: open until it is paid, or withdrawn. `number` counts within its
    order; `link` is where to pay, `payee` to whom money is sent instead."""

    id: int
    order_id: int
    number: int
    amount: int
    currency: str
    opened_at: datetime
    due_at: datetime
    change_id: int | None = None
    state: str = "open"
    why: str = ""
    link: str = ""
    payee: str = ""
    reference: str = ""
    reminded_at: datetime | None = None
    ended_at: datetime | None = None


def payments_of(session: Session, order_id: int) -> list[Payment]:
    return [_payment(row) for row in session.rows(_OF_ORDER, order=order_id)]


def requests_of(session: Session, order_id: int) -> list[PaymentRequest]:
    return [_request(row) for row in session.rows(_REQUESTS, order=order_id)]


def late_requests(session: Session, shop_id: int, before: datetime) -> list[PaymentRequest]:
    """Requests that were to be paid before then and are open."""
    rows = session.rows(_LATE_REQUESTS, shop=shop_id, before=micros(before))
    return [_request(row) for row in rows]


def _payment(row: Iterable[Any]) -> Payment:
    r: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    flags = {name: bool(r[name]) for name in ("captures_once", "original")}
    return Payment(**{**r, **flags, "expires_at": moment_or_none(r["expires_at"])})


def _request(row: Row) -> PaymentRequest:
    r: dict[str, Any] = dict(zip((c.name for c in _REQUEST_FIELDS), row, strict=True))
    times = {name: moment(r[name]) for name in ("opened_at", "due_at")}
    ends = {name: moment_or_none(r[name]) for name in ("reminded_at", "ended_at")}
    return PaymentRequest(**{**r, **times, **ends})


class Payments:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def of(self, order_id: int) -> list[Payment]:
        """The order's payments that have rows; what its channel took has none."""
        self._uow.write_rows()
        return payments_of(self._session, order_id)

    def by_external(self, connection_id: int, external_id: str) -> tuple[int, Payment] | None:
        """(order id, payment) behind a gateway's own id."""
        self._uow.write_rows()
        row = self._session.row(_BY_EXTERNAL, connection=connection_id, external=external_id)
        return None if row is None else (row[0], _payment(row[1:]))

    def add(self, order_id: int, currency: str, payment: Payment) -> Payment:
        row = {name: getattr(payment, name) for name in _NAMES}
        row |= {
            "shop_id": self._uow.shop.id,
            "order_id": order_id,
            "currency": currency,
            "captures_once": int(payment.captures_once),
            "original": int(payment.original),
            "expires_at": micros_or_none(payment.expires_at),
            "at": micros(self._uow.now),
        }
        self._uow.insert(t.payment, row)
        return payment

    def save(self, before: Payment, after: Payment) -> Payment:
        changed = self._session.run(
            _UPDATE,
            row_id=after.id,
            seen_captured=before.captured,
            seen_refunded=before.refunded,
            authorized=after.authorized,
            captured=after.captured,
            refunded=after.refunded,
            voided=after.voided,
            expires_at=micros_or_none(after.expires_at),
        )
        if changed != 1:
            raise Conflict("That payment changed meanwhile.", "Look at the order again.")
        return after

    def refund(self, order_id: int, payment_id: int, amount: int) -> None:
        """So much of a payment has gone back."""
        before = next(p for p in self.of(order_id) if p.id == payment_id)
        self.save(before, replace(before, refunded=before.refunded + amount))

    # --- what is asked for -----------------------------------------------------------------------

    def requests(self, order_id: int) -> list[PaymentRequest]:
        self._uow.write_rows()
        return requests_of(self._session, order_id)

    def add_request(self, request: PaymentRequest) -> PaymentRequest:
        row = row_of(request, _REQUEST_FIELDS)
        self._uow.insert(t.payment_request, {**row, "shop_id": self._uow.shop.id})
        return request

    def ask_again(self, request_id: int, amount: int) -> None:
        """Open again, for so many minor units, what was withdrawn or lowered and not paid."""
        asked: dict[str, Any] = {"state": "open", "amount": amount, "ended_at": None}
        self._session.run(_ASK_AGAIN, row_id=request_id, **asked)

    def save_request(self, request: PaymentRequest) -> PaymentRequest:
        changed = self._session.run(
            _UPDATE_REQUEST,
            row_id=request.id,
            state=request.state,
            amount=request.amount,
            link=request.link,
            reference=request.reference,
            due_at=micros(request.due_at),
            reminded_at=micros_or_none(request.reminded_at),
            ended_at=micros_or_none(request.ended_at),
        )
        if changed != 1:
            raise Conflict("That payment request has ended.", "Look at the order again.")
        return request
