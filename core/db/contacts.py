"""Customers by what they say of themselves: contact, order number, signed link; and their tries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement, one_of
from core.db.rows import from_json, micros, to_json
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

REMEMBERED = timedelta(days=1)
NUMBERS_MAX = 200

_c, _o, _a = t.customer.c, t.orders.c, t.attempt.c
_FIELDS = (_c.id, _c.email, _c.phone, _c.name, _c.language, _c.telegram_chat, _c.preferences)
_BY_ID = Statement(
    sa.select(*_FIELDS).where(_c.shop_id == sa.bindparam("shop"), _c.id == sa.bindparam("id"))
)
_ANYWHERE = Statement(sa.select(_c.shop_id, *_FIELDS).where(_c.id == sa.bindparam("id")))
_BY_EMAIL = Statement(
    sa.select(*_FIELDS)
    .where(_c.shop_id == sa.bindparam("shop"), _c.email == sa.bindparam("email"))
    .order_by(_c.id)
)
_BY_PHONE = Statement(
    sa.select(*_FIELDS)
    .where(
        _c.shop_id == sa.bindparam("shop"),
        one_of(_c.phone, [sa.bindparam(f"phone{n}") for n in range(3)]),
        _c.email != "",
    )
    .order_by(_c.id.desc())
)
_BY_TELEGRAM = Statement(
    sa.select(*_FIELDS).where(
        _c.shop_id == sa.bindparam("shop"), _c.telegram_chat == sa.bindparam("chat")
    )
)
_NUMBERS = Statement(
    sa.select(_o.id, _o.number)
    .where(_o.customer_id == sa.bindparam("customer"))
    .order_by(_o.placed_at.desc())
    .limit(NUMBERS_MAX)
)
_LINKED = Statement(
    sa.select(_o.shop_id, _o.customer_id, _o.links_version).where(_o.id == sa.bindparam("order"))
)
_TELEGRAM = Statement(
    t.customer.update().where(_c.id == sa.bindparam("row_id")), sets=("telegram_chat",)
)
_PREFERENCES = Statement(
    t.customer.update().where(_c.id == sa.bindparam("row_id")), sets=("preferences",)
)
_TRIES = Statement(
    sa.select(sa.func.count()).where(
        _a.shop_id == sa.bindparam("shop"),
        _a.name == sa.bindparam("what"),
        _a.at > sa.bindparam("since"),
    )
)
_FORGET = Statement(t.attempt.delete().where(_a.at < sa.bindparam("before")))


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer's contacts and wishes; `preferences` maps a kind or route to a yes or no."""

    id: int
    email: str
    phone: str
    name: str
    language: str
    telegram_chat: str | None
    preferences: dict[str, bool]


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """What a signed link about an order is checked against."""

    shop_id: int
    customer_id: int | None
    version: int


def customer_by_id(session: Session, shop_id: int, customer_id: int) -> Customer | None:
    return _customer(session.row(_BY_ID, shop=shop_id, id=customer_id))


def customer_anywhere(session: Session, customer_id: int) -> tuple[int, Customer] | None:
    """(shop id, customer): for signed links, which name nobody but the customer."""
    row = session.row(_ANYWHERE, id=customer_id)
    found = _customer(row[1:]) if row else None
    return None if row is None or found is None else (row[0], found)


def customer_by_email(session: Session, shop_id: int, email: str) -> Customer | None:
    return _customer(session.row(_BY_EMAIL, shop=shop_id, email=email))


def customer_by_phone(
    session: Session, shop_id: int, spellings: tuple[str, str, str]
) -> Customer | None:
    """The newest customer with this number and an e-mail address to send a code to."""
    phones = {f"phone{n}": spelling for n, spelling in enumerate(spellings)}
    return _customer(session.row(_BY_PHONE, shop=shop_id, **phones))


def numbers_of(session: Session, customer_id: int) -> list[tuple[int, str]]:
    """(id, number) of a customer's orders, newest first."""
    return [(row[0], row[1]) for row in session.rows(_NUMBERS, customer=customer_id)]


def link_target(session: Session, order_id: int) -> LinkTarget | None:
    row = session.row(_LINKED, order=order_id)
    return None if row is None else LinkTarget(*row)


def _customer(row: Row | None) -> Customer | None:
    if row is None:
        return None
    customer_id, email, phone, name, language, chat, preferences = row
    return Customer(customer_id, email, phone, name, language, chat, from_json(preferences))


class Contacts:
    """What a command changes about a customer, and the tries that it counts."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def bind_telegram(self, customer_id: int, chat: str | None) -> None:
        """Messages for this customer go to this chat too; one chat belongs to one customer."""
        if chat is not None:
            self.leave_telegram(chat)
        self._session.run(_TELEGRAM, row_id=customer_id, telegram_chat=chat)

    def leave_telegram(self, chat: str) -> None:
        for row in self._session.rows(_BY_TELEGRAM, shop=self._uow.shop.id, chat=chat):
            self._session.run(_TELEGRAM, row_id=row[0], telegram_chat=None)

    def prefer(self, customer_id: int, preferences: dict[str, bool]) -> None:
        self._session.run(_PREFERENCES, row_id=customer_id, preferences=to_json(preferences))

    def tries(self, name: str, within: timedelta) -> int:
        since = micros(self._uow.now - within)
        row = self._session.row(_TRIES, shop=self._uow.shop.id, what=name, since=since)
        return row[0] if row else 0

    def tried(self, *names: str) -> None:
        """Count one try under each name; tries older than a day are thrown away."""
        self._session.run(_FORGET, before=_day_before(self._uow.now))
        for name in names:
            row = {"id": self._uow.new_id(), "shop_id": self._uow.shop.id, "name": name}
            self._uow.insert(t.attempt, {**row, "at": micros(self._uow.now)})


def _day_before(now: datetime) -> int:
    return micros(now - REMEMBERED)
