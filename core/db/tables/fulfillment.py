"""Tables of work at a location: boxes, hand-offs, pickups, parcels and their scans."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.tables import columns as c

fulfillment_order = c.table(
    "fulfillment_order",
    c.key(),
    c.of_shop(),
    c.ref("order_id", "orders.id"),
    c.ref("location_id", "location.id"),
    c.text("number"),
    c.text("stage", "ready"),
    c.at("ready_at"),
    c.at("printed_at", nullable=True),
    c.at("picked_at", nullable=True),
    c.at("packed_at", nullable=True),
    c.at("shipped_at", nullable=True),
    c.at("canceled_at", nullable=True),
    c.check("stage", "stage in ('ready', 'printed', 'picked', 'packed', 'shipped', 'canceled')"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.Index(None, "order_id"),
    c.partial(
        "ix_fulfillment_order_queue",
        "shop_id",
        "location_id",
        "ready_at",
        where="stage in ('ready', 'printed', 'picked', 'packed')",
    ),
)

# Work that a partner was asked to do; `stops` counts how often it was asked to wait with it.
handoff = c.table(
    "handoff",
    c.key(),
    c.of_shop(),
    c.ref("work_id", "fulfillment_order.id"),
    c.ref("order_id", "orders.id"),
    c.ref("connection_id", "connection.id"),
    c.text("state", "asked"),
    c.text("stop"),
    c.whole("stops"),
    c.text("reason"),
    c.at("asked_at"),
    c.at("answered_at", nullable=True),
    c.check("state", "state in ('asked', 'accepted', 'rejected', 'shipped', 'withdrawn')"),
    c.check("stop", "stop in ('', 'asked', 'stopped')"),
    c.check("stops", "stops >= 0"),
    sa.Index(None, "order_id"),
    c.partial(
        "uq_handoff_open",
        "work_id",
        unique=True,
        where="state in ('asked', 'accepted')",
    ),
    c.partial(
        "ix_handoff_shop_open",
        "shop_id",
        "asked_at",
        where="state in ('asked', 'accepted')",
    ),
)

# Work that lies ready in a store until its customer comes; `until` is the last local day (ISO).
pickup = c.table(
    "pickup",
    c.key(),
    c.of_shop(),
    c.ref("work_id", "fulfillment_order.id"),
    c.ref("order_id", "orders.id"),
    c.ref("location_id", "location.id"),
    c.at("ready_at"),
    c.text("until"),
    c.whole("issue", 1),
    c.at("issued_at"),
    c.at("reminded_at", nullable=True),
    c.at("ended_at", nullable=True),
    c.text("ended"),
    c.text("ended_by"),
    c.text("reason"),
    c.check("issue", "issue > 0"),
    c.check("ended", "ended in ('', 'collected', 'handed_over', 'returned')"),
    c.check("is_ended", "(ended_at is null) = (ended = '')"),
    c.check("reason", "ended <> 'handed_over' or reason <> ''"),
    sa.Index(None, "order_id"),
    c.partial(
        "uq_pickup_waiting",
        "work_id",
        unique=True,
        where="ended_at is null",
    ),
    c.partial(
        "ix_pickup_until",
        "shop_id",
        "until",
        where="ended_at is null",
    ),
)

parcel = c.table(
    "parcel",
    c.key(),
    c.of_shop(),
    c.ref("order_id", "orders.id"),
    c.ref("fulfillment_id", "fulfillment_order.id", nullable=True),
    c.whole("position", 1),
    c.text("carrier"),
    c.text("tracking_number", None),
    c.text("tracking_url"),
    c.text("external_id", None),
    c.text("status", "NotFound"),
    c.text("reason"),
    c.at("created_at"),
    c.at("handed_over_at", nullable=True),
    c.at("first_scan_at", nullable=True),
    c.at("last_scan_at", nullable=True),
    c.text("last_place"),
    c.at("delivered_at", nullable=True),
    c.text("contradiction"),
    c.text("expected"),
    c.at("voided_at", nullable=True),
    # Not unique: two orders, or two fulfillments of a shop, may share one box.
    sa.Index(None, "shop_id", "tracking_number"),
    sa.UniqueConstraint("shop_id", "external_id"),
    sa.Index(None, "order_id"),
)

parcel_line = c.table(
    "parcel_line",
    sa.Column("parcel_id", c.Whole, sa.ForeignKey("parcel.id"), primary_key=True),
    sa.Column("line_id", c.Whole, sa.ForeignKey("order_line.id"), primary_key=True),
    c.of_shop(),
    c.text("sku"),
    c.whole("quantity"),
    c.check("quantity", "quantity > 0"),
)

tracking_event = c.table(
    "tracking_event",
    c.key(),
    c.of_shop(),
    c.ref("parcel_id", "parcel.id"),
    c.text("status"),
    c.text("reason"),
    c.at("at"),
    c.text("place"),
    c.text("words"),
    c.text("raw_code"),
    c.whole("known", 1),
    sa.UniqueConstraint("parcel_id", "at", "status", "reason", "raw_code"),
)
