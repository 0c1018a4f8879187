"""Tables of conversations with customers, and of the cards that surfaces show."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.tables import columns as c

conversation = c.table(
    "conversation",
    c.key(),
    c.of_shop(),
    c.text("surface"),
    c.text("address"),
    c.ref("connection_id", "connection.id", nullable=True),
    c.ref("customer_id", "customer.id", nullable=True),
    c.at("verified_until", nullable=True),
    c.text("language"),
    c.text("mode", "bot"),
    c.json("talk"),
    c.json("proof"),
    c.ref("case_id", "cases.id", nullable=True),
    c.whole("version"),
    c.at("created_at"),
    c.at("last_at"),
    sa.UniqueConstraint("shop_id", "surface", "address"),
    sa.Index(None, "case_id"),
)

conversation_message = c.table(
    "conversation_message",
    c.key(),
    c.of_shop(),
    c.ref("conversation_id", "conversation.id"),
    c.text("author"),
    c.text("words"),
    c.json("buttons", "[]"),
    c.text("external_id", None),
    c.at("at"),
    sa.UniqueConstraint("conversation_id", "external_id"),
    sa.Index(None, "conversation_id", "id"),
)

surface_message = c.table(
    "surface_message",
    c.key(),
    c.of_shop(),
    c.text("subject"),
    c.text("surface"),
    c.ref("connection_id", "connection.id", nullable=True),
    c.text("channel"),
    c.text("ts", None),
    c.text("hash"),
    c.whole("version"),
    c.at("at"),
    sa.UniqueConstraint("shop_id", "subject", "surface", "channel"),
    sa.Index(None, "surface", "channel", "ts"),
)
