"""Invoices and credit notes as people and programs see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from core.db.documents import Document, document_numbered, documents_of, list_documents
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.invoices import DocumentKind
from core.domain.refusals import Invalid, NotFound
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class DocumentBrief:
    """Money in minor units; `corrects` is the invoice that a credit note takes back."""

    id: int
    number: str
    kind: str
    order: str
    currency: str
    net: int
    tax: int
    total: int
    at: datetime
    corrects: str
    reason: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """`body` is everything that is printed: seller, buyer, lines, and the sums by tax rate."""

    brief: DocumentBrief
    language: str
    by: str
    body: dict[str, Any]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """Newest first; `after` continues the page (None: this was the last)."""

    documents: tuple[DocumentBrief, ...]
    after: int | None = None


@dataclass(frozen=True, slots=True)
class ShowDocument:
    """Show an invoice or a credit note by its number."""

    number: Annotated[str, Arg.WORD]


@question(
    "document", ShowDocument, Right.VIEW, examples=("document INV-00001", "document CN-00001")
)
def show(ask: ShowDocument, reader: Reader) -> DocumentView:
    found = document_numbered(reader.session, reader.shop.id, ask.number)
    if found is None:
        raise NotFound(f"There is no document {ask.number}.", "Write `documents` to see them.")
    order = reader.orders.by_id(found.order_id)
    others = tuple(
        each.number for each in documents_of(reader.session, order.id) if each.id != found.id
    )
    return DocumentView(
        _brief(found, order.number), found.language, found.actor, found.body, others
    )


@dataclass(frozen=True, slots=True)
class ListDocuments:
    """List invoices and credit notes, the newest first."""

    kind: Annotated[DocumentKind | None, Arg.CHOICE] = None
    after: Annotated[int | None, Arg.NONE] = None
    limit: Annotated[int, Arg.NONE] = 20


@question(
    "documents",
    ListDocuments,
    Right.VIEW,
    aliases=("invoices",),
    examples=("documents", "documents credit_note"),
)
def documents(ask: ListDocuments, reader: Reader) -> DocumentPage:
    if not 1 <= ask.limit <= 200:
        raise Invalid("A page has 1 to 200 documents.")
    found = list_documents(reader, ask.kind, ask.after, ask.limit + 1)
    page = found[: ask.limit]
    after = page[-1][0].id if len(found) > ask.limit else None
    return DocumentPage(tuple(_brief(each, number) for each, number in page), after)


@dataclass(frozen=True, slots=True)
class ListCreditNotes:
    """List the credit notes, the newest first."""

    after: Annotated[int | None, Arg.NONE] = None
    limit: Annotated[int, Arg.NONE] = 20


@question("credit-notes", ListCreditNotes, Right.VIEW, examples=("credit-notes",))
def credit_notes(ask: ListCreditNotes, reader: Reader) -> DocumentPage:
    return documents(ListDocuments(DocumentKind.CREDIT_NOTE, ask.after, ask.limit), reader)


def _brief(found: Document, order: str) -> DocumentBrief:
    return DocumentBrief(
        found.id,
        found.number,
        found.kind.value,
        order,
        found.currency,
        found.net,
        found.tax,
        found.total,
        found.at,
        str(found.body.get("corrects", "")),
        found.reason,
    )
