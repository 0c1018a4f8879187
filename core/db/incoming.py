"""Goods that a location expects, and transfers between locations, as rows; what is true of them."""

from __future__ import annotations

# Sentences with their ids and queries for breakers; core/db/invariants.py asks them.
SENTENCES: dict[str, tuple[str, str]] = {
    "what is incoming is what is still expected": (
        "I-37",
        """select s.sku, s.location_id from stock_level s left join (
            select shop_id, sku, location_id, sum(quantity - received - missing) as quantity
            from expected where closed_at is null group by shop_id, sku, location_id
        ) m on m.shop_id = s.shop_id and m.sku = s.sku and m.location_id = s.location_id
        where s.incoming <> coalesce(m.quantity, 0)""",
    ),
    "what is expected is closed once nothing of it is open, and says why something is missing": (
        "I-37b",
        """select id from expected
        where (received + missing = quantity) <> (closed_at is not null)
            or (missing > 0 and reason = '')""",
    ),
    "a transfer is expected at its destination as it left": (
        "I-37c",
        """select w.number from transfer w left join (
            select transfer_id, sum(quantity) as sent,
                sum(quantity - received - missing) as open from expected
            where transfer_id is not null group by transfer_id
        ) x on x.transfer_id = w.id left join (
            select transfer_id, sum(case when state = 'held' then quantity else 0 end) as held,
                sum(case when state = 'consumed' then quantity else 0 end) as gone
            from reservation where transfer_id is not null group by transfer_id
        ) h on h.transfer_id = w.id
        where (w.state = 'planned' and coalesce(h.gone, 0) > 0)
            or (w.state <> 'planned' and coalesce(h.held, 0) > 0)
            or coalesce(x.sent, 0) <> coalesce(h.gone, 0)
            or (w.state = 'sent') <> (coalesce(x.open, 0) > 0)
            or (w.state in ('received', 'canceled')) <> (w.closed_at is not null)""",
    ),
}
