"""What a location takes on in one local day: counted under a guard, given back with the work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

NO_LIMIT = 10**12
_u, _c = t.capacity_used.c, t.capacity_claim.c
_HERE = (
    _u.shop_id == sa.bindparam("p_shop"),
    _u.location_id == sa.bindparam("p_location"),
    _u.day == sa.bindparam("p_day"),
)
_MORE = {
    "orders": _u.orders + sa.bindparam("d_orders"),
    "lines": _u.lines + sa.bindparam("d_lines"),
    "units": _u.units + sa.bindparam("d_units"),
}
_TAKE = Statement(
    t.capacity_used.update()
    .where(
        *_HERE,
        _u.orders + sa.bindparam("d_orders") <= sa.bindparam("most_orders"),
        _u.lines + sa.bindparam("d_lines") <= sa.bindparam("most_lines"),
        _u.units + sa.bindparam("d_units") <= sa.bindparam("most_units"),
    )
    .values(_MORE),
    apart=True,
)
_GIVE = Statement(t.capacity_used.update().where(*_HERE).values(_MORE), apart=True)
_THERE = Statement(sa.select(_u.orders).where(*_HERE), apart=True)
_CLAIM = Statement(
    sa.select(_c.location_id, _c.day, _c.lines, _c.units).where(
        _c.fulfillment_id == sa.bindparam("work"), _c.given_back_at.is_(None)
    )
)
_END_CLAIM = Statement(
    t.capacity_claim.update()
    .where(_c.fulfillment_id == sa.bindparam("work"), _c.given_back_at.is_(None))
    .values(given_back_at=sa.bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One piece of work against a location's day; a limit of None is no limit."""

    location_id: int
    day: str
    lines: int
    units: int
    most_orders: int | None = None
    most_lines: int | None = None
    most_units: int | None = None

    def fits(self, used: tuple[int, int, int]) -> bool:
        """Whether it has room beside what is taken already: orders, lines and units."""
        more = (1, self.lines, self.units)
        most = (self.most_orders, self.most_lines, self.most_units)
        sums = map(sum, zip(used, more, strict=True))
        return all(m is None or total <= m for m, total in zip(most, sums, strict=True))


def used_on(
    session: Session, shop_id: int, days: Mapping[int, str]
) -> dict[int, tuple[int, int, int]]:
    """(orders, lines, units) taken on by each location on its own day."""
    found = session.select(
        sa.select(_u.location_id, _u.day, _u.orders, _u.lines, _u.units).where(
            _u.shop_id == shop_id, _u.day.in_(sorted(set(days.values())))
        )
    )
    return {
        i: (orders, lines, units) for i, day, orders, lines, units in found if days.get(i) == day
    }


def take(uow: UnitOfWork, claims: Iterable[Claim]) -> int | None:
    """Count all of these, or none: the location that has no room for its part, or None."""
    taken: list[Claim] = []
    for claim in sorted(claims, key=lambda each: each.location_id):
        if not _take(uow, claim):
            give(uow, taken)
            return claim.location_id
        taken.append(claim)
    return None


def give(uow: UnitOfWork, claims: Iterable[Claim]) -> None:
    for claim in claims:
        uow.session.run(_GIVE, **_params(uow, claim, -1))


def _take(uow: UnitOfWork, claim: Claim) -> bool:
    limits = {
        "most_orders": NO_LIMIT if claim.most_orders is None else claim.most_orders,
        "most_lines": NO_LIMIT if claim.most_lines is None else claim.most_lines,
        "most_units": NO_LIMIT if claim.most_units is None else claim.most_units,
    }
    params = {**_params(uow, claim, 1), **limits}
    if uow.session.run(_TAKE, **params) == 1:
        return True
    here = {name: params[name] for name in ("p_shop", "p_location", "p_day")}
    if uow.session.row(_THERE, **here) is not None:
        return False
    day = {"shop_id": uow.shop.id, "location_id": claim.location_id, "day": claim.day}
    uow.insert_now(t.capacity_used, day)
    return uow.session.run(_TAKE, **params) == 1


def _params(uow: UnitOfWork, claim: Claim, sign: int) -> dict[str, int | str]:
    return {
        "p_shop": uow.shop.id,
        "p_location": claim.location_id,
        "p_day": claim.day,
        "d_orders": sign,
        "d_lines": sign * claim.lines,
        "d_units": sign * claim.units,
    }


def keep(uow: UnitOfWork, fulfillment_id: int, claim: Claim) -> None:
    """Remember which work a count stands for, so that it can be given back with it."""
    uow.insert(
        t.capacity_claim,
        {
            "fulfillment_id": fulfillment_id,
            "shop_id": uow.shop.id,
            "location_id": claim.location_id,
            "day": claim.day,
            "lines": claim.lines,
            "units": claim.units,
        },
    )


def has_claim(session: Session, fulfillment_id: int) -> bool:
    """Whether a count of a location's day stands for this work."""
    return session.row(_CLAIM, work=fulfillment_id) is not None


def give_back(uow: UnitOfWork, fulfillment_id: int) -> None:
    """Work was canceled before it left: its day has room again."""
    row = uow.session.row(_CLAIM, work=fulfillment_id)
    if row is None:
        return
    uow.session.run(_END_CLAIM, work=fulfillment_id, at=micros(uow.now))
    give(uow, [Claim(*row)])
