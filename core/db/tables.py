"""Every table of wismo: the one description that migrations are checked against.

Ids are 53-bit integers made by the house (core/db/ids.py), times are UTC microseconds since 1970,
money is minor units, documents are JSON text. `shop_id` stands in every row.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMES)

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")
NOW_OPEN = "state in ('open', 'taken', 'snoozed')"


def _id() -> sa.Column[int]:
    return sa.Column("id", Whole, primary_key=True, autoincrement=False)


def _shop() -> sa.Column[int]:
    return sa.Column("shop_id", Whole, sa.ForeignKey("shop.id"), nullable=False)


def _ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Whole, sa.ForeignKey(target), nullable=nullable)


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    """A text column: required with a default, or nullable when the default is None."""
    if default is None:
        return sa.Column(name, sa.Text, nullable=True)
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _int(name: str, default: int | None = 0) -> sa.Column[int]:
    if default is None:
        return sa.Column(name, Whole, nullable=True)
    return sa.Column(name, Whole, nullable=False, server_default=str(default))


def _at(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Whole, nullable=nullable)


def _json(name: str, default: str = "{}") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _table(name: str, *parts: Any) -> sa.Table:
    return sa.Table(name, metadata, *parts)


def _check(name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=name)


def _versions(name: str) -> sa.Table:
    """Documents of which every version is kept as it was written (core/db/versions.py)."""
    return _table(
        name,
        _id(),
        _shop(),
        _int("number"),
        _text("document"),
        _int("based_on", None),
        _text("reason"),
        _text("actor"),
        _at("at"),
        _check("number", "number > 0"),
        sa.UniqueConstraint("shop_id", "number"),
    )


def _activations(name: str) -> sa.Table:
    """Which version was put in force, line after line; 0: none."""
    return _table(
        name,
        _id(),
        _shop(),
        _int("number"),
        _text("reason"),
        _text("actor"),
        _at("at"),
        _check("number", "number >= 0"),
        sa.Index(None, "shop_id", "id"),
    )


# --- the house -----------------------------------------------------------------------------------

meta = _table(
    "meta",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

shop = _table(
    "shop",
    _id(),
    _text("name"),
    _text("currency", "EUR"),
    _text("time_zone", "UTC"),
    _text("language", "en"),
    _text("address_form", "sie"),
    _text("mode", "watch"),
    _at("live_since", nullable=True),
    _at("paused_at", nullable=True),
    _text("email"),
    _text("url"),
    _json("settings"),
    _int("revision"),
    _at("created_at"),
    _check("mode", "mode in ('watch', 'staff', 'live')"),
)

staff = _table(
    "staff",
    _id(),
    _shop(),
    _text("name"),
    _text("email", None),
    _text("role"),
    _json("locations", "[]"),
    _text("slack_user", None),
    _int("active", 1),
    _at("created_at"),
    sa.UniqueConstraint("shop_id", "slack_user"),
    sa.UniqueConstraint("shop_id", "email"),
)

api_key = _table(
    "api_key",
    _id(),
    _shop(),
    _text("name"),
    _text("prefix"),
    _text("hash"),
    _text("role"),
    _at("created_at"),
    _at("revoked_at", nullable=True),
    sa.UniqueConstraint("prefix"),
)

connection = _table(
    "connection",
    _id(),
    _shop(),
    _text("kind"),
    _text("name"),
    _json("config"),
    _text("secrets"),
    _json("state"),
    _int("active", 1),
    _at("created_at"),
    sa.UniqueConstraint("shop_id", "name"),
)

location = _table(
    "location",
    _id(),
    _shop(),
    _text("code"),
    _text("name"),
    _text("kind", "warehouse"),
    _text("street"),
    _text("zip"),
    _text("city"),
    _text("country"),
    sa.Column("lat", sa.Float, nullable=True),
    sa.Column("lon", sa.Float, nullable=True),
    _int("rank", 100),
    _int("parcel_cost", 0),
    _int("unit_cost", 0),
    _text("time_zone"),
    _json("hours", "null"),
    _json("closing_days", "[]"),
    _text("holidays"),
    _json("holiday_days", "[]"),
    _text("cut_off", None),
    _text("channel"),
    _json("external_ids"),
    _json("groups", "[]"),
    _json("abilities", "[]"),
    _int("endless"),
    _int("lead_days"),
    _int("delivers_km", None),
    _json("delivers_to", "[]"),
    _int("delivery_fee"),
    _text("delivery_window"),
    _int("active", 1),
    sa.UniqueConstraint("shop_id", "code"),
    _check("delivers_km", "delivers_km > 0"),
    _check("delivery_fee", "delivery_fee >= 0"),
)

# How long parcels travel: '' as origin or country means anywhere.
lane = _table(
    "lane",
    _id(),
    _shop(),
    _text("origin"),
    _text("country"),
    _text("zip_prefix"),
    _text("method", "standard"),
    _int("days"),
    _int("cost", None),
    _text("carrier"),
    _check("days", "days between 0 and 60"),
    _check("cost", "cost is null or cost >= 0"),
    sa.UniqueConstraint("shop_id", "origin", "country", "zip_prefix", "method", "carrier"),
)

# What ships nothing for a while: '' as carrier, origin (a location's code) or country means all.
# `until` is what was said; `ended_at` is when it was over, by the clock or by a person.
shipping_pause = _table(
    "shipping_pause",
    _id(),
    _shop(),
    _text("carrier"),
    _text("origin"),
    _text("country"),
    _at("until"),
    _text("reason"),
    _text("started_by"),
    _at("since"),
    _int("settled_to"),
    _int("settled"),
    _at("ended_at", nullable=True),
    _text("ended_by"),
    _check("target", "carrier <> '' or origin <> ''"),
    _check("until", "until > since"),
    _check("settled", "settled in (0, 1)"),
    sa.Index(
        "uq_shipping_pause_open",
        "shop_id",
        "carrier",
        "origin",
        "country",
        unique=True,
        sqlite_where=sa.text("ended_at is null"),
        postgresql_where=sa.text("ended_at is null"),
    ),
)

# The orders that a pause was thought through for: each once, so that nobody is told twice.
paused_order = _table(
    "paused_order",
    sa.Column("pause_id", Whole, sa.ForeignKey("shipping_pause.id"), primary_key=True),
    sa.Column("order_id", Whole, primary_key=True),
    _shop(),
    _text("promised", None),
    _text("expected", None),
    _text("moved_to"),
    _at("at"),
    sa.Index(None, "order_id"),
)

product = _table(
    "product",
    _id(),
    _shop(),
    _text("sku"),
    _text("title"),
    _text("barcode"),
    _int("price", 0),
    _int("cost", 0),
    _int("weight", 0),
    _text("category"),
    _json("flags", "[]"),
    _json("external_ids"),
    _text("available_from", None),
    _int("preorder_limit", None),
    _int("active", 1),
    sa.UniqueConstraint("shop_id", "sku"),
)

# What a kit is made of; its parts are products like any other.
kit_part = _table(
    "kit_part",
    sa.Column("shop_id", Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("kit", sa.Text, primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    _int("quantity", 1),
    _check("quantity", "quantity > 0"),
    _check("itself", "kit <> sku"),
)

customer = _table(
    "customer",
    _id(),
    _shop(),
    _text("email"),
    _text("phone"),
    _text("name"),
    _text("language"),
    _text("telegram_chat", None),
    _json("preferences"),
    _at("created_at"),
    sa.UniqueConstraint("shop_id", "email", "phone"),
    sa.Index(
        "uq_customer_email",
        "shop_id",
        "email",
        unique=True,
        sqlite_where=sa.text("email <> ''"),
        postgresql_where=sa.text("email <> ''"),
    ),
    sa.Index(None, "shop_id", "telegram_chat"),
    sa.Index("ix_customer_phone", "shop_id", "phone"),
)

sequence = _table(
    "sequence",
    sa.Column("shop_id", Whole, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _int("value"),
)

# --- orders --------------------------------------------------------------------------------------

orders = _table(
    "orders",
    _id(),
    _shop(),
    _text("number"),
    _text("channel"),
    _ref("connection_id", "connection.id", nullable=True),
    _text("external_id", None),
    _ref("customer_id", "customer.id", nullable=True),
    _text("email"),
    _text("phone"),
    _text("customer_name"),
    _text("language"),
    _text("currency"),
    _int("subtotal"),
    _int("discount"),
    _int("shipping"),
    _int("tax"),
    _int("shipping_tax"),
    _int("total"),
    _int("captured"),
    _int("refunded"),
    _json("ship_to"),
    _json("bill_to"),
    _at("placed_at"),
    _at("captured_at"),
    _text("promise", None),
    _text("promise_basis"),
    _text("method", "standard"),
    _text("note"),
    _json("tags", "[]"),
    _int("priority"),
    _at("canceled_at", nullable=True),
    _text("cancel_reason"),
    _int("handed_over"),
    _at("source_updated_at", nullable=True),
    _text("payment_note"),
    _int("sends_messages", 1),
    _json("extra"),
    _int("version"),
    _int("links_version"),
    _text("chain"),
    _text("status", "open"),
    _text("payment_status", "unpaid"),
    _text("fulfillment_status", "none"),
    _text("return_status", "none"),
    _int("held"),
    _text("find"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.UniqueConstraint("connection_id", "external_id"),
    sa.Index(None, "shop_id", "email", "placed_at"),
    sa.Index(None, "shop_id", "placed_at", "id"),
    sa.Index(None, "shop_id", "status", "placed_at", "id"),
    sa.Index(None, "customer_id", "placed_at"),
)

order_line = _table(
    "order_line",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _int("position"),
    _text("external_id", None),
    _text("sku"),
    _text("title"),
    _int("ordered"),
    _int("unit_price"),
    _int("discount"),
    _int("tax"),
    _int("total"),
    _int("ships", 1),
    _int("canceled"),
    _int("backordered"),
    _int("allocated"),
    _int("packed"),
    _int("shipped"),
    _int("delivered"),
    _int("return_requested"),
    _int("return_received"),
    _int("return_kept"),
    _int("claimed"),
    _int("refunded"),
    _text("kind"),
    _int("kit_line_id", None),
    _int("per_kit"),
    _text("awaits"),
    _check("ordered", "ordered > 0"),
    _check("kind", "kind in ('', 'kit', 'part')"),
    _check("part", "(kind = 'part') = (kit_line_id is not null)"),
    _check("awaits", "awaits = '' or length(awaits) = 10"),
    _check("per_kit", "per_kit >= 0 and (kind <> 'part' or per_kit > 0)"),
    _check("canceled", "canceled >= 0"),
    _check("backordered", "backordered >= 0"),
    _check("allocated", "allocated >= 0"),
    _check("packed", "packed >= 0 and packed <= allocated"),
    _check("shipped", "shipped >= 0"),
    _check("placed", "canceled + backordered + allocated + shipped <= ordered"),
    _check("delivered", "delivered >= 0 and delivered <= shipped"),
    _check("return_requested", "return_requested >= 0"),
    _check("return_received", "return_received >= 0"),
    _check("return_kept", "return_kept >= 0"),
    _check("claimed", "claimed >= 0"),
    _check("returned", "return_requested + return_received + return_kept + claimed <= shipped"),
    _check("refunded", "refunded >= 0 and refunded <= ordered"),
    sa.Index(None, "order_id", "position"),
    sa.Index(
        "ix_order_line_waiting",
        "shop_id",
        "sku",
        sqlite_where=sa.text("backordered > 0"),
        postgresql_where=sa.text("backordered > 0"),
    ),
)

# `scope_id` is the line or the fulfillment order that is held; 0 stands for the whole order.
hold = _table(
    "hold",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _text("reason"),
    _text("scope", "order"),
    _int("scope_id"),
    _text("note"),
    _text("owner"),
    _text("placed_by"),
    _at("placed_at"),
    _at("until", nullable=True),
    _at("released_at", nullable=True),
    _text("released_by"),
    _check("scope", "scope in ('order', 'line', 'box') and (scope = 'order') = (scope_id = 0)"),
    sa.Index(
        "uq_hold_open",
        "order_id",
        "reason",
        "scope_id",
        unique=True,
        sqlite_where=sa.text("released_at is null"),
        postgresql_where=sa.text("released_at is null"),
    ),
)

# Got it: the location has put a box aside. Without a row here a box on paper is only asked for.
hold_answer = _table(
    "hold_answer",
    sa.Column("hold_id", Whole, sa.ForeignKey("hold.id"), primary_key=True),
    sa.Column("box_id", Whole, sa.ForeignKey("fulfillment_order.id"), primary_key=True),
    _shop(),
    _text("answered_by"),
    _at("answered_at"),
)

# One row for each means by which a customer paid, or set money aside, for an order. What an order's
# channel took for it has no row: it is `orders.captured` less what the rows captured.
payment = _table(
    "payment",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _ref("connection_id", "connection.id", nullable=True),
    _text("gateway"),
    _text("external_id"),
    _text("currency"),
    _int("authorized"),
    _int("captured"),
    _int("refunded"),
    _int("voided"),
    _int("captures_once"),
    _int("original"),
    _at("expires_at", nullable=True),
    _at("at"),
    _check("gateway", "gateway in ('channel', 'stripe', 'manual', 'credit')"),
    _check("amounts", "authorized >= 0 and captured >= 0 and refunded >= 0 and voided >= 0"),
    _check("captured", "captured + voided <= authorized"),
    sa.UniqueConstraint("order_id", "gateway", "external_id"),
    sa.Index(None, "connection_id", "external_id"),
)

# More that a customer owes after an edit or an exchange: asked for, never taken.
payment_request = _table(
    "payment_request",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _int("change_id", None),
    _int("number"),
    _int("amount"),
    _text("currency"),
    _text("state", "open"),
    _text("why"),
    _text("link"),
    _text("payee"),
    _text("reference"),
    _at("opened_at"),
    _at("due_at"),
    _at("reminded_at", nullable=True),
    _at("ended_at", nullable=True),
    _check("amount", "amount > 0"),
    _check("state", "state in ('open', 'paid', 'withdrawn')"),
    _check("ended", "(state = 'open') = (ended_at is null)"),
    sa.UniqueConstraint("order_id", "number"),
    sa.Index(None, "shop_id", "state", "due_at"),
)

# What we asked a gateway to take of a payment, or to let go: asked once, under its own key.
collection = _table(
    "collection",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _ref("payment_id", "payment.id"),
    _text("kind"),
    _int("amount"),
    _int("last"),
    _text("state", "sent"),
    _text("key"),
    _text("reason"),
    _text("why"),
    _at("at"),
    _at("settled_at", nullable=True),
    _check("kind", "kind in ('capture', 'release')"),
    _check("amount", "amount > 0 and last in (0, 1)"),
    _check("state", "state in ('sent', 'unknown', 'done', 'failed')"),
    _check("settled", "(state in ('done', 'failed')) = (settled_at is not null)"),
    sa.UniqueConstraint("shop_id", "key"),
    sa.Index(None, "payment_id"),
    sa.Index(None, "order_id"),
    sa.Index(None, "shop_id", "state", "at"),
)

routing_trace = _table(
    "routing_trace",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _text("trace"),
    _at("at"),
    sa.Index(None, "order_id", "id"),
)

# A rule set never changes: what is active is the last line of routing_activation (0: no rules).
routing_rules = _versions("routing_rules")
routing_activation = _activations("routing_activation")

routing_rejection = _table(
    "routing_rejection",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _ref("location_id", "location.id"),
    _text("reason"),
    _text("actor"),
    _at("at"),
    sa.Index(None, "order_id"),
)

# When an order was last looked at for a better plan.
routing_look = _table(
    "routing_look",
    sa.Column("order_id", Whole, sa.ForeignKey("orders.id"), primary_key=True),
    _shop(),
    _at("at"),
)

# An order for which the rules found no place: what it waits for, and until when.
routing_wait = _table(
    "routing_wait",
    sa.Column("order_id", Whole, sa.ForeignKey("orders.id"), primary_key=True),
    _shop(),
    _text("rule"),
    _text("does"),
    _text("reason"),
    _ref("location_id", "location.id", nullable=True),
    _at("cancel_at", nullable=True),
    _at("at"),
    _check("does", "does in ('next', 'ship_part', 'queue', 'backorder', 'cancel', 'ask')"),
    sa.Index(
        "ix_routing_wait_due",
        "shop_id",
        "cancel_at",
        sqlite_where=sa.text("cancel_at is not null"),
        postgresql_where=sa.text("cancel_at is not null"),
    ),
)

# What a location has taken on in one local day, and the work that it stands for.
capacity_used = _table(
    "capacity_used",
    sa.Column("shop_id", Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("location_id", Whole, sa.ForeignKey("location.id"), primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    _int("orders"),
    _int("lines"),
    _int("units"),
    _check("used", "orders >= 0 and lines >= 0 and units >= 0"),
)

capacity_claim = _table(
    "capacity_claim",
    sa.Column("fulfillment_id", Whole, sa.ForeignKey("fulfillment_order.id"), primary_key=True),
    _shop(),
    _ref("location_id", "location.id"),
    _text("day"),
    _int("lines"),
    _int("units"),
    _at("given_back_at", nullable=True),
    _check("claim", "lines > 0 and units > 0"),
)

# What the screening saw in an order, each time it looked and saw something. `gone` are concerns of
# before that an edit has settled.
screening = _table(
    "screening",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _text("cause"),
    _int("points"),
    _json("concerns", "[]"),
    _json("gone", "[]"),
    _at("at"),
    _check("points", "points >= 0"),
    sa.Index(None, "order_id", "id"),
)

# By what an order may be counted in the next hour; written only while such a rule is on.
screening_mark = _table(
    "screening_mark",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _text("mark"),
    _at("at"),
    sa.Index(None, "shop_id", "mark", "at"),
    sa.Index("ix_screening_mark_at", "shop_id", "at"),
)

# An order that replaces units of another (`order_id` is the first), or ships in its parcel.
order_link = _table(
    "order_link",
    _id(),
    _shop(),
    _text("kind"),
    _ref("order_id", "orders.id"),
    _ref("other_id", "orders.id"),
    _json("data"),
    _at("at"),
    _at("ended_at", nullable=True),
    _check("kind", "kind in ('replaces', 'together', 'exchanges')"),
    _check("other", "order_id <> other_id"),
    sa.Index(None, "order_id"),
    sa.Index(None, "other_id"),
    sa.Index(
        "uq_order_link_together",
        "other_id",
        unique=True,
        sqlite_where=sa.text("kind = 'together' and ended_at is null"),
        postgresql_where=sa.text("kind = 'together' and ended_at is null"),
    ),
)

# --- stock ---------------------------------------------------------------------------------------

stock_level = _table(
    "stock_level",
    sa.Column("shop_id", Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("location_id", Whole, sa.ForeignKey("location.id"), primary_key=True),
    _int("on_hand"),
    _int("reserved"),
    _int("safety"),
    _int("buffer"),
    _int("frozen"),
    _int("damaged"),
    _int("quality"),
    _int("incoming"),
    _int("version"),
    _int("told_version"),
    _at("moved_at", nullable=True),  # the first move that the channels do not know of
    _check("on_hand", "on_hand >= 0"),
    _check("reserved", "reserved >= 0"),
    _check("safety", "safety >= 0"),
    _check("buffer", "buffer >= 0"),
    _check("frozen", "frozen >= 0"),
    _check("damaged", "damaged >= 0"),
    _check("quality", "quality >= 0"),
    _check("incoming", "incoming >= 0"),
    _check("promised", "reserved <= on_hand"),
    sa.Index(
        "ix_stock_level_untold",
        "shop_id",
        sqlite_where=sa.text("version <> told_version"),
        postgresql_where=sa.text("version <> told_version"),
    ),
)

# What each channel was last told to have available, and when.
channel_stock = _table(
    "channel_stock",
    sa.Column("connection_id", Whole, sa.ForeignKey("connection.id"), primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("location_id", Whole, sa.ForeignKey("location.id"), primary_key=True),
    _shop(),
    _int("told"),
    _at("moved_at", nullable=True),
    _at("told_at"),
)

stock_move = _table(
    "stock_move",
    _id(),
    _shop(),
    _text("sku"),
    _ref("location_id", "location.id"),
    _text("kind"),
    _int("quantity"),
    _int("on_hand"),
    _int("reserved"),
    _int("safety"),
    _int("buffer"),
    _int("frozen"),
    _int("damaged"),
    _int("quality"),
    _int("incoming"),
    _int("line_id", None),
    _text("reason"),
    _text("actor"),
    _text("surface"),
    _int("command_id"),
    _at("at"),
    sa.Index(None, "shop_id", "sku", "location_id"),
)

# Goods on their way from one of our locations to another.
transfer = _table(
    "transfer",
    _id(),
    _shop(),
    _text("number"),
    _ref("from_id", "location.id"),
    _ref("to_id", "location.id"),
    _text("state", "planned"),
    _text("reason"),
    _text("due_on", None),
    _text("created_by"),
    _at("created_at"),
    _at("sent_at", nullable=True),
    _at("closed_at", nullable=True),
    _check("state", "state in ('planned', 'sent', 'received', 'canceled')"),
    _check("places", "from_id <> to_id"),
    sa.UniqueConstraint("shop_id", "number"),
)

# Units that a location expects: from a supplier, or from a transfer that was sent.
expected = _table(
    "expected",
    _id(),
    _shop(),
    _text("sku"),
    _ref("location_id", "location.id"),
    _text("reference"),
    _text("source"),
    _ref("transfer_id", "transfer.id", nullable=True),
    _int("quantity"),
    _int("received"),
    _int("missing"),
    _text("reason"),
    _text("due_on", None),
    _text("created_by"),
    _at("created_at"),
    _at("closed_at", nullable=True),
    _check("quantity", "quantity > 0"),
    _check("received", "received >= 0"),
    _check("missing", "missing >= 0"),
    _check("told", "received + missing <= quantity"),
    sa.Index(
        "ix_expected_open",
        "shop_id",
        "sku",
        "location_id",
        sqlite_where=sa.text("closed_at is null"),
        postgresql_where=sa.text("closed_at is null"),
    ),
    sa.Index(None, "shop_id", "reference"),
)

# When to think of buying again: for one location, or for all of them together (location 0).
stock_rule = _table(
    "stock_rule",
    sa.Column("shop_id", Whole, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("location_id", Whole, primary_key=True),
    _int("low_at"),
    _check("low_at", "low_at > 0"),
)

# A list of goods that a location is asked to count.
count_task = _table(
    "count_task",
    _id(),
    _shop(),
    _int("number", None),
    _ref("location_id", "location.id"),
    _text("kind", "by_hand"),
    _text("state", "open"),
    _text("opened_by"),
    _at("opened_at"),
    _at("closed_at", nullable=True),
    _check("kind", "kind in ('by_hand', 'weekly')"),
    _check("state", "state in ('open', 'done', 'canceled')"),
    _check("closed", "(state = 'open') = (closed_at is null)"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.Index(None, "shop_id", "location_id", "kind", "opened_at"),
)

# One SKU at one location: asked for, or counted once and doubted, until a count takes effect.
stock_count = _table(
    "stock_count",
    _id(),
    _shop(),
    _ref("task_id", "count_task.id", nullable=True),
    _text("sku"),
    _ref("location_id", "location.id"),
    _text("state", "asked"),
    _int("book", None),
    _int("first", None),
    _text("first_by"),
    _at("first_at", nullable=True),
    _int("on_hand", None),
    _text("counted_by"),
    _at("asked_at"),
    _at("settled_at", nullable=True),
    _check("state", "state in ('asked', 'doubted', 'done', 'canceled')"),
    _check("first", "state <> 'doubted' or (first >= 0 and first_at is not null)"),
    _check("done", "state <> 'done' or (on_hand >= 0 and counted_by <> '')"),
    _check("settled", "(state in ('done', 'canceled')) = (settled_at is not null)"),
    sa.Index(
        "uq_stock_count_open",
        "shop_id",
        "sku",
        "location_id",
        unique=True,
        sqlite_where=sa.text("state in ('asked', 'doubted')"),
        postgresql_where=sa.text("state in ('asked', 'doubted')"),
    ),
    sa.Index(None, "task_id"),
)

# --- fulfillment ---------------------------------------------------------------------------------

fulfillment_order = _table(
    "fulfillment_order",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _ref("location_id", "location.id"),
    _text("number"),
    _text("stage", "ready"),
    _at("ready_at"),
    _at("printed_at", nullable=True),
    _at("picked_at", nullable=True),
    _at("packed_at", nullable=True),
    _at("shipped_at", nullable=True),
    _at("canceled_at", nullable=True),
    _check("stage", "stage in ('ready', 'printed', 'picked', 'packed', 'shipped', 'canceled')"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.Index(None, "order_id"),
    sa.Index(
        "ix_fulfillment_order_queue",
        "shop_id",
        "location_id",
        "ready_at",
        sqlite_where=sa.text("stage in ('ready', 'printed', 'picked', 'packed')"),
        postgresql_where=sa.text("stage in ('ready', 'printed', 'picked', 'packed')"),
    ),
)

# Work that a partner was asked to do; `stops` counts how often it was asked to wait with it.
handoff = _table(
    "handoff",
    _id(),
    _shop(),
    _ref("work_id", "fulfillment_order.id"),
    _ref("order_id", "orders.id"),
    _ref("connection_id", "connection.id"),
    _text("state", "asked"),
    _text("stop"),
    _int("stops"),
    _text("reason"),
    _at("asked_at"),
    _at("answered_at", nullable=True),
    _check("state", "state in ('asked', 'accepted', 'rejected', 'shipped', 'withdrawn')"),
    _check("stop", "stop in ('', 'asked', 'stopped')"),
    _check("stops", "stops >= 0"),
    sa.Index(None, "order_id"),
    sa.Index(
        "uq_handoff_open",
        "work_id",
        unique=True,
        sqlite_where=sa.text("state in ('asked', 'accepted')"),
        postgresql_where=sa.text("state in ('asked', 'accepted')"),
    ),
    sa.Index(
        "ix_handoff_shop_open",
        "shop_id",
        "asked_at",
        sqlite_where=sa.text("state in ('asked', 'accepted')"),
        postgresql_where=sa.text("state in ('asked', 'accepted')"),
    ),
)

# Work that lies ready in a store until its customer comes; `until` is the last local day (ISO).
pickup = _table(
    "pickup",
    _id(),
    _shop(),
    _ref("work_id", "fulfillment_order.id"),
    _ref("order_id", "orders.id"),
    _ref("location_id", "location.id"),
    _at("ready_at"),
    _text("until"),
    _int("issue", 1),
    _at("issued_at"),
    _at("reminded_at", nullable=True),
    _at("ended_at", nullable=True),
    _text("ended"),
    _text("ended_by"),
    _text("reason"),
    _check("issue", "issue > 0"),
    _check("ended", "ended in ('', 'collected', 'handed_over', 'returned')"),
    _check("is_ended", "(ended_at is null) = (ended = '')"),
    _check("reason", "ended <> 'handed_over' or reason <> ''"),
    sa.Index(None, "order_id"),
    sa.Index(
        "uq_pickup_waiting",
        "work_id",
        unique=True,
        sqlite_where=sa.text("ended_at is null"),
        postgresql_where=sa.text("ended_at is null"),
    ),
    sa.Index(
        "ix_pickup_until",
        "shop_id",
        "until",
        sqlite_where=sa.text("ended_at is null"),
        postgresql_where=sa.text("ended_at is null"),
    ),
)

# What a shop's front wants held for a customer who has not ordered yet.
cart = _table(
    "cart",
    _id(),
    _shop(),
    _text("name"),
    _text("state", "held"),
    _json("lines"),
    _int("units"),
    _at("expires_at"),
    _text("order_number"),
    _int("unserved"),
    _at("created_at"),
    _check("state", "state in ('held', 'ordered', 'released', 'expired')"),
    sa.UniqueConstraint("shop_id", "name"),
    sa.Index(
        "ix_cart_live",
        "shop_id",
        "expires_at",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    ),
    sa.Index(
        "ix_cart_unserved",
        "shop_id",
        sqlite_where=sa.text("unserved = 1"),
        postgresql_where=sa.text("unserved = 1"),
    ),
)

reservation = _table(
    "reservation",
    _id(),
    _shop(),
    _text("sku"),
    _ref("location_id", "location.id"),
    _int("quantity"),
    _text("state", "promised"),
    _ref("order_id", "orders.id", nullable=True),
    _ref("line_id", "order_line.id", nullable=True),
    _ref("fulfillment_id", "fulfillment_order.id", nullable=True),
    _ref("transfer_id", "transfer.id", nullable=True),
    _ref("cart_id", "cart.id", nullable=True),
    _at("expires_at", nullable=True),
    _check("quantity", "quantity > 0"),
    _check("state", "state in ('held', 'promised', 'consumed', 'released', 'expired')"),
    sa.Index(None, "fulfillment_id"),
    sa.Index(None, "order_id"),
    sa.Index(
        "ix_reservation_cart",
        "cart_id",
        sqlite_where=sa.text("cart_id is not null"),
        postgresql_where=sa.text("cart_id is not null"),
    ),
    sa.Index(
        "ix_reservation_transfer",
        "transfer_id",
        sqlite_where=sa.text("transfer_id is not null"),
        postgresql_where=sa.text("transfer_id is not null"),
    ),
    sa.Index(
        "ix_reservation_live",
        "shop_id",
        "sku",
        "location_id",
        sqlite_where=sa.text("state in ('held', 'promised')"),
        postgresql_where=sa.text("state in ('held', 'promised')"),
    ),
)

parcel = _table(
    "parcel",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _ref("fulfillment_id", "fulfillment_order.id", nullable=True),
    _int("position", 1),
    _text("carrier"),
    _text("tracking_number", None),
    _text("tracking_url"),
    _text("external_id", None),
    _text("status", "NotFound"),
    _text("reason"),
    _at("created_at"),
    _at("handed_over_at", nullable=True),
    _at("first_scan_at", nullable=True),
    _at("last_scan_at", nullable=True),
    _text("last_place"),
    _at("delivered_at", nullable=True),
    _text("contradiction"),
    _text("expected"),
    _at("voided_at", nullable=True),
    # Not unique: two orders, or two fulfillments of a shop, may share one box.
    sa.Index(None, "shop_id", "tracking_number"),
    sa.UniqueConstraint("shop_id", "external_id"),
    sa.Index(None, "order_id"),
)

parcel_line = _table(
    "parcel_line",
    sa.Column("parcel_id", Whole, sa.ForeignKey("parcel.id"), primary_key=True),
    sa.Column("line_id", Whole, sa.ForeignKey("order_line.id"), primary_key=True),
    _shop(),
    _text("sku"),
    _int("quantity"),
    _check("quantity", "quantity > 0"),
)

tracking_event = _table(
    "tracking_event",
    _id(),
    _shop(),
    _ref("parcel_id", "parcel.id"),
    _text("status"),
    _text("reason"),
    _at("at"),
    _text("place"),
    _text("words"),
    _text("raw_code"),
    _int("known", 1),
    sa.UniqueConstraint("parcel_id", "at", "status", "reason", "raw_code"),
)

# --- returns and refunds -------------------------------------------------------------------------

rma = _table(
    "rma",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _text("number"),
    _text("status", "requested"),
    _text("reason"),
    _text("note"),
    _text("requested_by"),
    _at("requested_at"),
    _text("decided_by"),
    _text("decision"),
    _at("decided_at", nullable=True),
    _at("received_at", nullable=True),
    _at("closed_at", nullable=True),
    _text("wish", "refund"),
    _json("why", "[]"),
    _json("photos", "[]"),
    _at("expires_at", nullable=True),
    _at("reminded_at", nullable=True),
    _text("external_id", None),
    _text("carrier"),
    _text("tracking_number"),
    _at("sent_at", nullable=True),
    _ref("arrived_location_id", "location.id", nullable=True),
    _at("arrived_at", nullable=True),
    _check("arrived", "(arrived_at is null) = (arrived_location_id is null)"),
    _check(
        "status",
        "status in ('requested', 'approved', 'rejected', 'received', 'refunded', 'canceled', "
        "'expired')",
    ),
    _check("wish", "wish in ('refund', 'exchange', 'credit', 'replacement')"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.UniqueConstraint("order_id", "external_id"),
    sa.Index(None, "order_id"),
    sa.Index(None, "shop_id", "status", "requested_at"),
    sa.Index(
        "uq_rma_tracking_number",
        "shop_id",
        "tracking_number",
        unique=True,
        sqlite_where=sa.text("tracking_number <> ''"),
        postgresql_where=sa.text("tracking_number <> ''"),
    ),
    sa.Index(
        "ix_rma_arrived",
        "arrived_location_id",
        sqlite_where=sa.text("arrived_location_id is not null"),
        postgresql_where=sa.text("arrived_location_id is not null"),
    ),
)

rma_line = _table(
    "rma_line",
    sa.Column("rma_id", Whole, sa.ForeignKey("rma.id"), primary_key=True),
    sa.Column("line_id", Whole, sa.ForeignKey("order_line.id"), primary_key=True),
    _shop(),
    _text("sku"),
    _int("quantity"),
    _int("received"),
    _int("restocked"),
    _int("missing"),
    _int("kept"),
    _int("declined"),
    _int("paid"),
    _text("reason"),
    _text("condition"),
    _json("terms"),
    _check("quantity", "quantity > 0"),
    _check("received", "received >= 0 and received <= quantity"),
    _check("restocked", "restocked >= 0 and restocked <= received"),
    _check("rest", "missing >= 0 and kept >= 0 and declined >= 0"),
    _check("shares", "received + missing + kept + declined <= quantity"),
    _check("paid", "paid >= 0 and paid <= received + kept"),
)

# What was counted, once and for good; where it is now is the sum of its dispositions.
return_receipt = _table(
    "return_receipt",
    _id(),
    _shop(),
    _ref("rma_id", "rma.id"),
    _ref("line_id", "order_line.id"),
    _text("sku"),
    _int("quantity"),
    _text("condition"),
    _json("photos", "[]"),
    _ref("location_id", "location.id"),
    _text("actor"),
    _at("at"),
    _check("quantity", "quantity > 0"),
    sa.Index(None, "rma_id", "id"),
)

return_disposition = _table(
    "return_disposition",
    _id(),
    _shop(),
    _ref("receipt_id", "return_receipt.id"),
    _text("disposition"),
    _int("quantity"),
    _text("reason"),
    _text("actor"),
    _at("at"),
    _check(
        "disposition",
        "disposition in ('restock', 'quarantine', 'refurbish', 'write_off', 'send_back')",
    ),
    _check("quantity", "quantity <> 0"),
    sa.Index(None, "receipt_id", "id"),
)

# Goods that came without a return, until somebody knows whose they are.
found_box = _table(
    "found_box",
    _id(),
    _shop(),
    _ref("location_id", "location.id"),
    _json("lines", "[]"),
    _text("note"),
    _json("photos", "[]"),
    _ref("rma_id", "rma.id", nullable=True),
    _text("actor"),
    _at("at"),
    _at("matched_at", nullable=True),
    _check("matched", "(rma_id is null) = (matched_at is null)"),
)

# Return rules never change: what holds is the last line of return_rules_activation (0: none).
return_rules = _versions("return_rules")
return_rules_activation = _activations("return_rules_activation")

# Claims: what went wrong with what was sent, decided once, with nothing to come back.
claim = _table(
    "claim",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _text("number"),
    _text("reason"),
    _text("wish"),
    _text("status", "requested"),
    _text("note"),
    _json("photos", "[]"),
    _json("flags", "[]"),
    _text("requested_by"),
    _at("requested_at"),
    _text("decided_by"),
    _at("decided_at", nullable=True),
    _text("decision"),
    _text("remedy", None),
    _text("result"),
    _check("status", "status in ('requested', 'settled', 'rejected')"),
    _check("decided", "(status = 'requested') = (decided_at is null)"),
    _check("remedy", "(status = 'settled') = (remedy is not null)"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.Index(None, "order_id"),
    sa.Index(None, "shop_id", "status", "requested_at"),
)

claim_line = _table(
    "claim_line",
    sa.Column("claim_id", Whole, sa.ForeignKey("claim.id"), primary_key=True),
    sa.Column("line_id", Whole, sa.ForeignKey("order_line.id"), primary_key=True),
    _shop(),
    _text("sku"),
    _int("quantity"),
    _check("quantity", "quantity > 0"),
    sa.Index(None, "line_id"),
)

# Photos as they are kept, by the SHA-256 of what was sent. A forgotten one has no content any
# more, but is known again; `quarter_…` are the 64 bits of its looks.
photo = _table(
    "photo",
    _id(),
    _shop(),
    _text("sha256"),
    sa.Column("content", sa.LargeBinary, nullable=True),
    _int("width"),
    _int("height"),
    _text("looks"),
    *(_int(f"quarter_{n}", None) for n in range(4)),
    _ref("customer_id", "customer.id", nullable=True),
    _text("sent_by"),
    _text("surface"),
    _at("at"),
    _at("forgotten_at", nullable=True),
    _check("content", "(content is null) = (forgotten_at is not null)"),
    _check("size", "width > 0 and height > 0 and width * height <= 25000000"),
    _check("sha256", "length(sha256) = 64"),
    sa.UniqueConstraint("shop_id", "sha256"),
    sa.Index(None, "customer_id", "at"),
    *(sa.Index(None, "shop_id", f"quarter_{n}") for n in range(4)),
)

# Every photo (by its SHA-256) with every order for which it was sent.
photo_use = _table(
    "photo_use",
    _shop(),
    sa.Column("photo", sa.Text, primary_key=True),
    sa.Column("order_id", Whole, sa.ForeignKey("orders.id"), primary_key=True),
    _at("at"),
    sa.Index(None, "order_id"),
)

# Money that goes back. `items` say what it is for and add up to `amount`; `paid` is what has gone
# already, `bonus` what store credit adds to it; `target` is the way that was paid, or credit.
refund = _table(
    "refund",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _ref("rma_id", "rma.id", nullable=True),
    _ref("change_id", "order_change.id", nullable=True),
    _int("claim_id", None),
    _text("gateway", "manual"),
    _text("external_id", None),
    _int("amount"),
    _int("bonus"),
    _int("paid"),
    _text("currency"),
    _text("state", "due"),
    _text("target", "original"),
    _text("reference"),
    _text("note"),
    _text("asked_by"),
    _text("approved_by"),
    _json("items", "[]"),
    _at("due_at"),
    _at("settled_at", nullable=True),
    _check("amount", "amount > 0 and bonus >= 0 and bonus <= amount"),
    _check("paid", "paid >= 0 and paid <= amount"),
    _check("state", "state in ('due', 'refunded', 'canceled')"),
    _check("target", "target in ('original', 'credit')"),
    sa.UniqueConstraint("order_id", "external_id"),
    sa.Index(None, "shop_id", "state", "due_at"),
)

# The share of a refund that one gateway pays out; no payment means the order's own channel.
refund_part = _table(
    "refund_part",
    _id(),
    _shop(),
    _ref("refund_id", "refund.id"),
    _ref("order_id", "orders.id"),
    _ref("payment_id", "payment.id", nullable=True),
    _ref("connection_id", "connection.id", nullable=True),
    _text("gateway"),
    _int("amount"),
    _text("state", "planned"),
    _text("key"),
    _text("external_id", None),
    _text("reason"),
    _int("unsure"),
    _at("at"),
    _at("settled_at", nullable=True),
    _at("reversed_at", nullable=True),
    _check("gateway", "gateway in ('channel', 'stripe', 'manual', 'credit')"),
    _check("amount", "amount > 0"),
    _check("unsure", "unsure in (0, 1)"),
    _check(
        "state",
        "state in ('planned', 'sent', 'unknown', 'refunded', 'failed', 'canceled', 'reversed')",
    ),
    _check("settled", "(state in ('refunded', 'reversed')) = (settled_at is not null)"),
    _check("reversed", "(state = 'reversed') = (reversed_at is not null)"),
    sa.UniqueConstraint("shop_id", "key"),
    sa.Index(None, "refund_id"),
    sa.Index(None, "order_id"),
    sa.Index(None, "shop_id", "state", "at"),
)

# --- store credit --------------------------------------------------------------------------------

# A customer's balance in one currency, named by e-mail; its entries are the truth.
credit_account = _table(
    "credit_account",
    _id(),
    _shop(),
    _text("email"),
    _text("currency"),
    _int("balance"),
    _check("balance", "balance >= 0"),
    _check("email", "email <> ''"),
    sa.UniqueConstraint("shop_id", "email", "currency"),
)

credit_entry = _table(
    "credit_entry",
    _id(),
    _shop(),
    _ref("account_id", "credit_account.id"),
    _text("kind"),
    _int("amount"),
    _text("reason"),
    _ref("order_id", "orders.id", nullable=True),
    _ref("refund_id", "refund.id", nullable=True),
    _text("actor"),
    _at("at"),
    _at("expires_at", nullable=True),
    _check("kind", "kind in ('issued', 'spent', 'expired', 'corrected')"),
    _check("amount", "amount <> 0 and (kind = 'corrected' or (kind = 'issued') = (amount > 0))"),
    _check("reason", "reason <> ''"),
    sa.Index(None, "account_id", "id"),
    sa.Index("ix_credit_entry_ends", "shop_id", "expires_at"),
)

# --- invoices and credit notes -------------------------------------------------------------------

# A document never changes; a credit note takes back (a part of) the invoice that it corrects.
document = _table(
    "document",
    _id(),
    _shop(),
    _text("kind"),
    _int("serial"),
    _text("number"),
    _ref("order_id", "orders.id"),
    _ref("refund_id", "refund.id", nullable=True),
    _ref("corrects_id", "document.id", nullable=True),
    _text("currency"),
    _int("net"),
    _int("tax"),
    _int("total"),
    _text("language"),
    _text("reason"),
    _json("body"),
    _text("actor"),
    _at("at"),
    _check("kind", "kind in ('invoice', 'credit_note')"),
    _check("corrects", "(kind = 'credit_note') = (corrects_id is not null)"),
    _check("serial", "serial > 0"),
    _check("sum", "net + tax = total"),
    sa.UniqueConstraint("shop_id", "kind", "serial"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.UniqueConstraint("refund_id"),
    sa.Index(None, "order_id", "id"),
    sa.Index("ix_document_at", "shop_id", "at"),
)

# Goods that go out for those that come back; `moved` is what their value has paid so far.
exchange = _table(
    "exchange",
    _id(),
    _shop(),
    _ref("rma_id", "rma.id"),
    _ref("order_id", "orders.id"),
    _ref("new_order_id", "orders.id"),
    _text("state", "open"),
    _int("moved"),
    _int("asked"),
    _at("deadline", nullable=True),
    _text("opened_by"),
    _at("at"),
    _at("ended_at", nullable=True),
    _check("state", "state in ('open', 'done', 'canceled')"),
    _check("ended", "(state = 'open') = (ended_at is null)"),
    _check("moved", "moved >= 0"),
    _check("orders", "order_id <> new_order_id"),
    sa.UniqueConstraint("rma_id"),
    sa.UniqueConstraint("new_order_id"),
    sa.Index(None, "shop_id", "state", "id"),
)

# --- edits ---------------------------------------------------------------------------------------

# An edit as a change set: open while it is put together, then one row that never changes again.
order_change = _table(
    "order_change",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _int("base_version"),
    _text("status", "open"),
    _int("difference"),
    _int("refund"),
    _int("due"),
    _json("before", "null"),
    _text("opened_by"),
    _text("surface"),
    _at("opened_at"),
    _at("expires_at"),
    _text("ended_by"),
    _at("ended_at", nullable=True),
    _check("status", "status in ('open', 'confirmed', 'discarded')"),
    _check("ended", "(status = 'open') = (ended_at is null)"),
    _check("money", "refund >= 0 and due >= 0 and (refund = 0 or due = 0)"),
    sa.Index(
        "uq_order_change_open",
        "order_id",
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    ),
    sa.Index(None, "order_id", "id"),
)

order_change_action = _table(
    "order_change_action",
    _id(),
    _shop(),
    _ref("change_id", "order_change.id"),
    _int("position"),
    _text("kind"),
    _int("line_id", None),
    _text("sku"),
    _int("quantity"),
    _int("price", None),
    _int("amount"),
    _int("percent"),
    _text("words"),
    _json("address", "null"),
    _text("place"),
    _check(
        "kind",
        "kind in ('add', 'set', 'remove', 'discount', 'full_price', 'address', 'method', 'note', "
        "'split', 'move')",
    ),
    _check("quantity", "quantity >= 0"),
    _check("amount", "amount >= 0 and percent between 0 and 100"),
    sa.UniqueConstraint("change_id", "position"),
)

# A change of price: how much less (or more, below zero) a line costs since then, and why.
order_adjustment = _table(
    "order_adjustment",
    _id(),
    _shop(),
    _ref("order_id", "orders.id"),
    _ref("change_id", "order_change.id"),
    _ref("line_id", "order_line.id"),
    _int("amount"),
    _text("reason"),
    _at("at"),
    _check("amount", "amount <> 0"),
    sa.Index(None, "order_id", "id"),
)

# What its channel last said of an order that was edited here; of others the order itself says it.
channel_said = _table(
    "channel_said",
    sa.Column("order_id", Whole, sa.ForeignKey("orders.id"), primary_key=True),
    _shop(),
    _json("said"),
    _at("at"),
)

# --- cases ---------------------------------------------------------------------------------------

cases = _table(
    "cases",
    _id(),
    _shop(),
    _int("number"),
    _text("kind"),
    _text("subject"),
    _ref("order_id", "orders.id", nullable=True),
    _ref("location_id", "location.id", nullable=True),
    _text("title"),
    _json("facts"),
    _text("party"),
    _text("state", "open"),
    _text("assignee"),
    _at("opened_at"),
    _at("due_at", nullable=True),
    _at("snoozed_until", nullable=True),
    _at("resolved_at", nullable=True),
    _text("resolution"),
    _ref("group_id", "cases.id", nullable=True),
    _int("version"),
    _check("state", "state in ('open', 'taken', 'snoozed', 'resolved')"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.Index(
        "uq_cases_open",
        "shop_id",
        "kind",
        "subject",
        unique=True,
        sqlite_where=sa.text(NOW_OPEN),
        postgresql_where=sa.text(NOW_OPEN),
    ),
    sa.Index(None, "order_id"),
)

# --- what happened, who did it -------------------------------------------------------------------

event = _table(
    "event",
    _id(),
    _shop(),
    _int("order_id", None),
    _text("kind"),
    _json("data"),
    _text("actor"),
    _text("surface"),
    _int("command_id"),
    _at("at"),
    _at("told_from", nullable=True),  # it may be taken back until then
    _int("position", None),
    sa.Index(None, "order_id", "id"),
    sa.Index("uq_event_position", "position", unique=True),
    sa.Index(
        "ix_event_unplanned",
        "id",
        sqlite_where=sa.text("position is null"),
        postgresql_where=sa.text("position is null"),
    ),
)

audit = _table(
    "audit",
    _id(),
    _shop(),
    _int("command_id"),
    _int("order_id", None),
    _int("version", None),
    _text("command"),
    _json("arguments"),
    _text("actor"),
    _text("role"),
    _text("surface"),
    _text("delivery"),
    _text("outcome"),
    _text("code"),
    _json("undo", "null"),
    _at("at"),
    _text("previous"),
    _text("hash"),
    sa.UniqueConstraint("order_id", "version"),
    sa.Index(None, "shop_id", "actor", "id"),
    sa.Index(
        "ix_audit_wrong_code",
        "shop_id",
        "at",
        sqlite_where=sa.text("code = 'wrong_code'"),
        postgresql_where=sa.text("code = 'wrong_code'"),
    ),
)

# Steps that were undone, and the undoing itself: nobody outside is told of either.
taken_back = _table(
    "taken_back",
    sa.Column("command_id", Whole, primary_key=True, autoincrement=False),
    _shop(),
    _text("by"),
    _at("at"),
)

inbox = _table(
    "inbox",
    _id(),
    _shop(),
    _ref("connection_id", "connection.id"),
    _text("topic"),
    _text("delivery_id"),
    _text("event_id", None),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    _at("received_at"),
    _text("state", "done"),
    _int("attempts", 1),
    _at("due_at", nullable=True),
    _text("error"),
    _json("answer", "null"),
    _check("state", "state in ('done', 'refused', 'retry', 'dead')"),
    sa.UniqueConstraint("connection_id", "delivery_id"),
    sa.UniqueConstraint("connection_id", "topic", "event_id"),
    sa.Index(
        "ix_inbox_retry",
        "due_at",
        sqlite_where=sa.text("state = 'retry'"),
        postgresql_where=sa.text("state = 'retry'"),
    ),
)

idempotency = _table(
    "idempotency",
    sa.Column("shop_id", Whole, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    _text("hash"),
    _text("answer"),
    _at("at"),
)

outbox = _table(
    "outbox",
    _id(),
    _shop(),
    _ref("connection_id", "connection.id", nullable=True),
    _text("kind"),
    _text("key"),
    _text("lane"),
    _int("order_id", None),
    _int("event_id", None),
    _int("cause", None),  # the command that takes this along when it is undone
    _json("payload"),
    _text("state", "waiting"),
    _text("reason"),
    _int("attempts"),
    _int("unknown"),
    _at("created_at"),
    _at("due_at"),
    _at("leased_until", nullable=True),
    _int("fence"),
    _at("ended_at", nullable=True),
    _json("result"),
    _check("state", "state in ('waiting', 'leased', 'done', 'suppressed', 'dead')"),
    sa.UniqueConstraint("shop_id", "key"),
    sa.Index(
        "ix_outbox_open",
        "due_at",
        "id",
        sqlite_where=sa.text("state in ('waiting', 'leased')"),
        postgresql_where=sa.text("state in ('waiting', 'leased')"),
    ),
    sa.Index(
        "ix_outbox_lane",
        "lane",
        "id",
        sqlite_where=sa.text("state in ('waiting', 'leased')"),
        postgresql_where=sa.text("state in ('waiting', 'leased')"),
    ),
    sa.Index(None, "order_id", "id"),
    sa.Index(
        "ix_outbox_cause",
        "cause",
        sqlite_where=sa.text("cause is not null"),
        postgresql_where=sa.text("cause is not null"),
    ),
)

job_slot = _table(
    "job_slot",
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("slot", Whole, primary_key=True),
    _text("state"),
    _text("note"),
    _at("at"),
)

lease = _table(
    "lease",
    sa.Column("name", sa.Text, primary_key=True),
    _text("holder"),
    _at("until"),
    _int("fence"),
)

counter = _table(
    "counter",
    sa.Column("shop_id", Whole, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _int("value"),
)

# How often something was tried lately (codes asked for, say); what is older than a day goes.
attempt = _table(
    "attempt",
    _id(),
    _shop(),
    _text("name"),
    _at("at"),
    sa.Index(None, "shop_id", "name", "at"),
    sa.Index("ix_attempt_at", "at"),
)

# --- chat ----------------------------------------------------------------------------------------

conversation = _table(
    "conversation",
    _id(),
    _shop(),
    _text("surface"),
    _text("address"),
    _ref("connection_id", "connection.id", nullable=True),
    _ref("customer_id", "customer.id", nullable=True),
    _at("verified_until", nullable=True),
    _text("language"),
    _text("mode", "bot"),
    _json("talk"),
    _json("proof"),
    _ref("case_id", "cases.id", nullable=True),
    _int("version"),
    _at("created_at"),
    _at("last_at"),
    sa.UniqueConstraint("shop_id", "surface", "address"),
    sa.Index(None, "case_id"),
)

conversation_message = _table(
    "conversation_message",
    _id(),
    _shop(),
    _ref("conversation_id", "conversation.id"),
    _text("author"),
    _text("words"),
    _json("buttons", "[]"),
    _text("external_id", None),
    _at("at"),
    sa.UniqueConstraint("conversation_id", "external_id"),
    sa.Index(None, "conversation_id", "id"),
)

surface_message = _table(
    "surface_message",
    _id(),
    _shop(),
    _text("subject"),
    _text("surface"),
    _ref("connection_id", "connection.id", nullable=True),
    _text("channel"),
    _text("ts", None),
    _text("hash"),
    _int("version"),
    _at("at"),
    sa.UniqueConstraint("shop_id", "subject", "surface", "channel"),
    sa.Index(None, "surface", "channel", "ts"),
)
