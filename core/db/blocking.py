"""What stands between many orders and their customers, read in a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.holds import FIELDS, hold_of
from core.db.rows import moment, moment_or_none
from core.db.setup import load_shop, shop_ids
from core.domain.blocking import BoxFacts, CaseFacts, Facts, ParcelFacts, next_step
from core.domain.cases import CaseKind
from core.domain.fulfillment import Stage
from core.domain.holds import Box, GotIt, Hold

CHECKED = 500  # open orders of a shop that the invariant looks at, the newest first
AT_ONCE = 1000  # orders in one statement: databases limit how many values it may name
_o, _l, _f, _r, _p, _c, _h, _a = (
    t.orders.c,
    t.order_line.c,
    t.fulfillment_order.c,
    t.reservation.c,
    t.parcel.c,
    t.cases.c,
    t.hold.c,
    t.hold_answer.c,
)
_OPEN_CASE = _c.state.in_(("open", "taken", "snoozed"))
_WAITS = _l.ordered - _l.canceled - _l.shipped - _l.allocated - _l.backordered
Ids = Sequence[int]


def facts_of(session: Session, order_ids: Collection[int]) -> dict[int, Facts]:
    """The facts by order id; an order that does not exist is left out."""
    ids = sorted(set(order_ids))
    found: dict[int, Facts] = {}
    for start in range(0, len(ids), AT_ONCE):
        found |= _facts(session, ids[start : start + AT_ONCE])
    return found


def _facts(session: Session, ids: Ids) -> dict[int, Facts]:
    heads = _heads(session, ids)
    held = [row.id for row in heads if row.held]
    lines = _lines(session, ids)
    holds, boxes = _holds(session, held), _boxes(session, ids, held)
    parcels, cases = _parcels(session, ids), _cases(session, ids)
    return {
        row.id: Facts(
            number=row.number,
            is_canceled=row.canceled_at is not None,
            placed_at=moment(row.placed_at),
            holds=tuple(holds[row.id]),
            is_unknown=bool(lines.get(row.id, (0, 0))[0]),
            is_short=bool(lines.get(row.id, (0, 0))[1]),
            awaits=lines[row.id][2] if row.id in lines else "",
            boxes=tuple(boxes[row.id]),
            parcels=tuple(parcels[row.id]),
            cases=tuple(cases[row.id]),
        )
        for row in heads
    }


def _heads(session: Session, ids: Ids) -> Sequence[Any]:
    return session.select(
        sa.select(_o.id, _o.number, _o.canceled_at, _o.placed_at, _o.held).where(_o.id.in_(ids))
    )


def _lines(session: Session, ids: Ids) -> dict[int, tuple[int, int, str]]:
    """(lines with units that have no place, lines that are short, the last day for which goods
    are announced) by order."""
    awaited = sa.and_(_l.backordered > 0, _l.awaits != "")
    unplaced = sa.and_(_l.ships == 1, _WAITS > 0)
    rows = session.select(
        sa.select(
            _l.order_id,
            sa.func.sum(sa.case((unplaced, 1), else_=0)),
            sa.func.sum(sa.case((sa.and_(_l.backordered > 0, _l.awaits == ""), 1), else_=0)),
            sa.func.max(sa.case((awaited, _l.awaits), else_="")),
        )
        .where(_l.order_id.in_(ids))
        .group_by(_l.order_id)
    )
    return {row[0]: (int(row[1]), int(row[2]), row[3]) for row in rows}


def _holds(session: Session, ids: Ids) -> dict[int, list[Hold]]:
    found: dict[int, list[Hold]] = defaultdict(list)
    if not ids:
        return found
    is_open = sa.and_(_h.order_id.in_(ids), _h.released_at.is_(None))
    said: dict[int, list[GotIt]] = defaultdict(list)
    for row in session.select(
        sa.select(_a.hold_id, _a.box_id, _a.answered_by, _a.answered_at)
        .join(t.hold, _h.id == _a.hold_id)
        .where(is_open)
        .order_by(_a.answered_at, _a.box_id)
    ):
        said[row[0]].append(GotIt(row[1], row[2], moment(row[3])))
    for row in session.select(sa.select(_h.order_id, *FIELDS).where(is_open).order_by(_h.id)):
        found[row[0]].append(hold_of(tuple(row)[1:], tuple(said[row[1]])))
    return found


def _boxes(session: Session, ids: Ids, held: Ids) -> dict[int, list[BoxFacts]]:
    """Open boxes; their lines matter to holds alone, and so do boxes that have left."""
    lines: dict[int, set[int]] = defaultdict(set)
    if held:
        for row in session.select(
            sa.select(_r.fulfillment_id, _r.line_id).where(
                _r.order_id.in_(held), _r.state != "released", _r.fulfillment_id.is_not(None)
            )
        ):
            lines[row[0]].add(row[1])
    found: dict[int, list[BoxFacts]] = defaultdict(list)
    for row in session.select(
        sa.select(_f.id, _f.order_id, _f.number, _f.location_id, _f.stage, _f.ready_at)
        .where(_f.order_id.in_(ids), _f.stage != "canceled")
        .order_by(_f.id)
    ):
        box = Box(row.id, Stage(row.stage), frozenset(lines[row.id]))
        found[row.order_id].append(BoxFacts(box, row.number, row.location_id, moment(row.ready_at)))
    return found


def _parcels(session: Session, ids: Ids) -> dict[int, list[ParcelFacts]]:
    found: dict[int, list[ParcelFacts]] = defaultdict(list)
    sign = sa.func.coalesce(_p.last_scan_at, _p.handed_over_at, _p.first_scan_at)
    for row in session.select(
        sa.select(_p.order_id, _p.carrier, _p.status, sign)
        .where(_p.order_id.in_(ids), _p.delivered_at.is_(None))
        .order_by(_p.position, _p.id)
    ):
        found[row[0]].append(ParcelFacts(row[1], row[2], moment_or_none(row[3])))
    return found


def _cases(session: Session, ids: Ids) -> dict[int, list[CaseFacts]]:
    found: dict[int, list[CaseFacts]] = defaultdict(list)
    for row in session.select(
        sa.select(
            _c.order_id,
            _c.kind,
            _c.title,
            _c.party,
            _c.location_id,
            _c.assignee,
            _c.opened_at,
            _c.due_at,
        )
        .where(_c.order_id.in_(ids), _OPEN_CASE)
        .order_by(_c.id)
    ):
        _, kind, title, party, place, assignee, opened, due = row
        found[row[0]].append(
            CaseFacts(
                CaseKind(kind),
                title,
                party,
                place,
                assignee,
                moment(opened),
                moment_or_none(due),
            )
        )
    return found


# --- which orders are blocked --------------------------------------------------------------------


def blocked_ids(session: Session, shop_id: int, kinds: Iterable[CaseKind]) -> list[int]:
    """Orders that may be blocked: held, without stock, or with a case of these kinds in the way."""
    is_held = sa.select(_o.id).where(_o.shop_id == shop_id, _o.held == 1, _o.status == "open")
    in_the_way = [kind.value for kind in (*kinds, CaseKind.UNKNOWN_SKU, CaseKind.SHORT)]
    has_case = sa.select(_c.order_id).where(
        _c.shop_id == shop_id, _c.order_id.is_not(None), _c.kind.in_(in_the_way), _OPEN_CASE
    )
    waiting = sa.select(_l.order_id).where(
        _l.shop_id == shop_id, _l.backordered > 0, _l.awaits == ""
    )
    rows = (row for clause in (is_held, has_case, waiting) for row in session.select(clause))
    return sorted({int(row[0]) for row in rows})


def ownerless(session: Session) -> list[str]:
    """Open orders of which nobody could say who acts next, or until when."""
    found: list[str] = []
    for shop_id in shop_ids(session):
        shop = load_shop(session, shop_id)
        newest = sa.select(_o.id).where(_o.shop_id == shop_id, _o.status == "open")
        ids = [row[0] for row in session.select(newest.order_by(_o.id.desc()).limit(CHECKED))]
        for facts in facts_of(session, ids).values():
            step = next_step(facts, shop, facts.placed_at)
            if step is None or step.until is None or not step.party:
                found.append(facts.number)
    return found
