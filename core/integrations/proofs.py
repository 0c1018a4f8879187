"""The proof of an order as one PDF, in English, for banks: every row with its time in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.domain.money import decimal_text
from core.domain.order import Address
from core.integrations.papers import set_pdf
from core.queries.proofs import ProofView, Sent

Row = tuple[str, str]


def proof_pdf(view: ProofView) -> bytes:
    """What is known of the order at that moment; the same facts give the same bytes."""
    sections = [{"title": title, "rows": rows} for title, rows in _sections(view) if rows]
    facts = {
        "title": f"Order {view.order} of {view.shop}",
        "made": f"Gathered {_time(view.at)} from the shop's records. All times are UTC.",
        "sections": sections,
        "chain": _chain(view),
    }
    return set_pdf("proof", facts, view.at)


def _sections(view: ProofView) -> Iterable[tuple[str, list[Row]]]:
    yield "Order", _order(view)
    yield (
        "Articles",
        [
            (f"{x.ordered} × {x.title or x.sku}", f"{_money(view, x.total)}, {x.shipped} sent")
            for x in view.lines
        ],
    )
    yield (
        "Payment",
        [
            (
                f"{p.gateway} {p.external_id}".strip(),
                f"{_money(view, p.captured)} taken, {_money(view, p.refunded)} given back",
            )
            for p in view.payments
        ],
    )
    yield (
        "Dispute",
        [
            (
                d.external_id,
                f"{_money(view, d.amount)} for {d.reason.replace('_', ' ') or 'no reason given'}, "
                f"opened {_time(d.opened_at)}, {d.state.value}",
            )
            for d in view.disputes
        ],
    )
    for parcel in view.parcels:
        yield f"Parcel {parcel.number or 'without a number'}", _parcel(parcel)
    yield (
        "Refunds",
        [
            (_time(r.at), f"{_money(view, r.amount)} {r.state} {r.why}".strip())
            for r in view.refunds
        ],
    )
    yield "Messages to the customer", [(f"{_time(m.at)} {m.way}", m.text) for m in view.messages]
    yield "Conversation", [(f"{_time(m.at)} {m.who}", m.text) for m in view.talk]


def _order(view: ProofView) -> list[Row]:
    rows = [
        ("Placed", f"{_time(view.placed_at)} by {view.channel}"),
        ("Customer", ", ".join(filter(None, (view.customer, view.email, view.phone)))),
        ("Sent to", _address(view.ship_to)),
        ("Billed to", _address(view.bill_to)),
        ("Total", _money(view, view.total)),
        ("Paid", _money(view, view.captured)),
        ("Given back", _money(view, view.refunded)),
    ]
    return [row for row in rows if row[1]]


def _parcel(parcel: Sent) -> list[Row]:
    contents = ", ".join(f"{units} × {sku}" for sku, units in parcel.contents)
    rows = [
        ("Carrier", parcel.carrier),
        ("Contents", contents),
        ("Handed over", _time(parcel.left_at)),
        *(
            (_time(s.at), ", ".join(filter(None, (s.status.replace("_", " "), s.words, s.place))))
            for s in parcel.scans
        ),
        ("Delivered", _time(parcel.delivered_at)),
    ]
    return [row for row in rows if row[1]]


def _chain(view: ProofView) -> str:
    """Each step's hash is made of the one before: a changed record would not fit any more."""
    chain = view.chain
    whole = "unbroken" if chain.broken_at is None else f"broken at step {chain.broken_at}"
    return f"{chain.steps} recorded steps, {whole}. Last fingerprint (SHA-256): {chain.last}"


def _address(to: Address) -> str:
    town = " ".join(filter(None, (to.zip, to.city)))
    lines = (to.name, to.company, to.street, to.street2, town, to.region, to.country)
    return ", ".join(filter(None, lines)) if to.street or to.city else ""


def _money(view: ProofView, amount: int) -> str:
    return f"{decimal_text(amount, view.currency)} {view.currency}"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
