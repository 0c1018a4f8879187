"""Tables of returns: their rules, goods that come back, exchanges, claims and photos."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.tables import columns as c

rma = c.table(
    "rma",
    c.key(),
    c.of_shop(),
    c.ref("order_id", "orders.id"),
    c.text("number"),
    c.text("status", "requested"),
    c.text("reason"),
    c.text("note"),
    c.text("requested_by"),
    c.at("requested_at"),
    c.text("decided_by"),
    c.text("decision"),
    c.at("decided_at", nullable=True),
    c.at("received_at", nullable=True),
    c.at("closed_at", nullable=True),
    c.text("wish", "refund"),
    c.json("why", "[]"),
    c.json("photos", "[]"),
    c.at("send_by_at", nullable=True),
    c.at("expires_at", nullable=True),
    c.at("reminded_at", nullable=True),
    c.text("external_id", None),
    c.text("carrier"),
    c.text("tracking_number"),
    c.at("sent_at", nullable=True),
    c.ref("arrived_location_id", "location.id", nullable=True),
    c.at("arrived_at", nullable=True),
    c.check("arrived", "(arrived_at is null) = (arrived_location_id is null)"),
    c.check(
        "status",
        "status in ('requested', 'approved', 'rejected', 'received', 'refunded', 'canceled', "
        "'expired')",
    ),
    c.check("wish", "wish in ('refund', 'exchange', 'credit', 'replacement')"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.UniqueConstraint("order_id", "external_id"),
    sa.Index(None, "order_id"),
    sa.Index(None, "shop_id", "status", "requested_at"),
    c.partial(
        "uq_rma_tracking_number",
        "shop_id",
        "tracking_number",
        unique=True,
        where="tracking_number <> ''",
    ),
    c.partial(
        "ix_rma_arrived",
        "arrived_location_id",
        where="arrived_location_id is not null",
    ),
)

rma_line = c.table(
    "rma_line",
    sa.Column("rma_id", c.Whole, sa.ForeignKey("rma.id"), primary_key=True),
    sa.Column("line_id", c.Whole, sa.ForeignKey("order_line.id"), primary_key=True),
    c.of_shop(),
    c.text("sku"),
    c.whole("quantity"),
    c.whole("received"),
    c.whole("restocked"),
    c.whole("missing"),
    c.whole("kept"),
    c.whole("declined"),
    c.whole("paid"),
    c.text("reason"),
    c.text("condition"),
    c.json("terms"),
    c.check("quantity", "quantity > 0"),
    c.check("received", "received >= 0 and received <= quantity"),
    c.check("restocked", "restocked >= 0 and restocked <= received"),
    c.check("rest", "missing >= 0 and kept >= 0 and declined >= 0"),
    c.check("shares", "received + missing + kept + declined <= quantity"),
    c.check("paid", "paid >= 0 and paid <= received + kept"),
)

# What was counted, once and for good; where it is now is the sum of its dispositions.
return_receipt = c.table(
    "return_receipt",
    c.key(),
    c.of_shop(),
    c.ref("rma_id", "rma.id"),
    c.ref("line_id", "order_line.id"),
    c.text("sku"),
    c.whole("quantity"),
    c.text("condition"),
    c.json("photos", "[]"),
    c.ref("location_id", "location.id"),
    c.text("actor"),
    c.at("at"),
    c.check("quantity", "quantity > 0"),
    sa.Index(None, "rma_id", "id"),
)

return_disposition = c.table(
    "return_disposition",
    c.key(),
    c.of_shop(),
    c.ref("receipt_id", "return_receipt.id"),
    c.text("disposition"),
    c.whole("quantity"),
    c.text("reason"),
    c.text("actor"),
    c.at("at"),
    c.check(
        "disposition",
        "disposition in ('restock', 'quarantine', 'refurbish', 'write_off', 'send_back')",
    ),
    c.check("quantity", "quantity <> 0"),
    sa.Index(None, "receipt_id", "id"),
)

# Goods that came without a return, until somebody knows whose they are.
found_box = c.table(
    "found_box",
    c.key(),
    c.of_shop(),
    c.ref("location_id", "location.id"),
    c.json("lines", "[]"),
    c.text("note"),
    c.json("photos", "[]"),
    c.ref("order_id", "orders.id", nullable=True),
    c.ref("rma_id", "rma.id", nullable=True),
    c.text("actor"),
    c.at("at"),
    c.at("matched_at", nullable=True),
    c.check("matched", "(order_id is null) = (matched_at is null)"),
    c.check("return", "rma_id is null or order_id is not null"),
    sa.Index(None, "order_id"),
)

# Return rules never change: what holds is the last line of return_rules_activation (0: none).
return_rules = c.versions("return_rules")

return_rules_activation = c.activations("return_rules_activation")

# Claims: what went wrong with what was sent, decided once, with nothing to come back.
claim = c.table(
    "claim",
    c.key(),
    c.of_shop(),
    c.ref("order_id", "orders.id"),
    c.text("number"),
    c.text("reason"),
    c.text("wish"),
    c.text("status", "requested"),
    c.text("note"),
    c.json("photos", "[]"),
    c.json("flags", "[]"),
    c.text("requested_by"),
    c.at("requested_at"),
    c.text("decided_by"),
    c.at("decided_at", nullable=True),
    c.text("decision"),
    c.text("remedy", None),
    c.text("result"),
    c.check("status", "status in ('requested', 'settled', 'rejected')"),
    c.check("decided", "(status = 'requested') = (decided_at is null)"),
    c.check("remedy", "(status = 'settled') = (remedy is not null)"),
    sa.UniqueConstraint("shop_id", "number"),
    sa.Index(None, "order_id"),
    sa.Index(None, "shop_id", "status", "requested_at"),
)

claim_line = c.table(
    "claim_line",
    sa.Column("claim_id", c.Whole, sa.ForeignKey("claim.id"), primary_key=True),
    sa.Column("line_id", c.Whole, sa.ForeignKey("order_line.id"), primary_key=True),
    c.of_shop(),
    c.text("sku"),
    c.whole("quantity"),
    c.check("quantity", "quantity > 0"),
    sa.Index(None, "line_id"),
)

# Photos as they are kept, by the SHA-256 of what was sent. A forgotten one has no content any
# more, but is known again; `quarter_…` are the 64 bits of its looks.
photo = c.table(
    "photo",
    c.key(),
    c.of_shop(),
    c.text("sha256"),
    sa.Column("content", sa.LargeBinary, nullable=True),
    c.whole("width"),
    c.whole("height"),
    c.text("looks"),
    *(c.whole(f"quarter_{n}", None) for n in range(4)),
    c.ref("customer_id", "customer.id", nullable=True),
    c.text("sent_by"),
    c.text("surface"),
    c.at("at"),
    c.at("forgotten_at", nullable=True),
    c.check("content", "(content is null) = (forgotten_at is not null)"),
    c.check("size", "width > 0 and height > 0 and width * height <= 25000000"),
    c.check("sha256", "length(sha256) = 64"),
    sa.UniqueConstraint("shop_id", "sha256"),
    sa.Index(None, "customer_id", "at"),
    *(sa.Index(None, "shop_id", f"quarter_{n}") for n in range(4)),
)

# Every photo (by its SHA-256) with every order for which it was sent.
photo_use = c.table(
    "photo_use",
    c.of_shop(),
    sa.Column("photo", sa.Text, primary_key=True),
    sa.Column("order_id", c.Whole, sa.ForeignKey("orders.id"), primary_key=True),
    c.at("at"),
    sa.Index(None, "order_id"),
)

# Labels of returns that a carrier sells; `content` is the PDF.
bought_label = c.table(
    "bought_label",
    c.key(),
    c.of_shop(),
    c.ref("order_id", "orders.id"),
    c.ref("rma_id", "rma.id"),
    c.ref("connection_id", "connection.id"),
    c.text("state"),
    c.text("shipment"),
    c.text("carrier"),
    c.text("service"),
    c.text("tracking_number"),
    c.whole("cost"),
    c.text("currency"),
    c.text("reason"),
    c.text("asked_by"),
    c.at("asked_at"),
    c.at("bought_at", nullable=True),
    c.at("ended_at", nullable=True),
    sa.Column("content", sa.LargeBinary, nullable=True),
    c.check("state", "state in ('asked', 'bought', 'failed', 'voiding', 'void', 'spent')"),
    c.check("cost", "cost >= 0"),
    c.check("ended", "(state in ('failed', 'void', 'spent')) = (ended_at is not null)"),
    sa.Index(None, "rma_id"),
    sa.Index(None, "order_id"),
)

# Goods that go out for those that come back; `moved` is what their value has paid so far.
exchange = c.table(
    "exchange",
    c.key(),
    c.of_shop(),
    c.ref("rma_id", "rma.id"),
    c.ref("order_id", "orders.id"),
    c.ref("new_order_id", "orders.id"),
    c.text("state", "open"),
    c.whole("moved"),
    c.whole("asked"),
    c.at("deadline", nullable=True),
    c.text("opened_by"),
    c.at("at"),
    c.at("ended_at", nullable=True),
    c.check("state", "state in ('open', 'done', 'canceled')"),
    c.check("ended", "(state = 'open') = (ended_at is null)"),
    c.check("moved", "moved >= 0"),
    c.check("orders", "order_id <> new_order_id"),
    sa.UniqueConstraint("rma_id"),
    sa.UniqueConstraint("new_order_id"),
    sa.Index(None, "shop_id", "state", "id"),
)
