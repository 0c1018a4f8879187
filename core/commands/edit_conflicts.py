"""An edit of what is on paper already: the location is asked, and answers with one of three."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from core.db.changes import OrderChange
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import Case, CaseKind, Finding
from core.domain.edits import Preview
from core.domain.fulfillment import FulfillmentOrder, Parcel
from core.domain.order import Order
from core.registry import Done

Works = Sequence[FulfillmentOrder]


def ask_location(
    uow: UnitOfWork, order: Order, change: OrderChange, works: Works, found: Preview
) -> Done:
    """Nothing changes before the location has said what becomes of its paper."""
    case = _open(uow, order, works, _subject(change), _words(found), {"edit": change.id})
    code = uow.shop.locations[works[0].location_id].code
    return Done(
        f"{code} already works on order {order.number}, so nothing has changed yet. "
        f"Case {case.number} asks {code}.",
        {"order": order.number, "case": case.number},
    )


def ask_about_shop(
    uow: UnitOfWork, order: Order, works: Works, what: str, actions: Sequence[Any]
) -> Case:
    """The shop wants what is in the way of paper, or of our own edit: a person decides."""
    return _open(uow, order, works, f"order:{order.id}", what, {"by": "shop", "actions": actions})


def _open(
    uow: UnitOfWork, order: Order, works: Works, subject: str, what: str, facts: dict[str, Any]
) -> Case:
    code = uow.shop.locations[works[0].location_id].code if works else ""
    busy = f"but {code} already works on it" if works else "and it was edited here too"
    labels = [p.tracking_number for p in labels_of(uow, order, works)]
    finding = Finding(
        CaseKind.EDIT_AFTER_PRINT,
        subject,
        f"Order {order.number}: {what}, {busy}.",
        order_id=order.id,
        location_id=works[0].location_id if works else None,
        facts={"what": what, "labels": labels, **facts},
    )
    # The newest word of the shop is the one to answer.
    known = uow.cases.open_one(CaseKind.EDIT_AFTER_PRINT, subject)
    if known is None:
        return uow.cases.open(finding)
    if dict(known.facts) == finding.facts:
        return known
    return uow.cases.save(known, replace(known, facts=finding.facts), f"now: {what}")


def labels_of(uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder]) -> list[Parcel]:
    """Labels of this work that have not been used."""
    ids = {work.id for work in works}
    parcels = uow.work.parcels(order.id)
    return [p for p in parcels if p.fulfillment_id in ids and not p.has_left]


def _subject(change: OrderChange) -> str:
    return f"edit:{change.id}"


def close_question(uow: UnitOfWork, change: OrderChange, why: str) -> None:
    uow.cases.close(CaseKind.EDIT_AFTER_PRINT, _subject(change), why)


def _words(found: Preview) -> str:
    """“an edit wants 1 × mug-red less and another address”."""
    units = [f"{abs(n)} × {sku} {'more' if n > 0 else 'less'}" for sku, n in found.units.items()]
    other = {"address": "another address", "method": "another method", "location": "another place"}
    fields = [other[name] for name in found.fields if name in other]
    return f"an edit wants {' and '.join([*units, *fields])}"
