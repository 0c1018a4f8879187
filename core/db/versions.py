"""Versioned documents as rows: versions that never change, and which of them is in force.

The routing rules and the return rules are kept this way, each in two tables of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import sqlalchemy as sa

from core.db.connection import Session, Statement
from core.db.rows import from_json, micros, moment, to_json
from core.domain.refusals import NotFound
from core.domain.shop import Shop
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

D = TypeVar("D")
_SHOP: Any = sa.bindparam("shop")


@dataclass(frozen=True, slots=True)
class Written(Generic[D]):
    """One version: what it says, who wrote it, when and why."""

    number: int
    document: D
    based_on: int | None
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Activation:
    """From this moment on a version was in force; number 0 is none at all."""

    number: int
    reason: str
    actor: str
    at: datetime


class Numbered(Protocol):
    @property
    def number(self) -> int: ...


class Versions(Generic[D]):
    """One family of versioned documents; `name` is what people call it, `verb` shows it."""

    def __init__(
        self,
        written: sa.Table,
        activation: sa.Table,
        read: Callable[[Any], D],
        plain: Callable[[D], Any],
        *,
        name: str,
        verb: str,
        kept: Callable[[Shop], Numbered | None],
    ) -> None:
        """`kept` is the version in force as the remembered shop has it."""
        self.name, self.verb, self._kept = name, verb, kept
        self._read, self._plain = read, plain
        self._written, self._activation = written, activation
        self._active = _active(written.c, activation.c)
        self._one, self._all, self._most = _versions(written.c)
        self._activations = _activations(activation.c)

    def in_force(self, shop: Shop) -> int:
        """The number of the version in force; 0: none."""
        kept = self._kept(shop)
        return kept.number if kept else 0

    def active(self, session: Session, shop_id: int) -> tuple[int, D] | None:
        """The number and the document in force."""
        row = session.row(self._active, shop=shop_id, shop2=shop_id)
        return None if row is None else (row[0], self._read(from_json(row[1])))

    def one(self, session: Session, shop_id: int, number: int) -> Written[D]:
        row = session.row(self._one, shop=shop_id, number=number)
        if row is None:
            raise NotFound(
                f"There is no version {number} of the {self.name}.", f"Look at `{self.verb}`."
            )
        return self._version(row)

    def newest(self, session: Session, shop_id: int, most: int = 20) -> list[Written[D]]:
        """The newest first."""
        return [self._version(row) for row in session.rows(self._all, shop=shop_id, most=most)]

    def activations(self, session: Session, shop_id: int, most: int = 50) -> list[Activation]:
        """The newest first."""
        found = session.rows(self._activations, shop=shop_id, most=most)
        return [Activation(number, why, actor, moment(at)) for number, why, actor, at in found]

    def write(self, uow: UnitOfWork, document: D, based_on: int | None, reason: str) -> int:
        """A new version, which is only a draft; returns its number."""
        found = uow.session.row(self._most, shop=uow.shop.id)
        number = int((found[0] if found else 0) or 0) + 1
        told = {"document": to_json(self._plain(document)), "based_on": based_on}
        uow.insert_now(self._written, {**signed(uow, reason), "number": number, **told})
        return number

    def activate(self, uow: UnitOfWork, number: int, reason: str) -> None:
        uow.insert_now(self._activation, {**signed(uow, reason), "number": number})
        uow.people.touch()

    def _version(self, row: Sequence[Any]) -> Written[D]:
        number, document, based_on, reason, actor, at = row
        read = self._read(from_json(document))
        return Written(number, read, based_on, reason, actor, moment(at))


def signed(uow: UnitOfWork, reason: str) -> dict[str, Any]:
    """The columns that say who wrote a row, when and why."""
    return {
        "id": uow.new_id(),
        "shop_id": uow.shop.id,
        "reason": reason,
        "actor": uow.actor.name,
        "at": micros(uow.now),
    }


def _active(written: Any, activation: Any) -> Statement:
    last = (
        sa.select(activation.number)
        .where(activation.shop_id == _SHOP)
        .order_by(activation.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return Statement(
        sa.select(written.number, written.document).where(
            written.shop_id == sa.bindparam("shop2"), written.number == last
        ),
        apart=True,
    )


def _versions(written: Any) -> tuple[Statement, Statement, Statement]:
    """One version, the newest ones, and the highest number."""
    c = written
    of_shop = sa.select(c.number, c.document, c.based_on, c.reason, c.actor, c.at).where(
        c.shop_id == _SHOP
    )
    return (
        Statement(of_shop.where(c.number == sa.bindparam("number"))),
        Statement(of_shop.order_by(c.number.desc()).limit(sa.bindparam("most"))),
        Statement(sa.select(sa.func.max(c.number)).where(c.shop_id == _SHOP)),
    )


def _activations(activation: Any) -> Statement:
    c = activation
    return Statement(
        sa.select(c.number, c.reason, c.actor, c.at)
        .where(c.shop_id == _SHOP)
        .order_by(c.id.desc())
        .limit(sa.bindparam("most"))
    )
