"""Returns as staff see them: the open ones, and one with its lines and its money."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.db.bought_labels import has_content, labels_of
from core.db.orders import numbers_of
from core.db.reading import Reader
from core.db.receipts import receipts_of
from core.db.refunds import refunds_of
from core.db.returns import list_open_returns, rma_by_number
from core.domain.access import Right
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refusals import Invalid, NotFound
from core.domain.returning.explain import terms_in_words
from core.domain.returning.rules import read_terms
from core.domain.returning.verdict import read_why
from core.domain.returning.words import why_text
from core.domain.returns import Rma, RmaStatus, Wish
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class ReturnLineView:
    line_id: int
    sku: str
    title: str
    quantity: int
    received: int
    restocked: int
    condition: str
    missing: int = 0
    kept: int = 0
    declined: int = 0
    reason: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True)
class ReturnPlace:
    """Where units of a receipt are now; `photos` are names or hashes of pictures."""

    receipt: int
    sku: str
    units: int
    disposition: str
    location: str
    condition: str
    photos: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class RefundView:
    id: int
    amount: int
    currency: str
    state: str
    reference: str
    due_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReturnBrief:
    id: int
    number: str
    order: str
    status: str
    reason: str
    units: int
    expected: int
    requested_at: datetime
    decided_at: datetime | None
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReturnPage:
    """Open returns, oldest first; `after` continues the page (None: this was the last)."""

    returns: tuple[ReturnBrief, ...]
    after: int | None = None


@dataclass(frozen=True, slots=True)
class LabelBrief:
    """A label that was bought for it; `cost` in minor units. `has_paper`: its PDF is here."""

    id: int
    state: str
    carrier: str
    tracking_number: str
    cost: int
    currency: str
    reason: str
    has_paper: bool


@dataclass(frozen=True, slots=True)
class ReturnView:
    """One return; `actions` are the verbs that come next."""

    brief: ReturnBrief
    customer_name: str
    note: str
    requested_by: str
    decided_by: str
    decision: str
    closed_at: datetime | None
    lines: tuple[ReturnLineView, ...]
    refunds: tuple[RefundView, ...]
    places: tuple[ReturnPlace, ...]
    wish: str
    why: str
    photos: tuple[str, ...]
    send_by_at: datetime | None
    expires_at: datetime | None
    actions: tuple[str, ...]
    label: LabelBrief | None = None  # the one that was bought last
    comes_back_as: str = ""  # carrier and number


@dataclass(frozen=True, slots=True)
class ListReturns:
    """List the returns that still need something: a decision, the goods, or the money."""

    status: Annotated[RmaStatus | None, Arg.CHOICE] = None
    after: Annotated[int | None, Arg.NONE] = None
    limit: Annotated[int, Arg.NONE] = 20


@question("returns", ListReturns, Right.VIEW, examples=("returns", "returns requested"))
def returns(ask: ListReturns, reader: Reader) -> ReturnPage:
    if not 1 <= ask.limit <= 200:
        raise Invalid("A page has 1 to 200 returns.")
    status = ask.status.value if ask.status else None
    found = list_open_returns(reader, status, ask.after or 0, ask.limit + 1)
    page = found[: ask.limit]
    numbers = numbers_of(reader.session, {rma.order_id for rma in page})
    after = page[-1].id if len(found) > ask.limit else None
    return ReturnPage(tuple(_brief(rma, numbers[rma.order_id]) for rma in page), after)


@dataclass(frozen=True, slots=True)
class ShowReturn:
    """Show one return with its lines, decision and refunds."""

    number: Annotated[str, Arg.RETURN]


@question("show-return", ShowReturn, Right.VIEW, examples=("R1001-1",))
def show(ask: ShowReturn, reader: Reader) -> ReturnView:
    clean = ask.number.strip().upper().lstrip("#")
    rma = rma_by_number(reader.session, reader.shop.id, clean)
    if rma is None:
        raise NotFound(f"I cannot find a return {clean}.", "Write `returns` to see the open ones.")
    order = reader.orders.by_id(rma.order_id)
    refunds = tuple(
        RefundView(r.id, r.amount, r.currency, r.state, r.reference, r.due_at, r.settled_at)
        for r in refunds_of(reader.session, order.id)
        if r.rma_id == rma.id
    )
    places = _places(reader, rma)
    return ReturnView(
        brief=_brief(rma, order.number),
        customer_name=order.customer_name,
        note=rma.note,
        requested_by=rma.requested_by,
        decided_by=rma.decided_by,
        decision=rma.decision,
        closed_at=rma.closed_at,
        lines=_lines(rma, order),
        refunds=refunds,
        places=places,
        wish=rma.wish.value,
        why=why_text(read_why(rma.why)),
        photos=rma.photos,
        send_by_at=rma.send_by_at if rma.waits_for_goods else None,
        expires_at=rma.expires_at if rma.waits_for_goods else None,
        actions=_actions(reader, rma, refunds, places),
        label=_label(reader, rma),
        comes_back_as=f"{rma.carrier} {rma.tracking_number}".strip(),
    )


def _label(reader: Reader, rma: Rma) -> LabelBrief | None:
    """The newest."""
    for one in reversed(labels_of(reader.session, rma.id)):
        state, paper = one.state.value, has_content(reader.session, one.id)
        told = (one.carrier, one.tracking_number, one.cost, one.currency, one.reason)
        return LabelBrief(one.id, state, *told, paper)
    return None


def _brief(rma: Rma, order: str) -> ReturnBrief:
    return ReturnBrief(
        id=rma.id,
        number=rma.number,
        order=order,
        status=rma.status.value,
        reason=rma.reason,
        units=rma.units,
        expected=0 if rma.closed_at else rma.expected,
        requested_at=rma.requested_at,
        decided_at=rma.decided_at,
        received_at=rma.received_at,
    )


def _lines(rma: Rma, order: Order) -> tuple[ReturnLineView, ...]:
    return tuple(
        ReturnLineView(
            line.line_id,
            line.sku,
            order.line(line.line_id).title,
            line.quantity,
            line.received,
            line.restocked,
            line.condition,
            line.missing,
            line.kept,
            line.declined,
            line.reason,
            terms_in_words(read_terms(line.terms), lambda n: amount_text(n, order.currency)),
        )
        for line in rma.lines
    )


def _places(reader: Reader, rma: Rma) -> tuple[ReturnPlace, ...]:
    return tuple(
        ReturnPlace(
            receipt.id,
            receipt.sku,
            units,
            disposition.value,
            reader.shop.locations[receipt.location_id].code,
            receipt.condition,
            receipt.photos,
            receipt.at,
        )
        for receipt in receipts_of(reader.session, rma.id)
        for disposition, units in receipt.places.items()
    )


_BEGUN = (RmaStatus.APPROVED, RmaStatus.RECEIVED)


def _actions(
    reader: Reader,
    rma: Rma,
    refunds: tuple[RefundView, ...],
    places: tuple[ReturnPlace, ...],
) -> tuple[str, ...]:
    """What this person may do next, the most likely first."""
    may = reader.actor.may
    is_swap = rma.wish in (Wish.EXCHANGE, Wish.REPLACEMENT) and not any(x.paid for x in rma.lines)
    aside = any(place.disposition in ("quarantine", "refurbish") for place in places)
    expects = rma.waits_for_goods
    steps = (
        ("approve", rma.status is RmaStatus.REQUESTED and may(Right.RETURN_DECIDE)),
        ("reject", rma.status is RmaStatus.REQUESTED and may(Right.RETURN_DECIDE)),
        ("approve", rma.status is RmaStatus.REJECTED and may(Right.RETURN_DECIDE)),
        ("received", expects and may(Right.RETURN_RECEIVE)),
        ("move-on", aside and may(Right.RETURN_RECEIVE)),
        (
            "wish",
            is_swap and rma.status in _BEGUN and may(Right.RETURN_DECIDE),
        ),
        ("refunded", any(r.state == "due" for r in refunds) and may(Right.REFUND)),
        (
            "cancel-return",
            (expects or rma.status is RmaStatus.REQUESTED) and may(Right.RETURN_REQUEST),
        ),
    )
    return tuple(verb for verb, fits in steps if fits)
