"""Tables of the machinery: cases, what happened and who did it, what came in and goes out."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.tables import columns as c

NOW_OPEN = "state in ('open', 'taken', 'snoozed')"

cases = c.table(
    "cases",
    c.key(),
    c.of_shop(),
    c.whole("number"),
    c.text("kind"),
    c.text("subject"),
    c.ref("order_id", "orders.id", nullable=True),
    c.ref("location_id", "location.id", nullable=True),
    c.text("title"),
    c.json("facts"),
    c.text("party"),
    c.text("state", "open"),
    c.text("assignee"),
    c.at("opened_at"),
    c.at("due_at", nullable=True),
    c.at("snoozed_until", nullable=True),
    c.at("resolved_at", nullable=True),
    c.text("resolution"),
    c.ref("group_id", "cases.id", nullable=True),
    c.whole("version"),
    c.check("state", "state in ('open', 'taken', 'snoozed', 'resolved')"),
    sa.UniqueConstraint("shop_id", "number"),
    c.partial(
        "uq_cases_open",
        "shop_id",
        "kind",
        "subject",
        unique=True,
        where=NOW_OPEN,
    ),
    sa.Index(None, "order_id"),
)

event = c.table(
    "event",
    c.key(),
    c.of_shop(),
    c.whole("order_id", None),
    c.text("kind"),
    c.json("data"),
    c.text("actor"),
    c.text("surface"),
    c.whole("command_id"),
    c.at("at"),
    c.at("told_from", nullable=True),  # it may be taken back until then
    c.whole("position", None),
    sa.Index(None, "order_id", "id"),
    sa.Index("uq_event_position", "position", unique=True),
    c.partial(
        "ix_event_unplanned",
        "id",
        where="position is null",
    ),
)

audit = c.table(
    "audit",
    c.key(),
    c.of_shop(),
    c.whole("command_id"),
    c.whole("order_id", None),
    c.whole("version", None),
    c.text("command"),
    c.json("arguments"),
    c.text("actor"),
    c.text("role"),
    c.text("surface"),
    c.text("delivery"),
    c.text("outcome"),
    c.text("code"),
    c.json("undo", "null"),
    c.at("at"),
    c.text("previous"),
    c.text("hash"),
    sa.UniqueConstraint("order_id", "version"),
    sa.Index(None, "shop_id", "actor", "id"),
    c.partial(
        "ix_audit_wrong_code",
        "shop_id",
        "at",
        where="code = 'wrong_code'",
    ),
)

# Steps that were undone, and the undoing itself: nobody outside is told of either.
taken_back = c.table(
    "taken_back",
    sa.Column("command_id", c.Whole, primary_key=True, autoincrement=False),
    c.of_shop(),
    c.text("by"),
    c.at("at"),
)

inbox = c.table(
    "inbox",
    c.key(),
    c.of_shop(),
    c.ref("connection_id", "connection.id"),
    c.text("topic"),
    c.text("delivery_id"),
    c.text("event_id", None),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    c.at("received_at"),
    c.text("state", "done"),
    c.whole("attempts", 1),
    c.at("due_at", nullable=True),
    c.text("error"),
    c.json("answer", "null"),
    c.check("state", "state in ('done', 'refused', 'retry', 'dead')"),
    sa.UniqueConstraint("connection_id", "delivery_id"),
    sa.UniqueConstraint("connection_id", "topic", "event_id"),
    c.partial(
        "ix_inbox_retry",
        "due_at",
        where="state = 'retry'",
    ),
)

idempotency = c.table(
    "idempotency",
    sa.Column("shop_id", c.Whole, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    c.text("hash"),
    c.text("answer"),
    c.at("at"),
)

outbox = c.table(
    "outbox",
    c.key(),
    c.of_shop(),
    c.ref("connection_id", "connection.id", nullable=True),
    c.text("kind"),
    c.text("key"),
    c.text("lane"),
    c.whole("order_id", None),
    c.whole("event_id", None),
    c.whole("cause", None),  # the command that takes this along when it is undone
    c.json("payload"),
    c.text("state", "waiting"),
    c.text("reason"),
    c.whole("attempts"),
    c.whole("unknown"),
    c.at("created_at"),
    c.at("due_at"),
    c.at("leased_until", nullable=True),
    c.whole("fence"),
    c.at("ended_at", nullable=True),
    c.json("result"),
    c.check("state", "state in ('waiting', 'leased', 'done', 'suppressed', 'dead')"),
    sa.UniqueConstraint("shop_id", "key"),
    c.partial(
        "ix_outbox_open",
        "due_at",
        "id",
        where="state in ('waiting', 'leased')",
    ),
    c.partial(
        "ix_outbox_lane",
        "lane",
        "id",
        where="state in ('waiting', 'leased')",
    ),
    sa.Index(None, "order_id", "id"),
    c.partial(
        "ix_outbox_cause",
        "cause",
        where="cause is not null",
    ),
)

job_slot = c.table(
    "job_slot",
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("slot", c.Whole, primary_key=True),
    c.text("state"),
    c.text("note"),
    c.at("at"),
)

lease = c.table(
    "lease",
    sa.Column("name", sa.Text, primary_key=True),
    c.text("holder"),
    c.at("until"),
    c.whole("fence"),
)

counter = c.table(
    "counter",
    sa.Column("shop_id", c.Whole, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    c.whole("value"),
)

# How often something was tried lately (codes asked for, say); what is older than a day goes.
attempt = c.table(
    "attempt",
    c.key(),
    c.of_shop(),
    c.text("name"),
    c.at("at"),
    sa.Index(None, "shop_id", "name", "at"),
    sa.Index("ix_attempt_at", "at"),
)
