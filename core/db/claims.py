"""Claims, and the photos that were sent for orders: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.orders import seen_from_own_places
from core.db.photos import alike
from core.db.rows import from_json, micros, micros_or_none, moment, moment_or_none, to_json
from core.domain.claims import Claim, ClaimLine, ClaimReason, ClaimStatus, Remedy
from core.domain.refusals import Conflict, NotFound
from core.domain.returning.flags import History

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_c, _cl, _p, _o, _l = t.claim.c, t.claim_line.c, t.photo_use.c, t.orders.c, t.order_line.c
_FIELDS = [c for c in t.claim.columns if c.name != "shop_id"]
# A row for each line of a claim, the claim's own fields first.
_SELECT = (
    sa.select(*_FIELDS, _cl.line_id, _cl.sku, _cl.quantity)
    .join(t.claim_line, _cl.claim_id == _c.id)
    .order_by(_c.id, _cl.line_id)
)
_BY_NUMBER = Statement(
    _SELECT.where(_c.shop_id == sa.bindparam("shop"), _c.number == sa.bindparam("number"))
)
_OF_ORDER = Statement(_SELECT.where(_c.order_id == sa.bindparam("order")))
_DECIDE = Statement(
    t.claim.update().where(_c.id == sa.bindparam("row_id"), _c.status == sa.bindparam("before")),
    sets=("status", "decided_by", "decided_at", "decision", "remedy", "result"),
)
_THE_LINE = _cl.claim_id == sa.bindparam("claim"), _cl.line_id == sa.bindparam("line")
_FEWER = Statement(t.claim_line.update().where(*_THE_LINE), sets=("quantity",))
_FORGET_LINE = Statement(t.claim_line.delete().where(*_THE_LINE))
_UNITS = Statement(
    sa.select(
        sa.func.coalesce(sa.func.sum(_l.shipped), 0),
        sa.func.coalesce(sa.func.sum(_l.return_received + _l.return_kept), 0),
    )
    .join(t.orders, _o.id == _l.order_id)
    .where(
        _o.customer_id == sa.bindparam("customer"),
        _o.placed_at >= sa.bindparam("since"),
        _l.kind != "part",
    )
)
_CLAIMS = Statement(
    sa.select(sa.func.count())
    .select_from(t.claim)
    .join(t.orders, _o.id == _c.order_id)
    .where(
        _o.customer_id == sa.bindparam("customer"),
        _c.requested_at >= sa.bindparam("since"),
        _c.status != "rejected",
    )
)


def claims_of(session: Session, order_id: int) -> list[Claim]:
    return _claims(session.rows(_OF_ORDER, order=order_id))


def claim_numbered(session: Session, shop_id: int, number: str) -> Claim:
    """Raises NotFound."""
    clean = number.strip().upper().lstrip("#")
    found = _claims(session.rows(_BY_NUMBER, shop=shop_id, number=clean))
    if not found:
        raise NotFound(f"I cannot find a claim {clean}.", "Write `claims` to see the open ones.")
    return found[0]


def claim_made_good_by(session: Session, shop_id: int, number: str) -> Claim | None:
    """The claim whose replacement is the order of this number."""
    clause = _SELECT.where(_c.shop_id == shop_id, _c.result == number)
    return next(iter(_claims(session.select(clause))), None)


def open_claims(within: Reader, most: int) -> list[Claim]:
    """Claims that wait for a decision, oldest first, as far as this person may see them."""
    ids = sa.select(_c.id).where(
        _c.shop_id == within.actor.shop_id, _c.status == ClaimStatus.REQUESTED.value
    )
    orders = seen_from_own_places(within)
    if orders is not None:
        ids = ids.where(_c.order_id.in_(orders))
    clause = _SELECT.where(_c.id.in_(ids.order_by(_c.id).limit(most)))
    return _claims(within.session.select(clause))


def add_claim(uow: UnitOfWork, claim: Claim) -> None:
    uow.insert(
        t.claim,
        {
            "id": claim.id,
            "shop_id": uow.shop.id,
            "order_id": claim.order_id,
            "number": claim.number,
            "reason": claim.reason.value,
            "wish": claim.wish.value,
            "status": claim.status.value,
            "note": claim.note,
            "photos": to_json(claim.photos),
            "flags": to_json(claim.flags),
            "requested_by": claim.requested_by,
            "requested_at": micros(claim.requested_at),
        },
    )
    for line in claim.lines:
        uow.insert(
            t.claim_line,
            {
                "claim_id": claim.id,
                "line_id": line.line_id,
                "shop_id": uow.shop.id,
                "sku": line.sku,
                "quantity": line.quantity,
            },
        )


def save_lines(uow: UnitOfWork, before: Claim, after: Claim) -> None:
    """A claim of fewer units than before: what it no longer names is another claim's."""
    left = after.units
    for line in before.lines:
        told = {"claim": before.id, "line": line.line_id}
        if line.line_id not in left:
            uow.session.run(_FORGET_LINE, **told)
        elif left[line.line_id] != line.quantity:
            uow.session.run(_FEWER, **told, quantity=left[line.line_id])


def save_decision(
    uow: UnitOfWork, after: Claim, before: ClaimStatus = ClaimStatus.REQUESTED
) -> Claim:
    changed = uow.session.run(
        _DECIDE,
        row_id=after.id,
        before=before.value,
        status=after.status.value,
        decided_by=after.decided_by,
        decided_at=micros_or_none(after.decided_at),
        decision=after.decision,
        remedy=after.remedy.value if after.remedy else None,
        result=after.result,
    )
    if changed != 1:
        raise Conflict(f"Claim {after.number} changed meanwhile.", "Look again and repeat.")
    return after


def _claims(rows: Iterable[Row]) -> list[Claim]:
    """Rows of one claim follow each other."""
    found: dict[int, Claim] = {}
    for row in rows:
        claim = found.get(row[0]) or _claim(row)
        line = ClaimLine(*row[len(_FIELDS) :])
        found[claim.id] = replace(claim, lines=(*claim.lines, line))
    return list(found.values())


def _claim(row: Row) -> Claim:
    """Without its lines."""
    r = dict(zip((c.name for c in _FIELDS), row, strict=False))
    return Claim(
        **{
            **r,
            "reason": ClaimReason(r["reason"]),
            "wish": Remedy(r["wish"]),
            "status": ClaimStatus(r["status"]),
            "remedy": Remedy(r["remedy"]) if r["remedy"] else None,
            "lines": (),
            "photos": tuple(from_json(r["photos"])),
            "flags": tuple(from_json(r["flags"])),
            "requested_at": moment(r["requested_at"]),
            "decided_at": moment_or_none(r["decided_at"]),
        }
    )


# --- what is known of a customer -----------------------------------------------------------------


def history_of(
    within: UnitOfWork | Reader,
    order_id: int,
    customer_id: int | None,
    photos: Sequence[str],
    since: datetime,
) -> History:
    """What flags look at: photos that were sent for other orders, and the time since a moment."""
    seen = _seen(within, order_id, [*photos, *alike(within, photos)]) if photos else {}
    if customer_id is None:
        return History(seen)
    told = {"customer": customer_id, "since": micros(since)}
    bought, returned = within.session.row(_UNITS, **told) or (0, 0)
    claims = within.session.row(_CLAIMS, **told) or (0,)
    return History(seen, int(bought), int(returned), int(claims[0]))


def _seen(within: UnitOfWork | Reader, order_id: int, photos: Sequence[str]) -> dict[str, str]:
    clause = (
        sa.select(_p.photo, _o.number)
        .join(t.orders, _o.id == _p.order_id)
        .where(
            _p.shop_id == within.actor.shop_id,
            _p.photo.in_(list(photos)),
            _p.order_id != order_id,
        )
        .order_by(_p.at, _p.order_id)
    )
    found: dict[str, str] = {}
    for photo, number in within.session.select(clause):
        found.setdefault(photo, number)
    return found


def note_photos(uow: UnitOfWork, order_id: int, photos: Sequence[str]) -> None:
    """From now on these photos are known, with the order for which they were sent."""
    if not photos:
        return
    clause = sa.select(_p.photo).where(_p.order_id == order_id, _p.photo.in_(list(photos)))
    known = {row[0] for row in uow.session.select(clause)}
    for photo in dict.fromkeys(photos):
        if photo not in known:
            uow.insert(
                t.photo_use,
                {
                    "shop_id": uow.shop.id,
                    "photo": photo,
                    "order_id": order_id,
                    "at": micros(uow.now),
                },
            )


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "a line's claimed units are those of its claims that were not rejected": (
        "I-07b",
        """select l.id from order_line l left join (
            select cl.line_id, sum(cl.quantity) as units from claim_line cl
            join claim c on c.id = cl.claim_id where c.status <> 'rejected' group by cl.line_id
        ) s on s.line_id = l.id where l.claimed <> coalesce(s.units, 0)""",
    ),
    "a settled claim has its replacement or had its refund": (
        "I-07c",
        """select number from claim where status = 'settled'
            and (remedy = 'replacement') = (result = '')""",
    ),
    "a claim is about units of its own order": (
        "I-07d",
        """select c.number from claim c left join claim_line cl on cl.claim_id = c.id
            left join order_line l on l.id = cl.line_id
            where l.id is null or l.order_id <> c.order_id or l.sku <> cl.sku""",
    ),
}
