"""Where the units of some order lines went: work, parcels and returns, past ones included."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.domain.timeline import LineTrail

_r, _f, _pl, _ml = t.reservation.c, t.fulfillment_order.c, t.parcel_line.c, t.rma_line.c


def trail_of(session: Session, sku: str, lines: Sequence[int]) -> LineTrail:
    works = session.select(
        sa.select(_f.number)
        .distinct()
        .join(t.reservation, _r.fulfillment_id == _f.id)
        .where(_r.line_id.in_(lines))
    )
    parcels = session.select(sa.select(_pl.parcel_id).where(_pl.line_id.in_(lines)))
    returns = session.select(sa.select(_ml.rma_id).where(_ml.line_id.in_(lines)))
    return LineTrail(
        sku,
        frozenset(row[0] for row in works),
        frozenset(row[0] for row in parcels),
        frozenset(row[0] for row in returns),
    )
