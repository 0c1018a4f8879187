"""Tables of the house: a shop, its people, its connections, its places and its numbers."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.tables import columns as c

meta = c.table(
    "meta",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

shop = c.table(
    "shop",
    c.key(),
    c.text("name"),
    c.text("currency", "EUR"),
    c.text("time_zone", "UTC"),
    c.text("language", "en"),
    c.text("address_form", "sie"),
    c.text("mode", "watch"),
    c.at("live_since", nullable=True),
    c.at("paused_at", nullable=True),
    c.text("email"),
    c.text("url"),
    c.json("settings"),
    c.whole("revision"),
    c.at("created_at"),
    c.check("mode", "mode in ('watch', 'staff', 'live')"),
)

staff = c.table(
    "staff",
    c.key(),
    c.of_shop(),
    c.text("name"),
    c.text("email", None),
    c.text("role"),
    c.json("locations", "[]"),
    c.text("slack_user", None),
    c.whole("active", 1),
    c.at("created_at"),
    sa.UniqueConstraint("shop_id", "slack_user"),
    sa.UniqueConstraint("shop_id", "email"),
)

api_key = c.table(
    "api_key",
    c.key(),
    c.of_shop(),
    c.text("name"),
    c.text("prefix"),
    c.text("hash"),
    c.text("role"),
    c.at("created_at"),
    c.at("revoked_at", nullable=True),
    sa.UniqueConstraint("prefix"),
)

connection = c.table(
    "connection",
    c.key(),
    c.of_shop(),
    c.text("kind"),
    c.text("name"),
    c.json("config"),
    c.text("secrets"),
    c.json("state"),
    c.whole("active", 1),
    c.at("created_at"),
    sa.UniqueConstraint("shop_id", "name"),
)

location = c.table(
    "location",
    c.key(),
    c.of_shop(),
    c.text("code"),
    c.text("name"),
    c.text("kind", "warehouse"),
    c.text("street"),
    c.text("zip"),
    c.text("city"),
    c.text("country"),
    sa.Column("lat", sa.Float, nullable=True),
    sa.Column("lon", sa.Float, nullable=True),
    c.whole("rank", 100),
    c.whole("parcel_cost", 0),
    c.whole("unit_cost", 0),
    c.text("time_zone"),
    c.json("hours", "null"),
    c.json("closing_days", "[]"),
    c.text("holidays"),
    c.json("holiday_days", "[]"),
    c.text("cut_off", None),
    c.text("channel"),
    c.json("external_ids"),
    c.json("groups", "[]"),
    c.json("abilities", "[]"),
    c.whole("endless"),
    c.whole("lead_days"),
    c.whole("delivers_km", None),
    c.json("delivers_to", "[]"),
    c.whole("delivery_fee"),
    c.text("delivery_window"),
    c.whole("active", 1),
    sa.UniqueConstraint("shop_id", "code"),
    c.check("delivers_km", "delivers_km > 0"),
    c.check("delivery_fee", "delivery_fee >= 0"),
)

customer = c.table(
    "customer",
    c.key(),
    c.of_shop(),
    c.text("email"),
    c.text("phone"),
    c.text("name"),
    c.text("language"),
    c.text("telegram_chat", None),
    c.json("preferences"),
    c.at("created_at"),
    sa.UniqueConstraint("shop_id", "email", "phone"),
    c.partial(
        "uq_customer_email",
        "shop_id",
        "email",
        unique=True,
        where="email <> ''",
    ),
    sa.Index(None, "shop_id", "telegram_chat"),
    sa.Index("ix_customer_phone", "shop_id", "phone"),
)

sequence = c.table(
    "sequence",
    sa.Column("shop_id", c.Whole, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    c.whole("value"),
)
