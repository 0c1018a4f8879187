"""What customers read of an order that was changed or canceled, as it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.db.changes import change_by_id
from core.db.payments import requests_of
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.domain.edit_actions import shipping_title
from core.domain.order import Order
from notifications.facts import Payload, Stale, money


def changed(reader: Reader, order: Order, payload: Payload) -> dict[str, Any]:
    if "whole" in payload:
        return {"change": _nothing_left(reader, order)}
    if "canceled" in payload:
        return {"change": _less(order, payload)}
    change = change_by_id(reader.session, reader.shop.id, int(payload["change"]))
    if change is None or order.is_canceled:
        raise Stale("The order was canceled meanwhile.")
    fields = payload.get("fields", ())
    return {
        "change": {
            "lines": _changed_lines(order, change.before),
            "refund": money(change.refund, order.currency) if change.refund else None,
            "due": money(change.due, order.currency) if change.due else None,
            **_how_to_pay(reader, order, change.id),
            "canceled": False,
            "address": "address" in fields,
            "method": shipping_title(order) if "method" in fields else None,
        }
    }


_NO_WAY: Mapping[str, str | None] = {"link": None, "payee": None}
_UNCHANGED = {"canceled": False, "due": None, "address": False, "method": None, **_NO_WAY}


def _how_to_pay(reader: Reader, order: Order, change_id: int) -> Mapping[str, str | None]:
    """Where the customer can pay what an edit costs more: a page, or an account."""
    asked = [q for q in requests_of(reader.session, order.id) if q.change_id == change_id]
    return {"link": asked[0].link or None, "payee": asked[0].payee or None} if asked else _NO_WAY


def _less(order: Order, payload: Payload) -> dict[str, Any]:
    """Units that were canceled, in the words of an edit."""
    if order.is_canceled:
        raise Stale("The order was canceled meanwhile.")
    gone = {int(line_id): units for line_id, units in payload["canceled"].items()}
    lines = [
        {"title": x.title or x.sku, "before": x.wanted + gone[x.id], "after": x.wanted}
        for x in order.lines
        if x.id in gone
    ]
    refund = money(payload["refund"], order.currency) if payload["refund"] else None
    return {**_UNCHANGED, "lines": lines, "refund": refund}


def _nothing_left(reader: Reader, order: Order) -> dict[str, Any]:
    """An order that is canceled as a whole, and the money that goes back for it."""
    if not order.is_canceled:
        raise Stale("The cancellation was taken back.")
    refunds = [r for r in refunds_of(reader.session, order.id) if r.state != "canceled"]
    back = sum(r.amount for r in refunds if r.rma_id is None and r.change_id is None)
    lines = [
        {"title": x.title or x.sku, "before": x.canceled, "after": 0}
        for x in order.bought
        if x.canceled
    ]
    refund = money(back, order.currency) if back else None
    return {**_UNCHANGED, "canceled": True, "lines": lines, "refund": refund}


def _changed_lines(order: Order, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is different from how the order was before the edit, as it stands now."""
    was = {line["id"]: line for line in before["lines"]}
    found = []
    for line in order.lines:
        old = was.get(line.id, {"ordered": 0, "canceled": 0, "total": 0})
        units = old["ordered"] - old["canceled"]
        if (units, old["total"]) != (line.wanted, line.total):
            found.append({"title": line.title or line.sku, "before": units, "after": line.wanted})
    return [each for each in found if each["before"] or each["after"]]
