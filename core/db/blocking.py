"""What stands between many orders and their customers, read in a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement, one_of
from core.db.holds import FIELDS, hold_of
from core.db.rows import moment, moment_or_none
from core.db.setup import load_shop, shop_ids
from core.domain.blocking import BoxFacts, CaseFacts, Facts, ParcelFacts, next_step
from core.domain.cases import CaseKind
from core.domain.fulfillment import Stage
from core.domain.holds import Box, GotIt, Hold

CHECKED = 500  # open orders of a shop that the invariant looks at, the newest first
SIZES = (1, 20, 200, 1000)  # how many orders one statement is about
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
_w = t.pickup.c
_OPEN_CASE = one_of(_c.state, ("open", "taken", "snoozed"))
Ids = Sequence[int]


class ByOrder:
    """A statement about some orders that is built once for each of a few sizes.

    A list that is shorter is filled up with its last id, which changes no answer.
    """

    def __init__(self, clause: sa.Select[Any], order_id: sa.Column[int]) -> None:
        self._clause = clause
        self._order_id = order_id
        self._sized: dict[int, Statement] = {}

    def rows(self, session: Session, ids: Ids) -> list[Row]:
        if not ids:
            return []
        size = next(size for size in SIZES if size >= len(ids))
        if size not in self._sized:
            names = [sa.bindparam(f"order{n}", type_=t.Whole) for n in range(size)]
            self._sized[size] = Statement(self._clause.where(self._order_id.in_(names)))
        filled = [*ids, *[ids[-1]] * (size - len(ids))]
        return session.rows(self._sized[size], **{f"order{n}": i for n, i in enumerate(filled)})


_HEADS = ByOrder(sa.select(_o.id, _o.number, _o.canceled_at, _o.placed_at, _o.held), _o.id)
_UNPLACED = sa.and_(
    _l.ships == 1, _l.ordered - _l.canceled - _l.shipped - _l.allocated - _l.backordered > 0
)
_SHORT = sa.and_(_l.backordered > 0, _l.awaits == "")
_AWAITED = sa.and_(_l.backordered > 0, _l.awaits != "")
_LINES = ByOrder(
    sa.select(
        _l.order_id,
        sa.func.sum(sa.case((_UNPLACED, 1), else_=0)),
        sa.func.sum(sa.case((_SHORT, 1), else_=0)),
        sa.func.max(sa.case((_AWAITED, _l.awaits), else_="")),
    ).group_by(_l.order_id),
    _l.order_id,
)
_HOLDS = ByOrder(
    sa.select(_h.order_id, *FIELDS).where(_h.released_at.is_(None)).order_by(_h.id), _h.order_id
)
_ANSWERS = ByOrder(
    sa.select(_a.hold_id, _a.box_id, _a.answered_by, _a.answered_at)
    .join(t.hold, _h.id == _a.hold_id)
    .where(_h.released_at.is_(None))
    .order_by(_a.answered_at, _a.box_id),
    _h.order_id,
)
_UNTIL = sa.select(_w.until).where(_w.work_id == _f.id, _w.ended_at.is_(None)).scalar_subquery()
_BOXES = ByOrder(
    sa.select(_f.order_id, _f.id, _f.number, _f.location_id, _f.stage, _f.ready_at, _UNTIL)
    .where(_f.stage != "canceled")
    .order_by(_f.id),
    _f.order_id,
)
_BOX_LINES = ByOrder(
    sa.select(_r.fulfillment_id, _r.line_id).where(
        _r.state != "released", _r.fulfillment_id.is_not(None)
    ),
    _r.order_id,
)
_PARCELS = ByOrder(
    sa.select(
        _p.order_id,
        _p.carrier,
        _p.status,
        sa.func.coalesce(_p.last_scan_at, _p.handed_over_at, _p.first_scan_at),
    )
    .where(_p.delivered_at.is_(None))
    .order_by(_p.position, _p.id),
    _p.order_id,
)
_CASES = ByOrder(
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
    .where(_OPEN_CASE)
    .order_by(_c.id),
    _c.order_id,
)


def facts_of(session: Session, order_ids: Collection[int]) -> dict[int, Facts]:
    """The facts by order id; an order that does not exist is left out."""
    ids = sorted(set(order_ids))
    found: dict[int, Facts] = {}
    for start in range(0, len(ids), SIZES[-1]):
        found |= _facts(session, ids[start : start + SIZES[-1]])
    return found


def _facts(session: Session, ids: Ids) -> dict[int, Facts]:
    heads = _HEADS.rows(session, ids)
    held = [order_id for order_id, _, _, _, is_held in heads if is_held]
    lines = {row[0]: row[1:] for row in _LINES.rows(session, ids)}
    holds, boxes = _holds(session, held), _boxes(session, ids, held)
    parcels, cases = _parcels(session, ids), _cases(session, ids)
    found = {}
    for order_id, number, canceled_at, placed_at, _ in heads:
        unplaced, short, awaits = lines.get(order_id, (0, 0, ""))
        found[order_id] = Facts(
            number=number,
            is_canceled=canceled_at is not None,
            placed_at=moment(placed_at),
            holds=tuple(holds[order_id]),
            is_unknown=bool(unplaced),
            is_short=bool(short),
            awaits=awaits,
            boxes=tuple(boxes[order_id]),
            parcels=tuple(parcels[order_id]),
            cases=tuple(cases[order_id]),
        )
    return found


def _holds(session: Session, ids: Ids) -> dict[int, list[Hold]]:
    said: dict[int, list[GotIt]] = defaultdict(list)
    for hold_id, box_id, by, at in _ANSWERS.rows(session, ids):
        said[hold_id].append(GotIt(box_id, by, moment(at)))
    found: dict[int, list[Hold]] = defaultdict(list)
    for order_id, *row in _HOLDS.rows(session, ids):
        found[order_id].append(hold_of(row, tuple(said[row[0]])))
    return found


def _boxes(session: Session, ids: Ids, held: Ids) -> dict[int, list[BoxFacts]]:
    """Boxes that are not canceled; what is in them matters to holds alone."""
    lines: dict[int, set[int]] = defaultdict(set)
    for box_id, line_id in _BOX_LINES.rows(session, held):
        lines[box_id].add(line_id)
    found: dict[int, list[BoxFacts]] = defaultdict(list)
    for order_id, box_id, number, place, stage, ready, until in _BOXES.rows(session, ids):
        box = Box(box_id, Stage(stage), frozenset(lines[box_id]))
        found[order_id].append(BoxFacts(box, number, place, moment(ready), until or ""))
    return found


def _parcels(session: Session, ids: Ids) -> dict[int, list[ParcelFacts]]:
    found: dict[int, list[ParcelFacts]] = defaultdict(list)
    for order_id, carrier, status, sign in _PARCELS.rows(session, ids):
        found[order_id].append(ParcelFacts(carrier, status, moment_or_none(sign)))
    return found


def _cases(session: Session, ids: Ids) -> dict[int, list[CaseFacts]]:
    found: dict[int, list[CaseFacts]] = defaultdict(list)
    for order_id, kind, title, party, place, assignee, opened, due in _CASES.rows(session, ids):
        case = CaseFacts(
            CaseKind(kind), title, party, place, assignee, moment(opened), moment_or_none(due)
        )
        found[order_id].append(case)
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
