"""Invoices and credit notes: rows that are written once, numbered without a gap."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.orders import seen_from_own_places
from core.db.rows import from_json, moment, row_of, to_json
from core.domain.invoices import DocumentKind, DocumentLine, by_rate, number_of
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_d, _o = t.document.c, t.orders.c
_FIELDS = (
    _d.id,
    _d.shop_id,
    _d.kind,
    _d.number,
    _d.order_id,
    _d.refund_id,
    _d.corrects_id,
    _d.currency,
    _d.net,
    _d.tax,
    _d.total,
    _d.language,
    _d.reason,
    _d.body,
    _d.actor,
    _d.at,
)
_OF_ORDER = Statement(
    sa.select(*_FIELDS).where(_d.order_id == sa.bindparam("order")).order_by(_d.id)
)
_BY_NUMBER = Statement(
    sa.select(*_FIELDS).where(
        _d.shop_id == sa.bindparam("shop"), _d.number == sa.bindparam("number")
    )
)
_BY_ID = Statement(sa.select(*_FIELDS).where(_d.id == sa.bindparam("id")))


@dataclass(frozen=True, slots=True)
class Document:
    """`body` is everything that is printed, as it was on the day of issue."""

    id: int
    shop_id: int
    kind: DocumentKind
    number: str
    order_id: int
    refund_id: int | None
    corrects_id: int | None
    currency: str
    net: int
    tax: int
    total: int
    language: str
    reason: str
    body: dict[str, Any]
    actor: str
    at: datetime

    @property
    def lines(self) -> tuple[DocumentLine, ...]:
        return tuple(DocumentLine(**line) for line in self.body["lines"])


def documents_of(session: Session, order_id: int) -> list[Document]:
    """The documents of an order, oldest first."""
    return [_document(row) for row in session.rows(_OF_ORDER, order=order_id)]


def document_numbered(session: Session, shop_id: int, number: str) -> Document | None:
    row = session.row(_BY_NUMBER, shop=shop_id, number=number.strip().upper())
    return None if row is None else _document(row)


def document_anywhere(session: Session, document_id: int) -> Document | None:
    """For signed links only: whoever asks."""
    row = session.row(_BY_ID, id=document_id)
    return None if row is None else _document(row)


def document_order(session: Session, document_id: int) -> int:
    """The order of a document; 0 for one that does not exist."""
    found = document_anywhere(session, document_id)
    return found.order_id if found else 0


def list_documents(
    reader: Reader, kind: DocumentKind | None, after: int | None, limit: int
) -> list[tuple[Document, str]]:
    """Documents with their orders' numbers, newest first."""
    clause = sa.select(*_FIELDS, _o.number).join(t.orders, _o.id == _d.order_id)
    clause = clause.where(_d.shop_id == reader.actor.shop_id)
    if kind is not None:
        clause = clause.where(_d.kind == kind.value)
    if after is not None:
        clause = clause.where(_d.id < after)
    orders = seen_from_own_places(reader)
    if orders is not None:
        clause = clause.where(_d.order_id.in_(orders))
    rows = reader.session.select(clause.order_by(_d.id.desc()).limit(limit))
    return [(_document(tuple(row)[:-1]), row[-1]) for row in rows]


def _document(row: Row) -> Document:
    r = dict(zip((c.name for c in _FIELDS), row, strict=True))
    told = {"kind": DocumentKind(r["kind"]), "body": from_json(r["body"]), "at": moment(r["at"])}
    return Document(**{**r, **told})


def add_document(
    uow: UnitOfWork,
    kind: DocumentKind,
    order_id: int,
    currency: str,
    language: str,
    lines: tuple[DocumentLine, ...],
    facts: dict[str, Any],
    *,
    reason: str = "",
    refund_id: int | None = None,
    corrects_id: int | None = None,
) -> Document:
    """The next document of its kind. Its number is taken in this transaction: no gap stays when
    the command is refused or dies."""
    serial = uow.people.next_number(f"document:{kind.value}", start=0)
    total, tax = sum(x.total for x in lines), sum(x.tax for x in lines)
    made = Document(
        id=uow.new_id(),
        shop_id=uow.shop.id,
        kind=kind,
        number=number_of(kind, serial),
        order_id=order_id,
        refund_id=refund_id,
        corrects_id=corrects_id,
        currency=currency,
        net=total - tax,
        tax=tax,
        total=total,
        language=language,
        reason=reason,
        body=from_json(to_json({**facts, "lines": lines, "rates": by_rate(lines)})),
        actor=uow.actor.name,
        at=uow.now,
    )
    own = {"kind": kind.value, "serial": serial, "body": to_json(made.body)}
    uow.insert(t.document, {**row_of(made, _FIELDS), **own})
    return made


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "invoices and credit notes are numbered without a gap": (
        "I-61",
        """select shop_id, kind from document group by shop_id, kind
        having min(serial) <> 1 or max(serial) <> count(*)""",
    ),
    "a credit note takes back an invoice of its order, and never more than it says": (
        "I-61b",
        """select i.number from document n join document i on i.id = n.corrects_id
        group by i.id, i.number, i.kind, i.total, i.order_id
        having i.kind <> 'invoice' or sum(n.total) > i.total
            or min(n.order_id) <> i.order_id or max(n.order_id) <> i.order_id""",
    ),
    "an order has one invoice at most that is not taken back": (
        "I-61c",
        """select d.order_id from document d where d.kind = 'invoice' and d.total > coalesce((
            select sum(n.total) from document n where n.corrects_id = d.id), 0)
        group by d.order_id having count(*) > 1""",
    ),
}
