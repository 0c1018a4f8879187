"""What must always be true of money: sentences with their queries, part of core/db/invariants."""

# ruff: noqa: S608 - the queries below are put together from this file's own words only

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session
from core.db.rows import from_json

_TOLD = """exists (
        select 1 from cases c where c.kind = 'outside_refund' and c.order_id = {order}
    )"""

SENTENCES: dict[str, tuple[str, ...]] = {
    "the refunded money of an order is the sum of the parts of its refunds that were paid": (
        "I-10",
        """select o.number from orders o left join (
            select f.order_id, sum(f.paid
                - case when f.state = 'refunded' then f.bonus else 0 end) as paid
            from refund f group by f.order_id
        ) f on f.order_id = o.id where o.refunded <> coalesce(f.paid, 0)""",
    ),
    "what a refund has paid is the sum of its parts that were": (
        "I-10a",
        """select f.id from refund f left join (
            select refund_id, sum(amount) as paid from refund_part where state = 'refunded'
            group by refund_id
        ) p on p.refund_id = f.id where f.paid <> coalesce(p.paid, 0)
            or (f.state = 'refunded') <> (f.paid = f.amount)""",
    ),
    "refunds are in the currency of their order": (
        "I-10b",
        """select f.id from refund f join orders o on o.id = f.order_id
        where f.currency <> o.currency
        union all select p.id from payment p join orders o on o.id = p.order_id
        where p.currency <> o.currency""",
    ),
    "the parts of a refund add up to it": (
        "I-10c",
        """select f.id from refund f left join (
            select refund_id, sum(amount) as amount from refund_part
            where state not in ('canceled', 'reversed') group by refund_id
        ) p on p.refund_id = f.id
        where coalesce(p.amount, 0) <> case when f.state = 'canceled' then 0 else f.amount end""",
    ),
    "every part of a refund belongs to its order and to a payment of it": (
        "I-10d",
        """select p.id from refund_part p join refund f on f.id = p.refund_id
            left join payment y on y.id = p.payment_id
        where p.order_id <> f.order_id or (y.id is not null and y.order_id <> p.order_id)""",
    ),
    "what has gone back of a payment is the sum of the parts that were paid": (
        "I-10e",
        """select y.id from payment y left join (
            select payment_id, sum(amount) as paid from refund_part where state = 'refunded'
            group by payment_id
        ) p on p.payment_id = y.id where y.refunded <> coalesce(p.paid, 0)""",
    ),
    "no payment gives back more than it took, unless a case tells of it": (
        "I-10f",
        f"""select y.id from payment y left join (
            select payment_id, sum(amount) as due from refund_part
            where state in ('planned', 'sent', 'unknown', 'failed') group by payment_id
        ) p on p.payment_id = y.id
        where y.refunded + coalesce(p.due, 0) > y.captured
            and not {_TOLD.format(order="y.order_id")}""",
    ),
    "no order was paid less than its payments took": (
        "I-10g",
        """select o.number from orders o join (
            select order_id, sum(captured) as captured from payment group by order_id
        ) y on y.order_id = o.id where y.captured > o.captured""",
    ),
    "no more is refunded or due than was paid, unless a case tells of it": (
        "I-12",
        # Only money that moved outside wismo may break the cap, and then a case has told of it.
        f"""select o.number from orders o join (
            select order_id,
                sum(case when state = 'due' then amount - bonus - paid else 0 end) as due
            from refund group by order_id
        ) f on f.order_id = o.id
        where o.refunded + f.due > o.captured and not {_TOLD.format(order="o.id")}""",
    ),
    "a refund that is paid says when": (
        "I-16e",
        "select id from refund where (state = 'refunded') <> (settled_at is not null)",
    ),
    "a customer is asked for the same money once": (
        "I-16g",
        """select order_id from payment_request where state = 'open' and change_id is not null
        group by order_id, change_id having count(*) > 1""",
    ),
}

_f = t.refund.c
_ITEMS = sa.select(_f.id, _f.amount, _f.bonus, _f["items"])


def _not_their_items(session: Session) -> list[str]:
    """Refunds whose items do not add up to them."""
    off = []
    for refund_id, amount, bonus, items in session.connection.execute(_ITEMS):
        told = from_json(items)
        extra = sum(item["amount"] for item in told if item["kind"] == "bonus")
        if sum(item["amount"] for item in told) != amount or extra != bonus:
            off.append(str(refund_id))
    return off


_KEPT = sa.text("""
    select l.id, l.return_kept, coalesce(sum(k.kept), 0) from order_line l
        left join rma_line k on k.line_id = l.id
    group by l.id, l.return_kept having l.return_kept <> 0 or sum(k.kept) > 0
""")
_STANDING = sa.select(_f["items"]).where(_f.state != "canceled")


def _kept_otherwise(session: Session) -> list[str]:
    """Lines whose kept units are not those of returns and of refunds without one."""
    by_refund: Counter[int] = Counter()
    for (items,) in session.connection.execute(_STANDING):
        for item in from_json(items):
            by_refund[item["line"]] += item.get("kept", 0)
    told = {line: (kept, back) for line, kept, back in session.connection.execute(_KEPT)}
    lines = sorted({*told, *(line for line, kept in by_refund.items() if kept)})
    off = (x for x in lines if told.get(x, (0, 0))[0] != told.get(x, (0, 0))[1] + by_refund[x])
    return [str(line) for line in off]


CHECKS: dict[str, tuple[str, Callable[[Session], list[str]]]] = {
    "a refund is the sum of its items": ("I-10h", _not_their_items),
    "goods are kept by a return, or by a refund without one": ("I-10i", _kept_otherwise),
}
