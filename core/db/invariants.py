"""What must always be true: sentences, each with a query for its breakers. Read-only, any time."""

# ruff: noqa: S608 - the queries below are put together from this file's own words only

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa

from core.db import (
    audit,
    bought_labels,
    carts,
    changes,
    claims,
    collections,
    counts,
    credit,
    disputes,
    documents,
    exchanges,
    incoming,
    kits,
    ledger,
    partners,
    pauses,
    pickups,
    receipts,
    stock_truths,
    structure,
)
from core.db.blocking import ownerless
from core.db.connection import Session
from core.db.stock_truths import OPEN_STAGES
from core.domain.values import dataclass

VIOLATION, WARNING = "violation", "warning"
SAMPLE = 10  # keys that are shown
CHAINS = 500  # orders whose audit chain is recomputed at once

Breakers = Callable[[Session], list[str]]


@dataclass(frozen=True, slots=True)
class Check:
    """`breakers` answers with keys; a warning is what a person should know, not a broken house."""

    id: str
    breakers: Breakers
    severity: str = VIOLATION


@dataclass(frozen=True, slots=True)
class Result:
    id: str
    sentence: str
    ok: bool
    count: int
    sample: tuple[str, ...]
    ms: float
    severity: str


def run(
    session: Session,
    severity: str | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> list[Result]:
    """Every sentence against this database; `severity` limits them to one kind."""
    return [
        _run(session, sentence, check, timer)
        for sentence, check in INVARIANTS.items()
        if severity in (None, check.severity)
    ]


def _run(session: Session, sentence: str, check: Check, timer: Callable[[], float]) -> Result:
    start = timer()
    keys = check.breakers(session)
    ms = round((timer() - start) * 1000, 1)
    sample = tuple(keys[:SAMPLE])
    return Result(check.id, sentence, not keys, len(keys), sample, ms, check.severity)


def _rule(id: str, query: str, severity: str = VIOLATION) -> Check:
    return Check(id, partial(structure.ask, query), severity)


# --- queries that are put together ---------------------------------------------------------------

_OPEN_CASE = "c.state in ('open', 'taken', 'snoozed')"


def _without_case(kind: str, subject: str, state: str = _OPEN_CASE) -> str:
    return (
        f"not exists (select 1 from cases c where c.kind = '{kind}' "
        f"and c.subject = {subject} and {state})"
    )


# The four statuses as core/domain derives them, once more in SQL: two hands, one result.
_DERIVED = """
    select o.number, o.status, o.fulfillment_status, o.return_status, o.payment_status
    from orders o join (
        select order_id,
            sum(case when ships = 1 then ordered - canceled else 0 end) as wanted,
            sum(case when ships = 1 then shipped else 0 end) as shipped,
            sum(case when ships = 1 then delivered else 0 end) as delivered,
            sum(case when kind <> 'part' then shipped else 0 end) as sent,
            sum(return_requested) as asked, sum(return_received) as came,
            sum(case when ships = 1 and shipped < ordered - canceled then 1 else 0 end) as waiting
        from order_line group by order_id
    ) l on l.order_id = o.id
    where o.status <> case when o.canceled_at is not null then 'canceled'
            when l.waiting = 0 then 'closed' else 'open' end
        or o.fulfillment_status <> case when l.wanted = 0 and l.shipped = 0 then 'not_needed'
            when l.shipped = 0 then 'none' when l.shipped < l.wanted then 'partial'
            when l.delivered >= l.shipped then 'delivered' else 'shipped' end
        or o.return_status <> case when l.came > 0 and l.came >= l.sent then 'full'
            when l.came > 0 then 'partial' when l.asked > 0 then 'requested' else 'none' end
        or o.payment_status <> case
            when o.refunded > o.captured or o.captured - o.refunded > o.total then 'over'
            when o.refunded <> 0 and o.refunded = o.captured then 'refunded'
            when o.refunded <> 0 then 'part_refunded' when o.captured = o.total then 'paid'
            when o.captured <> 0 then 'part_paid' else 'unpaid' end
        or o.held <> case when exists (
            select 1 from hold h where h.order_id = o.id and h.released_at is null
        ) then 1 else 0 end
"""
_EXPECTED_BACK = """
    select l.id from order_line l left join (
        select k.line_id,
            sum(case when r.status in ('requested', 'approved', 'received')
                and r.closed_at is null
                then k.quantity - k.received - k.missing - k.kept - k.declined else 0 end) as asked,
            sum(k.received) as came
        from rma_line k join rma r on r.id = k.rma_id group by k.line_id
    ) b on b.line_id = l.id
    where l.return_requested <> coalesce(b.asked, 0) or l.return_received <> coalesce(b.came, 0)
"""
_UNAUDITED = """
    select o.number from orders o left join (
        select order_id, count(*) as rows_, max(version) as last from audit
        where version is not null group by order_id
    ) a on a.order_id = o.id
    where o.version <> coalesce(a.rows_, 0) or o.version <> coalesce(a.last, 0)
"""
_CHAIN_HEAD = """
    select o.number from orders o join audit a on a.order_id = o.id and a.version = o.version
    where a.hash <> o.chain
"""
# A box that left strictly between the placing and the release of a hold that stops it.
_LEFT_UNDER_A_HOLD = """
    select f.number from hold h join fulfillment_order f on f.order_id = h.order_id
    where f.stage = 'shipped' and f.shipped_at > h.placed_at
        and (h.released_at is null or f.shipped_at < h.released_at)
        and (h.scope = 'order' or (h.scope = 'box' and h.scope_id = f.id)
            or (h.scope = 'line' and exists (select 1 from reservation r
                where r.fulfillment_id = f.id and r.line_id = h.scope_id
                    and r.state = 'consumed')))
        and not exists (select 1 from cases c join parcel p on c.order_id = p.order_id
            where c.kind = 'parcel_trouble' and p.order_id = f.order_id
                and c.subject = 'parcel:' || cast(p.id as text) || ':' || 'held')
"""
_INBOX_SUBJECT = "'inbox:' || cast(i.connection_id as text) || ':' || i.delivery_id"


# --- checks that are more than one query ---------------------------------------------------------


def _broken_chains(session: Session) -> list[str]:
    """The newest orders and, of a long history, a spread of the older ones."""
    ids = [row[0] for row in session.connection.execute(_ORDER_IDS)]
    if len(ids) > CHAINS:
        newest, older = ids[: CHAINS // 2], ids[CHAINS // 2 :]
        ids = newest + older[:: max(1, len(older) // (CHAINS // 2))]
    broken = ((order_id, audit.broken_link(session, order_id)) for order_id in ids)
    return [f"order {order_id} version {version}" for order_id, version in broken if version]


_ORDER_IDS = sa.text("select id from orders order by id desc")


# --- the sentences -------------------------------------------------------------------------------

INVARIANTS: dict[str, Check] = {
    # stock
    **{sentence: _rule(*rule) for sentence, rule in stock_truths.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in incoming.SENTENCES.items()},
    "an order that is short has a case": _rule(
        "I-04",
        f"""select distinct o.number from orders o join order_line l on l.order_id = o.id
        where l.backordered > 0 and l.awaits = ''
            and {_without_case("short", "'order:' || cast(o.id as text)")}""",
        WARNING,
    ),
    "ledger and audit cannot be rewritten": Check("I-06c", structure.unprotected),
    **{sentence: _rule(*rule) for sentence, rule in counts.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in carts.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in kits.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in partners.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in receipts.SENTENCES.items()},
    # routing
    "what a location has taken on in a day is the sum of its live claims": _rule(
        "I-06d",
        """select u.location_id, u.day from capacity_used u left join (
            select shop_id, location_id, day, count(*) as orders, sum(lines) as lines,
                sum(units) as units from capacity_claim where given_back_at is null
            group by shop_id, location_id, day
        ) c on c.shop_id = u.shop_id and c.location_id = u.location_id and c.day = u.day
        where u.orders <> coalesce(c.orders, 0) or u.lines <> coalesce(c.lines, 0)
            or u.units <> coalesce(c.units, 0)""",
    ),
    "every rule set in force was written before": _rule(
        "I-06e",
        """select a.id from routing_activation a left join routing_rules r
            on r.shop_id = a.shop_id and r.number = a.number
        where a.number > 0 and (r.id is null or r.at > a.at)""",
    ),
    # orders
    "no line has more units placed than ordered, or more returned than shipped": _rule(
        "I-07",
        """select id from order_line where canceled + backordered + allocated + shipped > ordered
            or return_requested + return_received + return_kept + claimed > shipped
            or delivered > shipped
            or packed > allocated or canceled < 0 or backordered < 0 or allocated < 0
            or packed < 0 or shipped < 0 or delivered < 0 or return_requested < 0
            or return_received < 0 or refunded < 0 or refunded > ordered""",
    ),
    **{sentence: _rule(*rule) for sentence, rule in claims.SENTENCES.items()},
    "stored statuses are what lines, money and holds say": _rule("I-08", _DERIVED),
    "every order has lines": _rule(
        "I-08b",
        """select o.number from orders o left join order_line l on l.order_id = o.id
        where l.id is null""",
    ),
    "a channel's order and a channel's message exist once": _rule(
        "I-09",
        """select connection_id, external_id from orders where connection_id is not null
        group by connection_id, external_id having count(*) > 1
        union all select connection_id, delivery_id from inbox
        group by connection_id, delivery_id having count(*) > 1""",
    ),
    # money
    **{sentence: _rule(*rule) for sentence, rule in ledger.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in collections.SENTENCES.items()},
    **{sentence: Check(*check) for sentence, check in ledger.CHECKS.items()},
    **{sentence: _rule(*rule) for sentence, rule in credit.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in documents.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in exchanges.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in disputes.SENTENCES.items()},
    **{sentence: _rule(*rule) for sentence, rule in bought_labels.SENTENCES.items()},
    "a hold of the screening is explained by what it saw": _rule(
        "I-12b",
        """select h.id from hold h where h.placed_by = 'screening' and h.released_at is null
        and not exists (select 1 from screening s where s.order_id = h.order_id)""",
    ),
    # edits
    **{sentence: _rule(*rule) for sentence, rule in changes.SENTENCES.items()},
    # audit
    "an order's version is the number of its audit rows": _rule("I-14", _UNAUDITED),
    "every audit row names actor and surface": _rule(
        "I-15", "select id from audit where actor = '' or surface = ''"
    ),
    "an order knows the last hash of its audit chain": _rule("I-15b", _CHAIN_HEAD),
    "every audit chain is unbroken": Check("I-15c", _broken_chains),
    # transitions
    "a canceled order has neither open work nor allocated or waiting units": _rule(
        "I-16",
        f"""select o.number from orders o where o.canceled_at is not null and (
            exists (select 1 from fulfillment_order f
                where f.order_id = o.id and f.stage in {OPEN_STAGES})
            or exists (select 1 from order_line l
                where l.order_id = o.id and l.allocated + l.backordered > 0))""",
    ),
    "work that has ended says when": _rule(
        "I-16b",
        """select number from fulfillment_order
        where (stage = 'shipped') <> (shipped_at is not null)
            or (stage = 'canceled') <> (canceled_at is not null)""",
    ),
    "a return that has ended says when, and one that arrived was counted": _rule(
        "I-16c",
        """select number from rma
        where (status in ('rejected', 'refunded', 'canceled', 'expired') and closed_at is null)
            or (status = 'received' and received_at is null)
            or (status = 'refunded' and received_at is null and not exists (
                select 1 from rma_line k where k.rma_id = rma.id and k.kept > 0))""",
    ),
    "lines expect back exactly what open returns expect": _rule("I-16d", _EXPECTED_BACK),
    "an order that has left is not held": _rule(
        "I-16f", "select number from orders where status = 'closed' and held = 1", WARNING
    ),
    # holds
    "a hold stops its order, or a line or box of it, and has an owner": _rule(
        "I-50",
        """select h.id from hold h where h.owner = '' or (h.scope = 'line' and not exists (
            select 1 from order_line l where l.id = h.scope_id and l.order_id = h.order_id))
            or (h.scope = 'box' and not exists (select 1 from fulfillment_order f
                where f.id = h.scope_id and f.order_id = h.order_id))""",
    ),
    "what left under a hold has a case": _rule("I-50b", _LEFT_UNDER_A_HOLD),
    "every open order has somebody who acts next, and a clock": Check("I-51", ownerless),
    # inbox, outbox
    "every answered delivery has kept its answer": _rule(
        "I-17", "select id from inbox where state in ('done', 'refused') and answer = 'null'"
    ),
    "every delivery is done, due again, or dead with a case": _rule(
        "I-18",
        f"""select i.id from inbox i where (i.state = 'retry' and i.due_at is null)
            or (i.state = 'dead' and {_without_case("dead_letter", _INBOX_SUBJECT, "1 = 1")})""",
    ),
    "one intent per key": _rule(
        "I-20",
        'select shop_id, "key" from outbox group by shop_id, "key" having count(*) > 1',
    ),
    "no event waits to be planned for more than an hour": _rule(
        "I-21",
        """select id from event where position is null
            and at < (select max(at) from event) - 3600000000""",
        WARNING,
    ),
    "an intent that has ended says when, a suppressed one why": _rule(
        "I-22",
        """select id from outbox
        where (state in ('done', 'suppressed', 'dead')) <> (ended_at is not null)
            or (state = 'suppressed' and reason = '' and result = '{}')""",
    ),
    "an intent that was given up has a case": _rule(
        "I-22b",
        "select b.id from outbox b where b.state = 'dead' and "
        + _without_case("delivery_dead", "'outbox:' || cast(b.id as text)", "1 = 1"),
        WARNING,
    ),
    "nobody outside was told of a step that was taken back": _rule(
        "I-22c",
        """select b.id from outbox b join taken_back k on k.command_id = b.cause
        where b.state in ('waiting', 'leased', 'done')""",
    ),
    "a replacement costs only what was added to it, and is of the same shop": _rule(
        "I-23",
        """select o.number from order_link l join orders o on o.id = l.other_id
            join orders f on f.id = l.order_id
        where l.kind = 'replaces' and (o.shop_id <> f.shop_id or o.total <> 0 and not exists (
            select 1 from order_change c where c.order_id = o.id and c.status = 'confirmed'))""",
    ),
    "orders in one parcel are one customer's": _rule(
        "I-23b",
        """select o.number from order_link l join orders o on o.id = l.other_id
            join orders f on f.id = l.order_id
        where l.kind = 'together' and l.ended_at is null and o.email <> f.email
            and coalesce(o.customer_id, 0) <> coalesce(f.customer_id, 0)""",
        WARNING,
    ),
    # pauses of shipping
    **{sentence: _rule(*rule) for sentence, rule in pauses.SENTENCES.items()},
    "an order waits for one parcel until a time, never longer than a week": _rule(
        "I-27d",
        """select order_id from hold where reason = 'consolidation'
            and (until is null or until <= placed_at
                or until > placed_at + 604800000000)""",
    ),
    # pickup in a store
    **{sentence: _rule(*rule) for sentence, rule in pickups.SENTENCES.items()},
    # clock, cases
    "a slot that was passed over says why": _rule(
        "I-26", "select job, slot from job_slot where state = 'skipped' and note = ''"
    ),
    "one open case per kind and subject": _rule(
        "I-28",
        f"""select c.kind, c.subject from cases c where {_OPEN_CASE}
        group by c.shop_id, c.kind, c.subject having count(*) > 1""",
    ),
    "a resolved case says when and how, a snoozed one until when": _rule(
        "I-28b",
        """select number from cases
        where (state = 'resolved') <> (resolved_at is not null)
            or (state = 'resolved' and resolution = '')
            or (state = 'snoozed') <> (snoozed_until is not null)""",
    ),
    "an open storm has an open case": _rule(
        "I-28c",
        f"""select s.number from cases s where s.kind = 'storm' and s.state <> 'resolved'
            and not exists (select 1 from cases c where c.group_id = s.id and {_OPEN_CASE})""",
        WARNING,
    ),
    # platform
    "the database keeps its own rules": Check("I-35", structure.unsafe_settings),
    "the database is undamaged": Check("I-35b", structure.damaged),
    "the database is at the revision of the code": Check("I-36", structure.wrong_revision),
    "every table, index and constraint of the code is there": Check(
        "I-36b", structure.missing_names
    ),
}
