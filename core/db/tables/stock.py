"""Tables of stock: products, what lies where, every move of it, and what carts hold."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.tables import columns as c

product = c.table(
    "product",
    c.key(),
    c.of_shop(),
    c.text("sku"),
    c.text("title"),
    c.text("barcode"),
    c.whole("price", 0),
    c.whole("cost", 0),
    c.whole("weight", 0),
    c.text("category"),
    c.json("flags", "[]"),
    c.json("external_ids"),
    c.text("available_from", None),
    c.whole("preorder_limit", None),
    c.whole("street_date", 0),  # 1: what is here before `available_from` waits for it
    c.whole("active", 1),
    sa.UniqueConstraint("shop_id", "sku"),
)

# What a kit is made of; its parts are products like any other.
kit_part = c.table(
    "kit_part",
    sa.Column("shop_id", c.Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("kit", sa.Text, primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    c.whole("quantity", 1),
    c.check("quantity", "quantity > 0"),
    c.check("itself", "kit <> sku"),
)

stock_level = c.table(
    "stock_level",
    sa.Column("shop_id", c.Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("location_id", c.Whole, sa.ForeignKey("location.id"), primary_key=True),
    c.whole("on_hand"),
    c.whole("reserved"),
    c.whole("safety"),
    c.whole("buffer"),
    c.whole("frozen"),
    c.whole("damaged"),
    c.whole("quality"),
    c.whole("incoming"),
    c.whole("version"),
    c.whole("told_version"),
    c.at("moved_at", nullable=True),  # the first move that the channels do not know of
    c.check("on_hand", "on_hand >= 0"),
    c.check("reserved", "reserved >= 0"),
    c.check("safety", "safety >= 0"),
    c.check("buffer", "buffer >= 0"),
    c.check("frozen", "frozen >= 0"),
    c.check("damaged", "damaged >= 0"),
    c.check("quality", "quality >= 0"),
    c.check("incoming", "incoming >= 0"),
    c.check("promised", "reserved <= on_hand"),
    c.partial(
        "ix_stock_level_untold",
        "shop_id",
        where="version <> told_version",
    ),
)

# What each channel was last told to have available, and when.
channel_stock = c.table(
    "channel_stock",
    sa.Column("connection_id", c.Whole, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("location_id", c.Whole, sa.ForeignKey("location.id"), primary_key=True),
    c.of_shop(),
    c.whole("told"),
    c.at("moved_at", nullable=True),
    c.at("told_at"),
)

stock_move = c.table(
    "stock_move",
    c.key(),
    c.of_shop(),
    c.text("sku"),
    c.ref("location_id", "location.id"),
    c.text("kind"),
    c.whole("quantity"),
    c.whole("on_hand"),
    c.whole("reserved"),
    c.whole("safety"),
    c.whole("buffer"),
    c.whole("frozen"),
    c.whole("damaged"),
    c.whole("quality"),
    c.whole("incoming"),
    c.whole("line_id", None),
    c.text("reason"),
    c.text("actor"),
    c.text("surface"),
    c.whole("command_id"),
    c.at("at"),
    sa.Index(None, "shop_id", "sku", "location_id"),
)

# Goods on their way from one of our locations to another.
transfer = c.table(
    "transfer",
    c.key(),
    c.of_shop(),
    c.text("number"),
    c.ref("from_id", "location.id"),
    c.ref("to_id", "location.id"),
    c.text("state", "planned"),
    c.text("reason"),
    c.text("due_on", None),
    c.text("created_by"),
    c.at("created_at"),
    c.at("sent_at", nullable=True),
    c.at("closed_at", nullable=True),
    c.check("state", "state in ('planned', 'sent', 'received', 'canceled')"),
    c.check("places", "from_id <> to_id"),
    sa.UniqueConstraint("shop_id", "number"),
)

# Units that a location expects: from a supplier, or from a transfer that was sent.
expected = c.table(
    "expected",
    c.key(),
    c.of_shop(),
    c.text("sku"),
    c.ref("location_id", "location.id"),
    c.text("reference"),
    c.text("source"),
    c.ref("transfer_id", "transfer.id", nullable=True),
    c.whole("quantity"),
    c.whole("received"),
    c.whole("missing"),
    c.text("reason"),
    c.text("due_on", None),
    c.text("created_by"),
    c.at("created_at"),
    c.at("closed_at", nullable=True),
    c.check("quantity", "quantity > 0"),
    c.check("received", "received >= 0"),
    c.check("missing", "missing >= 0"),
    c.check("told", "received + missing <= quantity"),
    c.partial(
        "ix_expected_open",
        "shop_id",
        "sku",
        "location_id",
        where="closed_at is null",
    ),
    sa.Index(None, "shop_id", "reference"),
)

# When to think of buying again: for one location, or for all of them together (location 0).
stock_rule = c.table(
    "stock_rule",
    sa.Column("shop_id", c.Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("location_id", c.Whole, primary_key=True),
    c.whole("low_at"),
    c.check("low_at", "low_at > 0"),
)

# A list of goods that a location is asked to count.
count_task = c.table(
    "count_task",
    c.key(),
    c.of_shop(),
    c.whole("number", None),
    c.ref("location_id", "location.id"),
    c.text("kind", "by_hand"),
    c.text("state", "open"),
    c.text("opened_by"),
    c.at("opened_at"),
    c.at("closed_at", nullable=True),
    c.check("kind", "kind in ('by_hand', 'weekly')"),
    c.check("state", "state in ('open', 'done', 'canceled')"),
    c.check("closed", "(state = 'open') = (closed_at is null)"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.Index(None, "shop_id", "location_id", "kind", "opened_at"),
)

# One SKU at one location: asked for, or counted once and doubted, until a count takes effect.
stock_count = c.table(
    "stock_count",
    c.key(),
    c.of_shop(),
    c.ref("task_id", "count_task.id", nullable=True),
    c.text("sku"),
    c.ref("location_id", "location.id"),
    c.text("state", "asked"),
    c.whole("book", None),
    c.whole("first", None),
    c.text("first_by"),
    c.at("first_at", nullable=True),
    c.whole("on_hand", None),
    c.text("counted_by"),
    c.at("asked_at"),
    c.at("settled_at", nullable=True),
    c.check("state", "state in ('asked', 'doubted', 'done', 'canceled')"),
    c.check("first", "state <> 'doubted' or (first >= 0 and first_at is not null)"),
    c.check("done", "state <> 'done' or (on_hand >= 0 and counted_by <> '')"),
    c.check("settled", "(state in ('done', 'canceled')) = (settled_at is not null)"),
    c.partial(
        "uq_stock_count_open",
        "shop_id",
        "sku",
        "location_id",
        unique=True,
        where="state in ('asked', 'doubted')",
    ),
    sa.Index(None, "task_id"),
)

# What a shop's front wants held for a customer who has not ordered yet.
cart = c.table(
    "cart",
    c.key(),
    c.of_shop(),
    c.text("name"),
    c.text("state", "held"),
    c.json("lines"),
    c.whole("units"),
    c.at("expires_at"),
    c.text("order_number"),
    c.whole("unserved"),
    c.at("created_at"),
    c.check("state", "state in ('held', 'ordered', 'released', 'expired')"),
    sa.UniqueConstraint("shop_id", "name"),
    c.partial(
        "ix_cart_live",
        "shop_id",
        "expires_at",
        where="state = 'held'",
    ),
    c.partial(
        "ix_cart_unserved",
        "shop_id",
        where="unserved = 1",
    ),
)

reservation = c.table(
    "reservation",
    c.key(),
    c.of_shop(),
    c.text("sku"),
    c.ref("location_id", "location.id"),
    c.whole("quantity"),
    c.text("state", "promised"),
    c.ref("order_id", "orders.id", nullable=True),
    c.ref("line_id", "order_line.id", nullable=True),
    c.ref("fulfillment_id", "fulfillment_order.id", nullable=True),
    c.ref("transfer_id", "transfer.id", nullable=True),
    c.ref("cart_id", "cart.id", nullable=True),
    c.at("expires_at", nullable=True),
    c.check("quantity", "quantity > 0"),
    c.check("state", "state in ('held', 'promised', 'consumed', 'released', 'expired')"),
    sa.Index(None, "fulfillment_id"),
    sa.Index(None, "order_id"),
    c.partial(
        "ix_reservation_cart",
        "cart_id",
        where="cart_id is not null",
    ),
    c.partial(
        "ix_reservation_transfer",
        "transfer_id",
        where="transfer_id is not null",
    ),
    c.partial(
        "ix_reservation_live",
        "shop_id",
        "sku",
        "location_id",
        where="state in ('held', 'promised')",
    ),
)
