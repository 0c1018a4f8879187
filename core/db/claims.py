"""Claims, and the photos that were sent for orders: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.orders import seen_from_own_places
from core.db.rows import from_json, micros, micros_or_none, moment, moment_or_none, to_json
from core.domain.claims import Claim, ClaimLine, ClaimReason, ClaimStatus, Remedy
from core.domain.refusals import Conflict, NotFound
from core.domain.returning.flags import History

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_lines = msgspec.json.Decoder(tuple[ClaimLine, ...]).decode
_c, _p, _o, _l = t.claim.c, t.photo_use.c, t.orders.c, t.order_line.c
_FIELDS = [c for c in t.claim.columns if c.name != "shop_id"]
_BY_NUMBER = Statement(
    sa.select(*_FIELDS).where(
        _c.shop_id == sa.bindparam("shop"), _c.number == sa.bindparam("number")
    )
)
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_c.order_id == sa.bindparam("order")).order_by(_c.id)
)
_DECIDE = Statement(
    t.claim.update().where(_c.id == sa.bindparam("row_id"), _c.status == sa.bindparam("before")),
    sets=("status", "decided_by", "decided_at", "decision", "remedy", "result"),
)
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
    return [_claim(row) for row in session.rows(_OF_ORDER, order=order_id)]


def claim_numbered(session: Session, shop_id: int, number: str) -> Claim:
    """Raises NotFound."""
    clean = number.strip().upper().lstrip("#")
    row = session.row(_BY_NUMBER, shop=shop_id, number=clean)
    if row is None:
        raise NotFound(f"I cannot find a claim {clean}.", "Write `claims` to see the open ones.")
    return _claim(row)


def claim_made_good_by(session: Session, shop_id: int, number: str) -> Claim | None:
    """The claim whose replacement is the order of this number."""
    clause = sa.select(*_FIELDS).where(_c.shop_id == shop_id, _c.result == number)
    row = next(iter(session.select(clause)), None)
    return None if row is None else _claim(tuple(row))


def open_claims(within: Reader, most: int) -> list[Claim]:
    """Claims that wait for a decision, oldest first."""
    clause = sa.select(*_FIELDS).where(
        _c.shop_id == within.actor.shop_id, _c.status == ClaimStatus.REQUESTED.value
    )
    orders = seen_from_own_places(within)
    if orders is not None:
        clause = clause.where(_c.order_id.in_(orders))
    return [_claim(tuple(row)) for row in within.session.select(clause.order_by(_c.id).limit(most))]


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
            "lines": to_json(claim.lines),
            "note": claim.note,
            "photos": to_json(claim.photos),
            "flags": to_json(claim.flags),
            "requested_by": claim.requested_by,
            "requested_at": micros(claim.requested_at),
        },
    )


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


def _claim(row: Row) -> Claim:
    r = dict(zip((c.name for c in _FIELDS), row, strict=True))
    return Claim(
        **{
            **r,
            "reason": ClaimReason(r["reason"]),
            "wish": Remedy(r["wish"]),
            "status": ClaimStatus(r["status"]),
            "remedy": Remedy(r["remedy"]) if r["remedy"] else None,
            "lines": _lines(r["lines"]),
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
    seen = _seen(within, order_id, photos) if photos else {}
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
