"""What customers may send back, and how their returns stand: the shop's rules as plain facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.db.connection import Session
from core.db.refunds import Refund
from core.db.routing import goods_of
from core.domain.fulfillment import Parcel
from core.domain.order import Line, Order
from core.domain.returning.boris import has_code
from core.domain.returning.line import line_facts
from core.domain.returning.places import by_post, counters
from core.domain.returning.rules import Payer, Terms, default_terms, read_terms, terms_for
from core.domain.returning.verdict import read_why
from core.domain.returns import OPEN_STATUSES, Rma, RmaStatus, Wish
from core.domain.shop import Shop
from core.queries.facts import ReturnableFacts, ReturnFacts

# Who is a little late hears why it is too late; later the goods are not offered any more.
LATE_DAYS = 60


def returnable_facts(
    session: Session, shop: Shop, order: Order, parcels: Sequence[Parcel], now: datetime
) -> tuple[ReturnableFacts, ...]:
    """Delivered lines that can be asked back, each with what may be had for it."""
    able = [line for line in order.lines if line.returnable > 0]
    if not able:
        return ()
    delivered = max((p.delivered_at for p in parcels if p.delivered_at), default=None)
    terms = _terms(session, shop, order, able)
    return tuple(
        ReturnableFacts(
            str(line.id),
            line.title or line.sku,
            line.sku,
            line.returnable,
            tuple(wish.value for wish in terms[line.id].resolutions),
            terms[line.id].bonus_percent,
        )
        for line in able
        if not _is_long_past(terms[line.id], delivered, now)
    )


def _is_long_past(terms: Terms, delivered: datetime | None, now: datetime) -> bool:
    last = timedelta(days=terms.window_days + LATE_DAYS)
    return delivered is not None and now - delivered > last


def _terms(session: Session, shop: Shop, order: Order, lines: Sequence[Line]) -> dict[int, Terms]:
    default = default_terms(shop.policy)
    if shop.return_rules is None:
        return {line.id: default for line in lines}
    rules = shop.return_rules.document.rules
    goods = goods_of(session, shop.id, [line.sku for line in lines])
    return {
        line.id: terms_for(
            rules,
            line_facts(order, line.sku, goods[line.sku].category if line.sku in goods else ""),
            default,
        )
        for line in lines
    }


def return_facts(
    shop: Shop, order: Order, rmas: Sequence[Rma], refunds: Sequence[Refund]
) -> tuple[ReturnFacts, ...]:
    stores = tuple(each.words for each in counters(shop.locations.values(), order.ship_to))
    return tuple(_facts(shop, order, rma, _refunded(rma, refunds), stores) for rma in rmas)


def _facts(
    shop: Shop, order: Order, rma: Rma, refund: int | None, stores: tuple[str, ...]
) -> ReturnFacts:
    titles = {line.id: line.title or line.sku for line in order.lines}
    terms = [read_terms(line.terms) for line in rma.lines]
    send_by = rma.send_by_at if rma.waits_for_goods else None
    by_rules = rma.decided_by in ("", "policy")
    return ReturnFacts(
        rma.number,
        _status(rma),
        tuple((titles.get(line.line_id, line.sku), line.quantity) for line in rma.lines),
        refund,
        id=rma.id,
        stores=stores if has_code(rma) else (),
        why=tuple(read_why(rma.why)) if by_rules else (),
        said="" if by_rules else rma.decision,
        until=send_by.astimezone(ZoneInfo(shop.time_zone)).date() if send_by else None,
        send_to=_address(shop, order, rma) if rma.waits_for_goods else "",
        fee=max((each.fixed_fee for each in terms), default=0),
        own_label={each.label for each in terms} == {Payer.CUSTOMER},
        as_credit=rma.wish is Wish.CREDIT,
        can_cancel=rma.status in OPEN_STATUSES and not rma.has_begun,
    )


def _status(rma: Rma) -> str:
    kept = rma.status is RmaStatus.APPROVED and not rma.expected
    return "kept" if kept else rma.status.value


def _address(shop: Shop, order: Order, rma: Rma) -> str:
    """Where a parcel goes, with the number that it should carry."""
    reasons = [line.reason for line in rma.lines]
    to = by_post(shop.locations.values(), order.ship_to, reasons)
    return f"{to.words} ({rma.number})" if to and to.place.street else ""


def _refunded(rma: Rma, refunds: Sequence[Refund]) -> int | None:
    booked = [r.amount for r in refunds if r.rma_id == rma.id and r.state == "refunded"]
    return sum(booked) if booked else None
