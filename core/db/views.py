"""Read-only SQL views for testers and reports outside wismo: stable names, no personal data.

They are described in docs/views.md. Times are UTC microseconds since 1970, money is minor units.
"""

# ruff: noqa: S608 - put together from this file's own words only

from __future__ import annotations

from core.db.tables import stock_level
from core.domain.stock import free

_FREE = str(free(stock_level.alias("s").c))

VIEWS: dict[str, str] = {
    "v_orders": """
        select o.shop_id, o.id as order_id, o.number, o.channel, o.external_id, o.customer_id,
            o.status, o.payment_status, o.fulfillment_status, o.return_status, o.held,
            o.currency, o.subtotal, o.discount, o.shipping, o.tax, o.total, o.captured,
            o.refunded, o.placed_at, o.captured_at, o.canceled_at, o.promise, o.priority,
            o.handed_over, o.version
        from orders o""",
    "v_order_lines": """
        select l.shop_id, l.order_id, o.number as order_number, l.id as line_id, l.position,
            l.sku, l.title, l.ordered, l.canceled, l.backordered, l.allocated, l.packed,
            l.shipped, l.delivered, l.return_requested, l.return_received,
            l.return_kept, l.refunded,
            l.unit_price, l.discount, l.tax, l.total, l.ships
        from order_line l join orders o on o.id = l.order_id""",
    "v_stock_ledger": """
        select m.shop_id, m.id as move_id, m.sku, p.code as location, m.kind, m.quantity,
            m.on_hand, m.reserved, m.safety, m.buffer, m.frozen, m.damaged, m.quality,
            m.incoming, m.line_id, m.reason, m.actor, m.surface, m.command_id, m.at
        from stock_move m join location p on p.id = m.location_id""",
    "v_stock_levels": f"""
        select s.shop_id, s.sku, p.code as location, s.on_hand, s.reserved, s.safety, s.buffer,
            s.frozen, s.damaged, s.quality, s.incoming,
            case when {_FREE} > 0 then {_FREE} else 0 end as available, s.version
        from stock_level s join location p on p.id = s.location_id""",
    "v_payments": """
        select o.shop_id, o.id as order_id, o.number as order_number, o.currency, o.total,
            o.captured, o.refunded, coalesce(d.due, 0) as refund_due, o.payment_status
        from orders o left join (
            select order_id, sum(amount - bonus - paid) as due from refund where state = 'due'
            group by order_id
        ) d on d.order_id = o.id""",
    "v_refunds": """
        select f.shop_id, f.id as refund_id, f.order_id, o.number as order_number,
            r.number as return_number, f.gateway, f.external_id, f.amount, f.currency, f.state,
            f.reference, f.items, f.due_at, f.settled_at
        from refund f join orders o on o.id = f.order_id left join rma r on r.id = f.rma_id""",
    "v_audit": """
        select a.shop_id, a.id as audit_id, a.command_id, a.order_id, a.version, a.command,
            a.arguments, a.actor, a.role, a.surface, a.delivery, a.outcome, a.code, a.at,
            a.previous, a.hash
        from audit a""",
    "v_inbox": """
        select i.shop_id, i.id as inbox_id, c.name as connection, i.topic, i.delivery_id,
            i.event_id, i.state, i.attempts, length(i.raw) as bytes, i.received_at, i.due_at,
            i.error
        from inbox i join connection c on c.id = i.connection_id""",
    "v_outbox": """
        select b.shop_id, b.id as outbox_id, c.name as connection, b.kind, b."key", b.lane,
            b.order_id, b.event_id, b.state, b.reason, b.attempts, b.unknown, b.created_at,
            b.due_at, b.ended_at
        from outbox b left join connection c on c.id = b.connection_id""",
    "v_cases": """
        select c.shop_id, c.id as case_id, c.number, c.kind, c.subject, c.order_id,
            o.number as order_number, p.code as location, c.title, c.party, c.state, c.assignee,
            c.opened_at, c.due_at, c.snoozed_until, c.resolved_at, c.resolution,
            g.number as storm
        from cases c left join orders o on o.id = c.order_id
            left join location p on p.id = c.location_id left join cases g on g.id = c.group_id""",
}


def create_statements() -> list[str]:
    return [f"create view {name} as {query.strip()}" for name, query in VIEWS.items()]
