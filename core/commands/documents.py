"""Invoices and credit notes: issued with the fact they tell of, taken back by another only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from core.db.documents import Document, add_document, document_numbered, documents_of
from core.db.refunds import Refund
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.invoices import (
    DocumentKind,
    DocumentLine,
    credited_lines,
    invoice_lines,
    left_of,
)
from core.domain.money import amount_text
from core.domain.order import Address, Order
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class IssueInvoice:
    """Make the invoice of an order, or name the one that it has."""

    order: Annotated[str, Arg.ORDER]


@command(
    "invoice",
    IssueInvoice,
    Right.REFUND,
    risk=Risk.REVERSIBLE,
    many=True,
    examples=("invoice 1001", "invoice 1001 1002"),
)
def issue(ask: IssueInvoice, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    known = _standing(documents_of(uow.session, order.id))
    if known is not None:
        return _done(known[0], f"Order {order.number} has the invoice {known[0].number}.")
    made = _invoice(uow, order)
    uow.write_rows()
    for refund in _paid_before(uow, order):
        note_refund(uow, order, refund)
    total = amount_text(made.total, made.currency)
    return _done(made, f"Invoice {made.number} over {total} for order {order.number}.")


def _done(made: Document, sentence: str) -> Done:
    return Done(sentence, {"document": made.number, "documents": {made.number: str(made.id)}})


def _invoice(uow: UnitOfWork, order: Order) -> Document:
    if order.is_canceled:
        raise NotPossible(f"Order {order.number} is canceled; there is nothing to invoice.")
    return _issue(uow, order, DocumentKind.INVOICE, invoice_lines(order))


def _paid_before(uow: UnitOfWork, order: Order) -> list[Refund]:
    """What went back of goods that the invoice has on it; canceled units never were."""
    paid = [r for r in uow.refunds.of(order.id) if r.state == "refunded"]
    return [r for r in paid if r.change_id is None and not _is_for_canceled(order, r)]


def _is_for_canceled(order: Order, refund: Refund) -> bool:
    is_free = refund.rma_id is None and bool(refund.lines)
    return is_free and all(order.line(line_id).canceled >= n for line_id, n in refund.lines)


def _issue(
    uow: UnitOfWork,
    order: Order,
    kind: DocumentKind,
    lines: tuple[DocumentLine, ...],
    *,
    corrects: Document | None = None,
    refund_id: int | None = None,
    reason: str = "",
) -> Document:
    made = add_document(
        uow,
        kind,
        order.id,
        order.currency,
        order.language or uow.shop.language,
        lines,
        {**_facts(uow, order), "corrects": corrects.number if corrects else ""},
        corrects_id=corrects.id if corrects else None,
        refund_id=refund_id,
        reason=reason,
    )
    fact = e.DocumentIssued(
        made.id, kind.value, made.number, made.total, made.currency, made.body["corrects"]
    )
    uow.emit(order.id, fact)
    return made


def _facts(uow: UnitOfWork, order: Order) -> dict[str, Any]:
    """Seller, buyer and days as they are printed, frozen with the document."""
    zone, policy = ZoneInfo(uow.shop.time_zone), uow.shop.policy
    return {
        "seller": {
            "name": uow.shop.name,
            "address": str(policy["seller_address"]),
            "tax_id": str(policy["seller_tax_id"]),
            "email": uow.shop.email,
        },
        "buyer": _lines_of(order.bill_to if order.bill_to.street else order.ship_to),
        "order": order.number,
        "placed": order.placed_at.astimezone(zone).date().isoformat(),
        "day": uow.now.astimezone(zone).date().isoformat(),
    }


def _lines_of(to: Address) -> list[str]:
    town = " ".join(filter(None, (to.zip, to.city)))
    lines = (to.name, to.company, to.street, to.street2, town, to.region, to.country)
    return [line for line in lines if line]


# --- with the facts that they tell of ------------------------------------------------------------


def invoice_at_shipment(uow: UnitOfWork, order: Order) -> None:
    """The first parcel left: where the shop wants it, the order's invoice is made now."""
    if uow.shop.policy["invoice_when"] != SHIPPED or order.total <= 0 or order.is_canceled:
        return
    if _standing(documents_of(uow.session, order.id)) is None:
        _invoice(uow, order)


def note_refund(uow: UnitOfWork, order: Order, refund: Refund) -> None:
    """Money went back: an invoice that stands gets its credit note in the same transaction."""
    known = _standing(documents_of(uow.session, order.id))
    if known is not None:
        _note_refund(uow, order, *known, refund)


def _note_refund(
    uow: UnitOfWork, order: Order, invoice: Document, left: int, refund: Refund
) -> Document | None:
    lines = credited_lines(order, refund.items)
    total = sum(line.total for line in lines)
    if total <= 0 or any(d.refund_id == refund.id for d in documents_of(uow.session, order.id)):
        return None
    if total > left:
        lines = left_of(invoice.lines, left)
    return _issue(
        uow,
        order,
        DocumentKind.CREDIT_NOTE,
        lines,
        corrects=invoice,
        refund_id=refund.id,
        reason="refund",
    )


def _standing(documents: Sequence[Document]) -> tuple[Document, int] | None:
    """The invoice that is not wholly taken back, with what is left of it in minor units."""
    for document in documents:
        if document.kind is DocumentKind.INVOICE and (left := _left(document, documents)) > 0:
            return document, left
    return None


def _left(invoice: Document, documents: Sequence[Document]) -> int:
    return invoice.total - sum(d.total for d in documents if d.corrects_id == invoice.id)


# --- taken back ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReverseInvoice:
    """Take an invoice back by a credit note over all that is left of it; nothing is rewritten."""

    number: Annotated[str, Arg.WORD]
    reason: Annotated[str, Arg.TEXT]


@command(
    "reverse invoice",
    ReverseInvoice,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    aliases=("reverse",),
    examples=("reverse invoice INV-00001 wrong address",),
)
def reverse(ask: ReverseInvoice, uow: UnitOfWork) -> Done:
    found = document_numbered(uow.session, uow.shop.id, ask.number)
    if found is None:
        raise NotFound(f"There is no document {ask.number}.", "Write `documents` to see them.")
    order = uow.orders.by_id(found.order_id)
    reason = ask.reason.strip()
    if not reason or len(reason) > 500:
        raise Invalid("Taking an invoice back needs a reason of 500 characters at most.")
    if found.kind is not DocumentKind.INVOICE:
        raise NotPossible(f"{found.number} is a credit note; a new invoice stands against it.")
    left = _left(found, documents_of(uow.session, order.id))
    if left <= 0:
        raise NotPossible(f"{found.number} is taken back already.")
    lines = left_of(found.lines, left)
    made = _issue(uow, order, DocumentKind.CREDIT_NOTE, lines, corrects=found, reason=reason)
    total = amount_text(made.total, made.currency)
    return _done(made, f"{found.number} is taken back by {made.number} over {total}.")
