"""Customers, staff, keys, connections, locations and products: the writes of setting up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, to_json

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_c = t.customer.c
_CUSTOMER = Statement(
    sa.select(_c.id, _c.name, _c.language).where(
        _c.shop_id == sa.bindparam("shop"),
        _c.email == sa.bindparam("email"),
        _c.phone == sa.bindparam("phone"),
    ),
    apart=True,
)
CUSTOMER_BY_EMAIL = Statement(
    sa.select(_c.id, _c.name, _c.language)
    .where(_c.shop_id == sa.bindparam("shop"), _c.email == sa.bindparam("email"))
    .order_by(_c.id),
    apart=True,
)
_TOUCH = Statement(
    t.shop.update()
    .where(t.shop.c.id == sa.bindparam("shop"))
    .values(revision=t.shop.c.revision + 1)
)
_NEXT = Statement(
    t.sequence.update()
    .where(t.sequence.c.shop_id == sa.bindparam("shop"), t.sequence.c.name == sa.bindparam("seq"))
    .values(value=t.sequence.c.value + 1)
    .returning(t.sequence.c.value),
    apart=True,
)
_COUNT = Statement(
    t.counter.update()
    .where(t.counter.c.shop_id == sa.bindparam("shop"), t.counter.c.name == sa.bindparam("what"))
    .values(value=t.counter.c.value + sa.bindparam("more"))
)


class People:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session: Session = uow.session
        self._made: set[int] = set()

    def is_new(self, customer_id: int | None) -> bool:
        """Whether this very command made the customer: then there is no past to look at."""
        return customer_id in self._made

    def customer(self, email: str, phone: str, name: str, language: str) -> int | None:
        """The customer behind a contact, made when new; None when there is no contact at all."""
        if not email and not phone:
            return None
        statement = CUSTOMER_BY_EMAIL if email else _CUSTOMER
        params = {"email": email} if email else {"email": "", "phone": phone}
        key = ("customer", self._uow.shop.id, *params.values())
        if key in self._uow.batch.seen:
            self._uow.write_rows()
        self._uow.batch.seen.add(key)
        found = self._session.row(statement, shop=self._uow.shop.id, **params)
        if found is not None:
            return int(found[0])
        customer_id = self._uow.new_id()
        self._made.add(customer_id)
        self._uow.insert(
            t.customer,
            {
                "id": customer_id,
                "shop_id": self._uow.shop.id,
                "email": email,
                "phone": phone,
                "name": name,
                "language": language,
                "created_at": micros(self._uow.now),
            },
        )
        return customer_id

    def next_number(self, name: str, start: int = 1000) -> int:
        """The next value of a sequence of this shop; the first is `start` + 1."""
        found = self._session.row(_NEXT, shop=self._uow.shop.id, seq=name)
        if found is not None:
            return int(found[0])
        self._uow.insert_now(
            t.sequence, {"shop_id": self._uow.shop.id, "name": name, "value": start + 1}
        )
        return start + 1

    def count(self, name: str, more: int = 1) -> None:
        """Add to a counter of this shop."""
        if self._session.run(_COUNT, shop=self._uow.actor.shop_id, what=name, more=more) == 0:
            self._uow.insert_now(
                t.counter, {"shop_id": self._uow.actor.shop_id, "name": name, "value": more}
            )

    def put(self, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        """Make or change one row of setting up; returns made, changed or same.

        `key` finds the row within the shop; dicts and lists become JSON text.
        """
        plain = {
            n: v if not isinstance(v, dict | list | tuple) else to_json(v)
            for n, v in values.items()
        }
        where = [table.c.shop_id == self._uow.actor.shop_id]
        where += [table.c[name] == value for name, value in key.items()]
        found = self._session.connection.execute(
            sa.select(*[table.c[name] for name in plain]).where(*where)
        ).first()
        if found is not None and tuple(found) == tuple(plain.values()):
            return "same"
        self.touch()
        if found is not None:
            self._session.connection.execute(table.update().where(*where).values(**plain))
            return "changed"
        row = {"shop_id": self._uow.actor.shop_id, **key, **plain}
        if "id" in table.c:
            row["id"] = self._uow.new_id()
        if "created_at" in table.c:
            row["created_at"] = micros(self._uow.now)
        self._uow.insert_now(table, row)
        return "made"

    def set_shop(self, **values: Any) -> None:
        plain = {
            n: v if not isinstance(v, dict | list | tuple) else to_json(v)
            for n, v in values.items()
        }
        self._session.connection.execute(
            t.shop.update().where(t.shop.c.id == self._uow.actor.shop_id).values(**plain)
        )
        self.touch()

    def touch(self) -> None:
        """Say that the shop's surroundings changed, so that every process reads them again."""
        self._session.run(_TOUCH, shop=self._uow.actor.shop_id)
        self._uow.forget_shop()
