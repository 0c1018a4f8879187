"""What tests of undo share: all that a step may change, and the worker's part in telling of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from core.db import events, outbox, setup
from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain.effects import done
from core.domain.screening import RULES
from core.engine import Caller
from notifications.plan import plan
from tests.shop import SHOP, Shop

# What only tells of the past, and names that made-again rows get anew.
PAST = {
    "orders": ("version", "links_version", "chain", "promise_basis", "source_updated_at"),
    "stock_level": ("version", "told_version", "moved_at"),
    "cases": ("version", "facts"),
    "lane": ("id",),
    "order_link": ("id", "at"),
    "transfer": ("id", "number"),
}
OPEN: dict[str, dict[str, Any]] = {
    "hold": {"released_at": None},
    "order_link": {"ended_at": None, "kind": "together"},
    "expected": {"closed_at": None},
    "payment_request": {"state": "open"},
    "pickup": {"ended_at": None},
    "handoff": {"state": "asked"},
    "refund": {"state": "due"},
    "shipping_pause": {"ended_at": None},
    "stock_count": {"settled_at": None},
}
SENT_BESIDE = ("replacement", "exchange")
WHOLE = ("orders", "order_line", "product", "kit_part", "stock_rule", "lane", "stock_level")


def state(shop: Shop) -> dict[str, Any]:
    """All that decides what happens next, by name; not what is only told of the past (ledgers,
    numbers of work, versions), nor what goes out beside an order, which stays, canceled."""
    found = {name: _rows(shop, name) for name in (*WHOLE, *OPEN)}
    found["cases"] = [case for case in _rows(shop, "cases") if case["state"] != "resolved"]
    ours = {o["id"] for o in shop.rows(t.orders) if o["channel"] not in SENT_BESIDE}
    found["orders"] = [o for o in found["orders"] if o["id"] in ours]
    found["order_line"] = [x for x in found["order_line"] if x["order_id"] in ours]
    return found | {
        "promises": _boxes(shop),
        "settings": _settings(shop),
        "credit": [row["balance"] for row in shop.rows(t.credit_account) if row["balance"]],
        "waiting": sorted(row["key"] for row in shop.rows(t.outbox, state="waiting")),
    }


def _rows(shop: Shop, name: str) -> list[dict[str, Any]]:
    table, past = t.metadata.tables[name], PAST.get(name, ())
    found = shop.rows(table, **OPEN.get(name, {}))
    kept = [{k: v or 0 for k, v in row.items() if k not in past} for row in found]
    return sorted(kept, key=lambda row: [str(value) for value in row.values()])


def _boxes(shop: Shop) -> list[Any]:
    """Every open box: whose, where, how far, and how many units of which line are in it."""
    boxes: dict[int, Counter[int]] = defaultdict(Counter)
    for row in shop.rows(t.reservation, state="promised"):
        boxes[row["fulfillment_id"]][row["line_id"]] += row["quantity"]
    return sorted(
        (work["order_id"], work["location_id"], work["stage"], sorted(boxes[work["id"]].items()))
        for work in shop.rows(t.fulfillment_order)
        if work["stage"] not in ("canceled", "shipped")
    )


def _settings(shop: Shop) -> dict[str, Any]:
    """As the shop is remembered: a default that was written down is no change."""
    known = shop.engine.read(lambda session: setup.load_shop(session, SHOP))
    return {
        "policy": dict(known.policy),
        "switches": {name: on for name, on in known.switches.items() if not on},
        "screening": {rule: known.screening.as_typed(rule) for rule in RULES},
        "shipping": [pair for pair in known.shipping if pair[1] != "standard"],
        "rules": known.rules.number if known.rules else 0,
        "return rules": known.return_rules,
        "paused": known.paused_at is not None,
        "places": known.locations,
        "kept back": [
            {k: v for k, v in c.config.get("stock", {}).items() if v}
            for c in known.connections.values()
        ],
    }


def plan_all(shop: Shop) -> None:
    """What the worker does with facts: they become intents."""

    def work(uow: UnitOfWork) -> None:
        facts = events.unplanned(uow.session, 1000)
        for fact in facts:
            own = shop.engine.unit(uow.batch, Caller(uow.actor, "planner"), fact.id)
            plan(own, fact)
            own.finish()
        events.place(uow.session, facts)

    shop.engine.chore(work, SHOP)


def leaving(shop: Shop) -> list[str]:
    """What a worker carries out now, one after the other."""

    def work(uow: UnitOfWork) -> list[str]:
        kinds = []
        while claims := outbox.claim(uow.session, uow.now, 100):
            for claim in claims:
                outbox.settle(uow.session, claim, done(), uow.now)
                kinds.append(claim.effect.kind)
        return kinds

    return shop.engine.chore(work, SHOP)


def differs(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What is not as it was, by name: what is there now only, and what was there before only."""
    return {
        name: (_only(now[name], before[name]), _only(before[name], now[name]))
        for name in now
        if now[name] != before[name]
    }


def _only(these: Any, those: Any) -> Any:
    if isinstance(these, dict):
        return {name: each for name, each in these.items() if each != those.get(name)}
    return [one for one in these if one not in those] if isinstance(these, list) else these
