"""Labels that were asked for and bought: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.db.unit_of_work import UnitOfWork
from core.domain.labels import PAID, LabelState
from core.domain.values import dataclass

_l = t.bought_label.c
_FIELDS = [c for c in t.bought_label.columns if c.name != "content"]
_NAMES = [c.name for c in _FIELDS]
_BY_ID = Statement(sa.select(*_FIELDS).where(_l.id == sa.bindparam("id")))
_OF_RETURN = Statement(sa.select(*_FIELDS).where(_l.rma_id == sa.bindparam("rma")).order_by(_l.id))
_CONTENT = Statement(
    sa.select(_l.tracking_number, _l.content).where(
        _l.id == sa.bindparam("id"), _l.state == LabelState.BOUGHT.value, _l.content.is_not(None)
    )
)
_MUTABLE = (
    "state",
    "shipment",
    "carrier",
    "service",
    "tracking_number",
    "cost",
    "reason",
    "bought_at",
    "ended_at",
)
_UPDATE = Statement(
    t.bought_label.update().where(
        _l.id == sa.bindparam("row_id"), _l.state == sa.bindparam("seen")
    ),
    sets=_MUTABLE,
)
_KEEP = Statement(
    t.bought_label.update().where(_l.id == sa.bindparam("row_id"), _l.content.is_(None)),
    sets=("content",),
)


@dataclass(frozen=True, slots=True)
class BoughtLabel:
    """`cost` in minor units of `currency`; `shipment` is the carrier's own id of it."""

    id: int
    shop_id: int
    order_id: int
    rma_id: int
    connection_id: int
    state: LabelState
    currency: str
    asked_by: str
    asked_at: datetime
    shipment: str = ""
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    cost: int = 0
    reason: str = ""
    bought_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def lives(self) -> bool:
        return self.state in (LabelState.ASKED, LabelState.BOUGHT)


def label_by_id(session: Session, label_id: int) -> BoughtLabel | None:
    row = session.row(_BY_ID, id=label_id)
    return None if row is None else _label(row)


def labels_of(session: Session, rma_id: int) -> list[BoughtLabel]:
    """Of a return, the newest last."""
    return [_label(row) for row in session.rows(_OF_RETURN, rma=rma_id)]


def living_label(session: Session, rma_id: int) -> BoughtLabel | None:
    return next((each for each in labels_of(session, rma_id) if each.lives), None)


def label_content(session: Session, label_id: int) -> tuple[str, bytes] | None:
    """(tracking number, PDF) of a label that can be used; None when there is none."""
    row = session.row(_CONTENT, id=label_id)
    return None if row is None else (row[0], bytes(row[1]))


def label_order(session: Session, label_id: int) -> int:
    """The order of a label; 0 for a label that does not exist."""
    label = label_by_id(session, label_id)
    return label.order_id if label else 0


def has_content(session: Session, label_id: int) -> bool:
    return label_content(session, label_id) is not None


def cost_of_labels(session: Session, order_id: int) -> int:
    """What labels of an order's returns have cost, in minor units."""
    paid = [state.value for state in PAID]
    clause = sa.select(sa.func.coalesce(sa.func.sum(_l.cost), 0)).where(
        _l.order_id == order_id, _l.state.in_(paid)
    )
    return int(session.select(clause)[0][0])


def add_label(uow: UnitOfWork, label: BoughtLabel) -> None:
    uow.insert_now(
        t.bought_label,
        {
            **{name: getattr(label, name) for name in _NAMES},
            "state": label.state.value,
            "asked_at": micros(label.asked_at),
            "bought_at": micros_or_none(label.bought_at),
            "ended_at": micros_or_none(label.ended_at),
        },
    )


def save_label(uow: UnitOfWork, before: BoughtLabel, after: BoughtLabel) -> bool:
    """Whether it was still as it was seen; else nothing is written."""
    told = {name: getattr(after, name) for name in _MUTABLE}
    times = {name: micros_or_none(told[name]) for name in ("bought_at", "ended_at")}
    values = {**told, **times, "state": after.state.value}
    return uow.session.run(_UPDATE, row_id=after.id, seen=before.state.value, **values) == 1


def keep_content(uow: UnitOfWork, label_id: int, pdf: bytes) -> bool:
    return uow.session.run(_KEEP, row_id=label_id, content=pdf) == 1


def _label(row: Iterable[Any]) -> BoughtLabel:
    r: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    return BoughtLabel(
        **{
            **r,
            "state": LabelState(r["state"]),
            "asked_at": moment(r["asked_at"]),
            "bought_at": moment_or_none(r["bought_at"]),
            "ended_at": moment_or_none(r["ended_at"]),
        }
    )


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "a return has one living label at most": (
        "I-66",
        """select rma_id from bought_label where state in ('asked', 'bought')
        group by rma_id having count(*) > 1""",
    ),
    "a bought label has its number, and is of its return's order": (
        "I-66b",
        """select b.id from bought_label b join rma r on r.id = b.rma_id
        where r.order_id <> b.order_id or r.shop_id <> b.shop_id
            or (b.state in ('bought', 'voiding', 'void', 'spent') and b.bought_at is not null
                and b.tracking_number = '')""",
    ),
}
