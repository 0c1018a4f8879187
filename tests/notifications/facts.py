"""The facts that the message tests tell: one order of three mugs and a teapot, in two parcels."""

from __future__ import annotations

from typing import Any


def eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def line(title: str, quantity: int, unit: int) -> dict[str, Any]:
    return {
        "title": title,
        "sku": title.upper().replace(" ", "-"),
        "quantity": quantity,
        "unit_price": eur(unit),
        "total": eur(unit * quantity),
    }


def part(title: str, quantity: int) -> dict[str, Any]:
    return {"title": title, "sku": title.upper().replace(" ", "-"), "quantity": quantity}


SHOP = {
    "name": "Teehaus Nord",
    "url": "https://teehaus.example",
    "email": "hallo@teehaus.example",
    "phone": "+49 40 1234567",
    "time_zone": "Europe/Berlin",
    "address_form": "Sie",
    "accent": "#0f766e",
}


def base(**changes: Any) -> dict[str, Any]:
    """What every kind about an order holds; `changes` replaces whole parts."""
    facts: dict[str, Any] = {
        "shop": dict(SHOP),
        "customer": {"name": "Anna Schmidt", "first_name": "Anna"},
        "awaited": [],
        "rest_goes_ahead": False,
        "order": {
            "number": "1001",
            "placed_at": "2026-11-20T23:30:00+00:00",
            "currency": "EUR",
            "lines": [line("Mug red", 3, 1290), line("Teapot & lid", 1, 102905)],
            "subtotal": eur(106775),
            "discount": eur(500),
            "shipping": eur(490),
            "tax": eur(17046),
            "total": eur(106765),
            "ship_to": {
                "name": "Anna Schmidt",
                "street": "Lange Reihe 7",
                "zip": "20099",
                "city": "Hamburg",
                "country": "Germany",
            },
            "promise": "2026-11-26",
            "collected_at": None,
        },
        "track_url": "https://teehaus.example/track/abc",
        "preferences_url": "https://teehaus.example/messages/abc",
        "papers": [],
    }
    return facts | changes


def at_store(**changes: Any) -> dict[str, Any]:
    facts = base(**changes)
    return facts | {"order": facts["order"] | {"collected_at": "Teehaus Hamburg"}}


def parcel(**changes: Any) -> dict[str, Any]:
    return {
        "carrier": "DHL",
        "tracking_number": "00340434161094000000",
        "tracking_url": "https://dhl.example/00340434161094000000",
        "lines": [part("Mug red", 3)],
        "index": 1,
        "count": 2,
        "evidence": "scanned",
    } | changes


def paper(kind: str, number: str) -> dict[str, str]:
    return {"kind": kind, "number": number, "url": f"https://teehaus.example/papers/{number}"}


def remaining(**changes: Any) -> dict[str, Any]:
    return {
        "lines": [part("Teapot & lid", 1)],
        "next_message": "2026-11-27",
        "reason": "backordered",
    } | changes


AHEAD: dict[str, Any] = {
    "awaited": [
        {**part("Teapot & lid", 1), "expected": "2027-03-01"},
        {**part("Mug red", 1), "expected": None},
    ],
    "rest_goes_ahead": True,
}
NOTHING_REMAINS: dict[str, Any] = {"lines": [], "next_message": None, "reason": None}


def returned(status: str, **changes: Any) -> dict[str, Any]:
    return {
        "number": "R-7",
        "status": status,
        "lines": [part("Mug red", 1)],
        "refund": None,
        "reason": None,
        "instructions": None,
        "as_credit": False,
        "until": None,
        "fee": None,
        "label": None,
        "way": None,
        "rest": False,
    } | changes


def changed(**changes: Any) -> dict[str, Any]:
    return {
        "lines": [
            {"title": "Mug red", "before": 2, "after": 3},
            {"title": "Teapot & lid", "before": 0, "after": 1},
        ],
        "refund": None,
        "due": None,
        "link": None,
        "payee": None,
        "canceled": False,
        "address": False,
        "method": None,
    } | changes


def pickup(told: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Teehaus Hamburg",
        "street": "Lange Reihe 1",
        "zip": "20099",
        "city": "Hamburg",
        "hours": [
            {"days": "Mo–Fr", "times": "10:00–19:00"},
            {"days": "Sa", "times": "10:00–14:00"},
        ],
        "until": "2026-11-30",
        "code": "482913",
        "lines": [part("Mug red", 3)],
        "told": told,
    } | changes


# name → kind, facts: every golden copy is rendered from one of these.
MESSAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "order_confirmation": ("order_confirmation", base()),
    "order_confirmation_ahead": ("order_confirmation", base() | AHEAD),
    "shipped_part_scanned": ("shipped", base(parcel=parcel(), remaining=remaining())),
    "shipped_all_handed_over": (
        "shipped",
        base(
            parcel=parcel(evidence="handed_over", index=1, count=1),
            remaining=NOTHING_REMAINS,
        ),
    ),
    "shipped_with_invoice": (
        "shipped",
        base(
            parcel=parcel(index=1, count=1),
            remaining=NOTHING_REMAINS,
            papers=[paper("invoice", "INV-00001")],
        ),
    ),
    "ready_for_pickup_all": (
        "ready_for_pickup",
        base(pickup=pickup("ready"), remaining=NOTHING_REMAINS),
    ),
    "ready_for_pickup_part": (
        "ready_for_pickup",
        base(pickup=pickup("reminder", hours=[]), remaining=remaining()),
    ),
    "ready_for_pickup_code": (
        "ready_for_pickup",
        base(pickup=pickup("new_code"), remaining=NOTHING_REMAINS),
    ),
    "delivered_part": ("delivered", base(parcel=parcel(), remaining=remaining())),
    "delivered_all": ("delivered", base(parcel=parcel(count=1), remaining=NOTHING_REMAINS)),
    "delayed_new_date": (
        "delayed",
        base(delay={"promised": "2026-11-26", "expected": "2026-12-01", "reason": "carrier"}),
    ),
    "delayed_no_date": (
        "delayed",
        base(delay={"promised": "2026-11-26", "expected": None, "reason": "backordered"}),
    ),
    "delayed_never_promised": (
        "delayed",
        base(delay={"promised": None, "expected": None, "reason": "carrier"}),
    ),
    "order_changed_more": ("order_changed", base(change=changed(due=eur(1290)))),
    "order_changed_less": (
        "order_changed",
        base(
            change=changed(
                lines=[
                    {"title": "Mug red", "before": 4, "after": 3},
                    {"title": "Tray", "before": 1, "after": 0},
                ],
                refund=eur(2580),
            )
        ),
    ),
    "order_changed_canceled": (
        "order_changed",
        base(
            change=changed(
                canceled=True,
                lines=[{"title": "Mug red", "before": 2, "after": 0}],
                refund=eur(3980),
            )
        ),
    ),
    "order_changed_link": (
        "order_changed",
        base(change=changed(due=eur(500), link="https://pay.example/1001")),
    ),
    "order_changed_account": (
        "order_changed",
        base(change=changed(due=eur(500), payee="Nordlicht, DE02 1203 0000 0000 2020 51")),
    ),
    "order_changed_words": (
        "order_changed",
        base(change=changed(lines=[], address=True, method="DHL Express")),
    ),
    "order_changed_pickup": ("order_changed", at_store(change=changed(lines=[], method="Pickup"))),
    **{
        f"question_{about}": (
            "question",
            base(question={"about": about, "text": text, "held": text is None}),
        )
        for about, text in (
            ("address", None),
            ("contact", None),
            ("payment", "€5.00: https://pay.example/1001"),
            ("twice", None),
            ("order", "Is it a gift?"),
        )
    },
    **{
        f"claim_{status}": (
            "claim_status",
            base(
                claim={
                    "number": "CL1001-1",
                    "status": status,
                    "lines": [part("Mug red", 1)],
                    "replacement": "1001-R1" if status == "replacement" else None,
                    "reason": "The photo shows another mug." if status == "rejected" else None,
                }
            ),
        )
        for status in ("requested", "replacement", "refund", "rejected")
    },
    "return_approved": (
        "return_status",
        base(
            **{
                "return": returned(
                    "approved",
                    instructions="Put the note into the parcel.\nHand it in at any DHL shop.",
                )
            }
        ),
    ),
    "return_rejected": (
        "return_status",
        base(**{"return": returned("rejected", reason="The 30 days ended on October 3.")}),
    ),
    "return_approved_until": (
        "return_status",
        base(
            **{"return": returned("approved", until="2026-12-14", fee=eur(490), label="customer")}
        ),
    ),
    "return_approved_brought": (
        "return_status",
        base(
            **{
                "return": returned(
                    "approved",
                    way={
                        "post": "Berlin warehouse, Lindenstr. 1, 10969 Berlin",
                        "stores": ["Hamburg store, Jungfernstieg 1, 20095 Hamburg"],
                        "code": "482913",
                        "label": "DHL 00340434161094000000",
                    },
                )
            }
        ),
    ),
    "return_kept": ("return_status", base(**{"return": returned("kept")})),
    "return_reminder": (
        "return_status",
        base(**{"return": returned("reminder", until="2026-12-14")}),
    ),
    "return_expired": ("return_status", base(**{"return": returned("expired")})),
    "return_credited": (
        "return_status",
        base(**{"return": returned("refunded", refund=eur(1290), as_credit=True)}),
    ),
    "return_received": ("return_status", base(**{"return": returned("received")})),
    "return_partly_received": (
        "return_status",
        base(**{"return": returned("received", rest=True)}),
    ),
    "return_refunded": (
        "return_status",
        base(**{"return": returned("refunded", refund=eur(1290))}),
    ),
    "return_refunded_papers": (
        "return_status",
        base(
            **{"return": returned("refunded", refund=eur(1290))},
            papers=[paper("credit_note", "CN-00001"), paper("credit_note", "CN-00002")],
        ),
    ),
    "return_canceled": ("return_status", base(**{"return": returned("canceled")})),
    "refund_paid": ("refund_status", base(refund={"paid": eur(1290), "as_credit": False})),
    "refund_credited": ("refund_status", base(refund={"paid": eur(1290), "as_credit": True})),
    "code": ("code", base(code={"digits": "048213", "minutes": 10})),
    "case_alert": (
        "case_alert",
        base(
            case={
                "title": "Order 1001 is stuck in packing",
                "text": "Ready for 9 h in Berlin.\nNobody has picked it.",
                "url": "https://teehaus.example/cases/5",
            }
        ),
    ),
}
