"""Leases: a piece of work that one process at a time may do, until it lets go or falls silent."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Statement
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork

_l = t.lease.c
_HELD = Statement(
    sa.select(_l.holder, _l.until).where(_l.name == sa.bindparam("what")).with_for_update()
)
_TAKE = Statement(
    t.lease.update()
    .where(
        _l.name == sa.bindparam("what"),
        sa.or_(_l.holder == sa.bindparam("me"), _l.until < sa.bindparam("now")),
    )
    .values(holder=sa.bindparam("new"), until=sa.bindparam("end"), fence=_l.fence + 1)
)


def hold(uow: UnitOfWork, name: str, holder: str, span: timedelta) -> bool:
    """Take or keep the lease; False while somebody else has it."""
    now, end = micros(uow.now), micros(uow.now + span)
    if uow.session.row(_HELD, what=name) is None:
        uow.insert_now(t.lease, {"name": name, "holder": holder, "until": end, "fence": 1})
        return True
    taken = uow.session.run(_TAKE, what=name, me=holder, new=holder, now=now, end=end)
    return taken == 1
