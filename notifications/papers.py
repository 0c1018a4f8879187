"""Invoices and credit notes beside the messages they belong to, where a shop wants them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.db.contacts import link_target
from core.db.documents import Document, documents_of
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.domain.invoices import DocumentKind
from core.domain.order import Order
from core.domain.shop import Shop
from notifications import links

LINKED = "yes"


def are_linked(shop: Shop) -> bool:
    return bool(shop.policy["document_links"] == LINKED)


def papers_for(
    secrets: Sequence[str],
    base_url: str,
    reader: Reader,
    order: Order,
    payload: Mapping[str, Any],
) -> list[dict[str, str]]:
    """With the parcel its invoice, with the refund of a return its credit notes; else nothing."""
    if not are_linked(reader.shop):
        return []
    if payload["kind"] == "shipped":
        found = valid_invoices(documents_of(reader.session, order.id))
    elif payload["kind"] == "return_status" and payload["status"] == "refunded":
        found = _credit_notes(reader, order, payload["return"])
    else:
        found = []
    return papers(secrets, base_url, reader, order.id, found)


def papers(
    secrets: Sequence[str],
    base_url: str,
    reader: Reader,
    order_id: int,
    documents: Sequence[Document],
) -> list[dict[str, str]]:
    """Each with a link that works for thirty days, unless the order's links are withdrawn."""
    return [
        {
            "kind": each.kind.value,
            "number": each.number,
            "url": paper_url(secrets, base_url, reader, order_id, f"d{each.id}"),
        }
        for each in documents
    ]


def paper_url(
    secrets: Sequence[str], base_url: str, reader: Reader, order_id: int, subject: str
) -> str:
    """The link of one paper (`d` and the id of a document, `b` and the id of a label)."""
    target = link_target(reader.session, order_id)
    version = target.version if target else 0
    return f"{base_url}/papers/{links.sign('document', subject, reader.now, secrets, version)}"


def valid_invoices(documents: Sequence[Document]) -> list[Document]:
    """Those that were not taken back."""
    gone = {each.corrects_id for each in documents if each.refund_id is None}
    kind = DocumentKind.INVOICE
    return [each for each in documents if each.kind is kind and each.id not in gone]


def _credit_notes(reader: Reader, order: Order, return_id: int) -> list[Document]:
    refunds = refunds_of(reader.session, order.id)
    mine = {refund.id for refund in refunds if refund.rma_id == return_id}
    return [each for each in documents_of(reader.session, order.id) if each.refund_id in mine]
