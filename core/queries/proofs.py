"""Everything that a bank asks for in a chargeback, gathered from the ledgers of one order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.db.disputes import disputes_of
from core.db.fulfillment import parcels_of, tracking_events_of
from core.db.payments import payments_of
from core.db.proofs import Chain, Said, chain_of, messages_sent, talk_with
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.db.returns import rmas_of
from core.db.rows import moment
from core.domain.access import Right
from core.domain.disputes import Dispute
from core.domain.evidence import Evidence, gaps
from core.domain.fulfillment import Parcel
from core.domain.order import Address, Order
from core.domain.payments import Payment, with_channel
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class Scan:
    """One thing that a carrier said about a parcel."""

    at: datetime
    status: str
    place: str
    words: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel that left, with what its carrier said."""

    carrier: str
    number: str
    left_at: datetime | None
    delivered_at: datetime | None
    contents: tuple[tuple[str, int], ...]
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class ProofLine:
    sku: str
    title: str
    ordered: int
    shipped: int
    total: int


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """A refund: of a return where it has a number."""

    at: datetime | None
    amount: int
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class ProofView:
    """Money in minor units, times in UTC. `gaps` are sentences about what is missing."""

    order_id: int
    order: str
    shop: str
    currency: str
    at: datetime
    placed_at: datetime
    channel: str
    customer: str
    email: str
    phone: str
    ship_to: Address
    bill_to: Address
    total: int
    captured: int
    refunded: int
    lines: tuple[ProofLine, ...]
    payments: tuple[Payment, ...]
    disputes: tuple[Dispute, ...]
    parcels: tuple[Sent, ...]
    messages: tuple[Said, ...]
    talk: tuple[Said, ...]
    refunds: tuple[MoneyBack, ...]
    chain: Chain
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GatherProof:
    """Gather what a bank asks for when its customer disputes an order."""

    order: Annotated[str, Arg.ORDER]


@question("proof", GatherProof, Right.REFUND, aliases=("evidence",), examples=("proof 1001",))
def proof(ask: GatherProof, reader: Reader) -> ProofView:
    order = reader.orders.get(ask.order)
    session = reader.session
    parcels = tuple(_sent(reader, p) for p in parcels_of(session, order.id) if p.has_left)
    messages = tuple(messages_sent(session, order.id))
    talk = _talk(reader, order)
    return ProofView(
        order_id=order.id,
        order=order.number,
        shop=reader.shop.name,
        currency=order.currency,
        at=reader.now,
        placed_at=order.placed_at,
        channel=order.channel,
        customer=order.customer_name,
        email=order.email,
        phone=order.phone,
        ship_to=order.ship_to,
        bill_to=order.bill_to,
        total=order.total,
        captured=order.captured,
        refunded=order.refunded,
        lines=tuple(ProofLine(x.sku, x.title, x.ordered, x.shipped, x.total) for x in order.bought),
        payments=_payments(reader, order),
        disputes=tuple(disputes_of(session, order.id)),
        parcels=parcels,
        messages=messages,
        talk=talk,
        refunds=_refunds(reader, order),
        chain=chain_of(session, order.id),
        gaps=gaps(_evidence(order, parcels, messages, talk)),
    )


def _sent(reader: Reader, parcel: Parcel) -> Sent:
    rows = tracking_events_of(reader.session, parcel.id)
    return Sent(
        parcel.carrier,
        parcel.tracking_number or "",
        parcel.handed_over_at,
        parcel.delivered_at,
        tuple((sku, units) for _, sku, units in parcel.items),
        tuple(Scan(moment(at), status, place, words) for status, _, at, place, words, _ in rows),
    )


def _talk(reader: Reader, order: Order) -> tuple[Said, ...]:
    if order.customer_id is None:
        return ()
    found = talk_with(reader.session, reader.shop.id, order.customer_id, order.placed_at)
    return tuple(found)


def _payments(reader: Reader, order: Order) -> tuple[Payment, ...]:
    """With what the order's channel has taken for it itself."""
    rows = payments_of(reader.session, order.id)
    refunded = order.refunded - sum(row.refunded for row in rows)
    found = with_channel(rows, order.captured, max(0, refunded))
    return tuple(payment for payment in found if payment.authorized or payment.captured)


def _refunds(reader: Reader, order: Order) -> tuple[MoneyBack, ...]:
    numbers = {rma.id: rma.number for rma in rmas_of(reader.session, order.id)}
    return tuple(
        MoneyBack(
            refund.settled_at or refund.due_at,
            refund.amount,
            refund.state,
            numbers.get(refund.rma_id or 0, refund.note),
        )
        for refund in refunds_of(reader.session, order.id)
    )


def _evidence(
    order: Order, parcels: tuple[Sent, ...], messages: tuple[Said, ...], talk: tuple[Said, ...]
) -> Evidence:
    billed, sent = order.bill_to, order.ship_to
    doors = [(x.street.casefold(), x.zip, x.country) for x in (billed, sent)]
    return Evidence(
        paid=order.captured > 0,
        parcels=len(parcels),
        tracked=sum(1 for parcel in parcels if parcel.number),
        delivered=sum(1 for parcel in parcels if parcel.delivered_at),
        scans=sum(len(parcel.scans) for parcel in parcels),
        messages=len(messages),
        words=len(talk),
        one_address=not billed.street or doors[0] == doors[1],
    )
