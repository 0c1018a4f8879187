"""What came back, as rows: receipts, where each unit is now, and boxes that nobody announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import from_json, micros, moment, moment_or_none, to_json
from core.domain.refusals import Conflict, NotFound
from core.domain.returning.dispositions import Disposition
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_r, _d, _b = t.return_receipt.c, t.return_disposition.c, t.found_box.c
_OF_RMA = Statement(
    sa.select(
        _r.id,
        _r.line_id,
        _r.sku,
        _r.quantity,
        _r.condition,
        _r.photos,
        _r.location_id,
        _r.actor,
        _r.at,
        _d.disposition,
        sa.func.sum(_d.quantity),
    )
    .join(t.return_disposition, _d.receipt_id == _r.id)
    .where(_r.rma_id == sa.bindparam("rma"))
    .group_by(*[c for c in t.return_receipt.columns if c.name != "rma_id"], _d.disposition)
    .order_by(_r.id, _d.disposition)
)
_BOX_FIELDS = ("id", "location_id", "lines", "note", "photos", "rma_id", "actor", "at")
_BOX = Statement(
    sa.select(*[_b[name] for name in _BOX_FIELDS], _b.matched_at).where(
        _b.shop_id == sa.bindparam("shop"), _b.id == sa.bindparam("id")
    )
)
_KEPT = Statement(
    sa.select(*[_b[name] for name in _BOX_FIELDS], _b.matched_at)
    .where(_b.order_id == sa.bindparam("order"), _b.rma_id.is_(None))
    .order_by(_b.id)
)
_MATCH = Statement(
    t.found_box.update().where(_b.id == sa.bindparam("row_id"), _b.matched_at.is_(None)),
    sets=("order_id", "rma_id", "matched_at"),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units of one line that were counted in together; `places` says where they are now."""

    id: int
    line_id: int
    sku: str
    quantity: int
    condition: str
    photos: tuple[str, ...]
    location_id: int
    actor: str
    at: datetime
    places: Mapping[Disposition, int]


@dataclass(frozen=True, slots=True)
class FoundBox:
    """Goods that came without a return; `lines` are (SKU, units)."""

    id: int
    location_id: int
    lines: tuple[tuple[str, int], ...]
    note: str
    photos: tuple[str, ...]
    rma_id: int | None
    actor: str
    at: datetime
    matched_at: datetime | None = None


def receipts_of(session: Session, rma_id: int) -> list[Receipt]:
    """What came for a return, in its order."""
    found: dict[int, list[Row]] = {}
    for row in session.rows(_OF_RMA, rma=rma_id):
        found.setdefault(row[0], []).append(row)
    return [_receipt(rows) for rows in found.values()]


def _receipt(rows: Sequence[Row]) -> Receipt:
    id_, line_id, sku, quantity, condition, photos, location_id, actor, at, *_ = rows[0]
    places = {Disposition(row[9]): int(row[10]) for row in rows if row[10]}
    return Receipt(
        id_,
        line_id,
        sku,
        quantity,
        condition,
        tuple(from_json(photos)),
        location_id,
        actor,
        moment(at),
        places,
    )


def write_receipt(uow: UnitOfWork, rma_id: int, receipt: Receipt) -> None:
    """What was counted, and where each unit goes first."""
    row = {
        "id": receipt.id,
        "shop_id": uow.shop.id,
        "rma_id": rma_id,
        "line_id": receipt.line_id,
        "sku": receipt.sku,
        "quantity": receipt.quantity,
        "condition": receipt.condition,
        "photos": to_json(receipt.photos),
        "location_id": receipt.location_id,
        "actor": receipt.actor,
        "at": micros(receipt.at),
    }
    uow.insert_now(t.return_receipt, row)
    for disposition, units in receipt.places.items():
        place_units(uow, receipt.id, disposition, units, "")


def place_units(
    uow: UnitOfWork, receipt_id: int, disposition: Disposition, units: int, reason: str
) -> None:
    """So many more (or, negative, fewer) of a receipt's units are there."""
    row = {
        "id": uow.new_id(),
        "shop_id": uow.shop.id,
        "receipt_id": receipt_id,
        "disposition": disposition.value,
        "quantity": units,
        "reason": reason,
        "actor": uow.actor.name,
        "at": micros(uow.now),
    }
    uow.insert_now(t.return_disposition, row)


# --- found boxes ---------------------------------------------------------------------------------


def write_box(uow: UnitOfWork, box: FoundBox) -> None:
    row: dict[str, Any] = {
        "id": box.id,
        "shop_id": uow.shop.id,
        "location_id": box.location_id,
        "lines": to_json(box.lines),
        "note": box.note,
        "photos": to_json(box.photos),
        "actor": box.actor,
        "at": micros(box.at),
    }
    uow.insert_now(t.found_box, row)


def box_of(uow: UnitOfWork, box_id: int) -> FoundBox:
    row = uow.session.row(_BOX, shop=uow.shop.id, id=box_id)
    if row is None:
        raise NotFound("I cannot find that box.")
    return _box(row)


def kept_boxes_of(uow: UnitOfWork, order_id: int) -> list[FoundBox]:
    """Boxes of goods of this order that had been refunded and kept."""
    return [_box(row) for row in uow.session.rows(_KEPT, order=order_id)]


def _box(row: Row) -> FoundBox:
    id_, location_id, lines, note, photos, rma_id, actor, at, matched_at = row
    return FoundBox(
        id_,
        location_id,
        tuple((str(sku), int(units)) for sku, units in from_json(lines)),
        note,
        tuple(from_json(photos)),
        rma_id,
        actor,
        moment(at),
        moment_or_none(matched_at),
    )


def match_box(uow: UnitOfWork, box: FoundBox, order_id: int, rma_id: int | None) -> None:
    """Whose it is; without a return it is of goods that were refunded and kept."""
    told = {"order_id": order_id, "rma_id": rma_id, "matched_at": micros(uow.now)}
    changed = uow.session.run(_MATCH, row_id=box.id, **told)
    if changed != 1:
        raise Conflict("Somebody has matched that box meanwhile.", "Look at its case again.")


# --- what must always be true --------------------------------------------------------------------

SENTENCES: dict[str, tuple[str, str]] = {
    "what was counted in is what the returns have received": (
        "I-70",
        """select k.rma_id from rma_line k left join (
            select rma_id, line_id, sum(quantity) as came from return_receipt
            group by rma_id, line_id
        ) c on c.rma_id = k.rma_id and c.line_id = k.line_id
        left join (
            select r.rma_id, r.line_id, sum(d.quantity) as shelved from return_receipt r
            join return_disposition d on d.receipt_id = r.id where d.disposition = 'restock'
            group by r.rma_id, r.line_id
        ) s on s.rma_id = k.rma_id and s.line_id = k.line_id
        where k.received <> coalesce(c.came, 0) or k.restocked <> coalesce(s.shelved, 0)""",
    ),
    "returned units are in one place each, and no place has fewer than none": (
        "I-70b",
        """select r.id from return_receipt r left join (
            select receipt_id, sum(quantity) as placed, min(quantity) as least from (
                select receipt_id, disposition, sum(quantity) as quantity
                from return_disposition group by receipt_id, disposition
            ) each_place group by receipt_id
        ) d on d.receipt_id = r.id
        where coalesce(d.placed, 0) <> r.quantity or d.least < 0""",
    ),
    "return rules that are in force were written before": (
        "I-71",
        """select a.id from return_rules_activation a left join return_rules r
            on r.shop_id = a.shop_id and r.number = a.number
        where a.number > 0 and (r.id is null or r.at > a.at)""",
    ),
}
