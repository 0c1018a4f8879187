"""Photos: kept once by what was sent, known again by how they look, forgotten in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import micros, moment
from core.domain.photos import QUARTERS, Picture, are_alike, quarters
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_p, _u, _c, _r, _o = t.photo.c, t.photo_use.c, t.claim.c, t.rma.c, t.orders.c
_FIELDS = (_p.id, _p.sha256, _p.width, _p.height, _p.sent_by, _p.at, _p.forgotten_at)
_BY_NAME = Statement(
    sa.select(_p.id, _p.forgotten_at).where(
        _p.shop_id == sa.bindparam("shop"), _p.sha256 == sa.bindparam("name")
    )
)
_CONTENT = Statement(
    sa.select(_p.sha256, _p.content).where(_p.id == sa.bindparam("id"), _p.forgotten_at.is_(None))
)
_SENT_SINCE = Statement(
    sa.select(sa.func.count())
    .select_from(t.photo)
    .where(_p.customer_id == sa.bindparam("customer"), _p.at >= sa.bindparam("since"))
)
_AGAIN = Statement(
    t.photo.update().where(_p.id == sa.bindparam("row_id")),
    sets=("content", "forgotten_at", "at", "customer_id", "sent_by"),
)
_FORGET = Statement(
    t.photo.update().where(_p.id == sa.bindparam("row_id")), sets=("content", "forgotten_at")
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A photo without its content; `is_kept` is False once it was forgotten."""

    id: int
    name: str
    width: int
    height: int
    sent_by: str
    at: datetime
    is_kept: bool


def keep(uow: UnitOfWork, picture: Picture, customer_id: int | None, sent_by: str) -> int:
    """The id of the photo; the same one again is not kept twice, and counts for today."""
    known = uow.session.row(_BY_NAME, shop=uow.shop.id, name=picture.name)
    told: dict[str, Any] = {
        "content": picture.content,
        "forgotten_at": None,
        "at": micros(uow.now),
        "customer_id": customer_id,
        "sent_by": sent_by,
    }
    if known is not None:
        if known[1] is not None:
            uow.session.run(_AGAIN, row_id=known[0], **told)
        return int(known[0])
    photo_id = uow.new_id()
    uow.insert(
        t.photo,
        {
            "id": photo_id,
            "shop_id": uow.shop.id,
            "sha256": picture.name,
            "width": picture.width,
            "height": picture.height,
            "looks": picture.looks,
            **{f"quarter_{n}": value for n, value in enumerate(quarters(picture.looks))},
            "surface": uow.surface,
            **told,
        },
    )
    return photo_id


def sent_since(session: Session, customer_id: int, since: datetime) -> int:
    """How many photos a customer has sent since a moment."""
    row = session.row(_SENT_SINCE, customer=customer_id, since=micros(since))
    return int(row[0]) if row else 0


def content_of(session: Session, photo_id: int) -> tuple[str, bytes] | None:
    """The name and the JPEG, for signed links and who was let through: whoever asks."""
    row = session.row(_CONTENT, id=photo_id)
    return None if row is None else (str(row[0]), bytes(row[1]))


def photos_of(session: Session, order_id: int) -> list[Kept]:
    """Photos that were sent for an order and are, or were, kept; oldest first."""
    clause = (
        sa.select(*_FIELDS)
        .join(t.photo_use, sa.and_(_u.shop_id == _p.shop_id, _u.photo == _p.sha256))
        .where(_u.order_id == order_id)
        .order_by(_p.at, _p.id)
    )
    return [_kept(row) for row in session.select(clause)]


def photos_named(session: Session, shop_id: int, start: str) -> list[Kept]:
    """Photos whose name begins so (lower-case hexadecimal digits only)."""
    clause = (
        sa.select(*_FIELDS)
        .where(_p.shop_id == shop_id, _p.sha256 >= start, _p.sha256 < f"{start}g")
        .limit(2)
    )
    return [_kept(row) for row in session.select(clause)]


def orders_of(session: Session, shop_id: int, names: Iterable[str]) -> dict[str, list[str]]:
    """By photo, the numbers of the orders for which it was sent."""
    clause = (
        sa.select(_u.photo, _o.number)
        .join(t.orders, _o.id == _u.order_id)
        .where(_u.shop_id == shop_id, _u.photo.in_(list(names)))
        .order_by(_u.at, _u.order_id)
    )
    found: dict[str, list[str]] = {}
    for name, number in session.select(clause):
        found.setdefault(name, []).append(number)
    return found


def alike(within: UnitOfWork | Reader, names: Sequence[str]) -> set[str]:
    """The names of other photos that look like one of these."""
    shop_id, session = within.actor.shop_id, within.session
    columns = [t.photo.c[f"quarter_{n}"] for n in range(QUARTERS)]
    mine = sa.select(_p.looks, *columns).where(
        _p.shop_id == shop_id, _p.sha256.in_(list(names)), _p.looks != ""
    )
    found: set[str] = set()
    for looks, *parts in session.select(mine):
        same = (column == part for column, part in zip(columns, parts, strict=True))
        near = sa.select(_p.sha256, _p.looks).where(_p.shop_id == shop_id, sa.or_(*same))
        found |= {name for name, other in session.select(near) if are_alike(looks, other)}
    return found - set(names)


def _kept(row: Row) -> Kept:
    photo_id, name, width, height, sent_by, at, forgotten = row
    return Kept(photo_id, name, width, height, sent_by, moment(at), forgotten is None)


# --- forgetting ----------------------------------------------------------------------------------


def forget(uow: UnitOfWork, before: datetime, most: int) -> int:
    """Take the content of photos away that nothing has needed since `before`; how many."""
    ids = [row[0] for row in uow.session.select(_needless(uow, micros(before)).limit(most))]
    for photo_id in ids:
        uow.session.run(_FORGET, row_id=photo_id, content=None, forgotten_at=micros(uow.now))
    return len(ids)


def _needless(uow: UnitOfWork, before: int) -> sa.Select[Any]:
    """A photo is needed while a claim or a return of its orders is open, or ended later."""
    used = sa.and_(_u.shop_id == _p.shop_id, _u.photo == _p.sha256)
    claimed = (
        sa.select(_u.photo)
        .join(t.claim, _c.order_id == _u.order_id)
        .where(used, sa.or_(_c.decided_at.is_(None), _c.decided_at >= before))
    )
    ended = sa.func.coalesce(_r.closed_at, _r.decided_at)
    returned = (
        sa.select(_u.photo)
        .join(t.rma, _r.order_id == _u.order_id)
        .where(used, sa.or_(_r.status.in_(_OPEN_RETURNS), ended >= before))
    )
    return (
        sa.select(_p.id)
        .where(
            _p.shop_id == uow.shop.id,
            _p.forgotten_at.is_(None),
            _p.at < before,
            ~claimed.exists(),
            ~returned.exists(),
        )
        .order_by(_p.id)
    )


_OPEN_RETURNS = ("requested", "approved", "received")
