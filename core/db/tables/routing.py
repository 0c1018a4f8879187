"""Tables of routing: rules and their versions, decisions, waits, capacity, lanes and pauses."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.tables import columns as c

# How long parcels travel: '' as origin or country means anywhere.
lane = c.table(
    "lane",
    c.key(),
    c.of_shop(),
    c.text("origin"),
    c.text("country"),
    c.text("zip_prefix"),
    c.text("method", "standard"),
    c.whole("days"),
    c.whole("cost", None),
    c.text("carrier"),
    c.check("days", "days between 0 and 60"),
    c.check("cost", "cost is null or cost >= 0"),
    sa.UniqueConstraint("shop_id", "origin", "country", "zip_prefix", "method", "carrier"),
)

# What ships nothing for a while: '' as carrier, origin (a location's code) or country means all.
# `until` is what was said; `ended_at` is when it was over, by the clock or by a person.
shipping_pause = c.table(
    "shipping_pause",
    c.key(),
    c.of_shop(),
    c.text("carrier"),
    c.text("origin"),
    c.text("country"),
    c.at("until"),
    c.text("reason"),
    c.text("started_by"),
    c.at("since"),
    c.whole("settled_to"),
    c.whole("settled"),
    c.at("ended_at", nullable=True),
    c.text("ended_by"),
    c.check("target", "carrier <> '' or origin <> ''"),
    c.check("until", "until > since"),
    c.check("settled", "settled in (0, 1)"),
    c.partial(
        "uq_shipping_pause_open",
        "shop_id",
        "carrier",
        "origin",
        "country",
        unique=True,
        where="ended_at is null",
    ),
)

# The orders that a pause was thought through for: each once, so that nobody is told twice.
paused_order = c.table(
    "paused_order",
    sa.Column("pause_id", c.Whole, sa.ForeignKey("shipping_pause.id"), primary_key=True),
    sa.Column("order_id", c.Whole, primary_key=True),
    c.of_shop(),
    c.text("promised", None),
    c.text("expected", None),
    c.text("moved_to"),
    c.at("at"),
    sa.Index(None, "order_id"),
)

routing_trace = c.table(
    "routing_trace",
    c.key(),
    c.of_shop(),
    c.ref("order_id", "orders.id"),
    c.text("trace"),
    c.at("at"),
    sa.Index(None, "order_id", "id"),
)

# A rule set never changes: what is active is the last line of routing_activation (0: no rules).
routing_rules = c.versions("routing_rules")

routing_activation = c.activations("routing_activation")

routing_rejection = c.table(
    "routing_rejection",
    c.key(),
    c.of_shop(),
    c.ref("order_id", "orders.id"),
    c.ref("location_id", "location.id"),
    c.text("reason"),
    c.text("actor"),
    c.at("at"),
    sa.Index(None, "order_id"),
)

# When an order was last looked at for a better plan.
routing_look = c.table(
    "routing_look",
    sa.Column("order_id", c.Whole, sa.ForeignKey("orders.id"), primary_key=True),
    c.of_shop(),
    c.at("at"),
)

# An order for which the rules found no place: what it waits for, and until when.
routing_wait = c.table(
    "routing_wait",
    sa.Column("order_id", c.Whole, sa.ForeignKey("orders.id"), primary_key=True),
    c.of_shop(),
    c.text("rule"),
    c.text("does"),
    c.text("reason"),
    c.ref("location_id", "location.id", nullable=True),
    c.at("cancel_at", nullable=True),
    c.at("at"),
    c.check("does", "does in ('next', 'ship_part', 'queue', 'backorder', 'cancel', 'ask')"),
    c.partial(
        "ix_routing_wait_due",
        "shop_id",
        "cancel_at",
        where="cancel_at is not null",
    ),
)

# What a location has taken on in one local day, and the work that it stands for.
capacity_used = c.table(
    "capacity_used",
    sa.Column("shop_id", c.Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("location_id", c.Whole, sa.ForeignKey("location.id"), primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    c.whole("orders"),
    c.whole("lines"),
    c.whole("units"),
    c.check("used", "orders >= 0 and lines >= 0 and units >= 0"),
)

capacity_claim = c.table(
    "capacity_claim",
    sa.Column("fulfillment_id", c.Whole, sa.ForeignKey("fulfillment_order.id"), primary_key=True),
    c.of_shop(),
    c.ref("location_id", "location.id"),
    c.text("day"),
    c.whole("lines"),
    c.whole("units"),
    c.at("given_back_at", nullable=True),
    c.check("claim", "lines > 0 and units > 0"),
)
