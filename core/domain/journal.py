"""The journal: every money fact of an order as a voucher whose debits equal its credits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from core.domain.edit_money import share
from core.domain.order import Order
from core.domain.refunds import Item, ItemKind, paid_for_first
from core.domain.values import dataclass

CUSTOMERS, SALES, TAX, REFUNDS = "customers", "sales", "tax", "refunds"
FEES, BONUS, CREDIT, GOODWILL, EXPIRED = (
    "fees",
    "bonus",
    "store credit",
    "goodwill",
    "expired credit",
)
CHARGEBACKS = "chargebacks"


@dataclass(frozen=True, slots=True)
class Posting:
    """Minor units: above zero a debit, below zero a credit."""

    account: str
    amount: int

    @property
    def debit(self) -> int:
        return max(0, self.amount)

    @property
    def credit(self) -> int:
        return max(0, -self.amount)


@dataclass(frozen=True, slots=True)
class Voucher:
    """One fact: its kind, when (UTC), of which order and document, and its postings."""

    at: datetime
    kind: str
    order: str
    text: str
    currency: str
    postings: tuple[Posting, ...]
    document: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that came in; `gateway` is channel, stripe, manual or credit."""

    at: datetime
    gateway: str
    amount: int


@dataclass(frozen=True, slots=True)
class Edited:
    at: datetime
    difference: int


@dataclass(frozen=True, slots=True)
class Canceled:
    """Units by line id that were not wanted any more; none: all that had not left."""

    at: datetime
    units: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaidBack:
    """A refund that is settled. With `is_sale_taken_back` it takes the sale back too; else an edit
    or a cancellation has done that. `parts` are (gateway, amount)."""

    at: datetime
    text: str
    items: tuple[Item, ...]
    parts: tuple[tuple[str, int], ...]
    is_sale_taken_back: bool
    document: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A share of a refund that came back from the customer's bank (above zero), or was paid out
    once more after that (below)."""

    at: datetime
    text: str
    gateway: str
    amount: int


@dataclass(frozen=True, slots=True)
class ChargedBack:
    """Money of a gateway that the customer's bank has taken for good."""

    at: datetime
    gateway: str
    amount: int


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """All money facts of one order as the ledgers hold them."""

    order: Order
    paid: tuple[Paid, ...] = ()
    edited: tuple[Edited, ...] = ()
    canceled: tuple[Canceled, ...] = ()
    back: tuple[PaidBack, ...] = ()
    moved: tuple[Moved, ...] = ()
    invoice: str = ""
    charged_back: tuple[ChargedBack, ...] = ()


def account_of(gateway: str) -> str:
    """Where a gateway's money lies; store credit is what the shop owes its customers."""
    return CREDIT if gateway == "credit" else f"money: {gateway}"


def vouchers(money: OrderMoney) -> tuple[Voucher, ...]:
    """What happened to an order's money, in the order of time."""
    found = [_sale(money)]
    found += [_edit(money.order, each) for each in money.edited]
    found += _cancellations(money)
    found += [_payment(money.order, each) for each in money.paid]
    found += [_chargeback(money.order, each) for each in money.charged_back]
    for each in money.back:
        found += _taken_back(money.order, each)
        found.append(_payout(money.order, each))
    found += [_moved(money.order, each) for each in money.moved]
    return tuple(sorted((v for v in found if v.postings), key=lambda v: v.at))


def _voucher(
    order: Order,
    at: datetime,
    kind: str,
    text: str,
    postings: Iterable[Posting],
    document: str = "",
) -> Voucher:
    kept = tuple(posting for posting in postings if posting.amount)
    return Voucher(at, kind, order.number, text, order.currency, kept, document)


def _revenue(amount: int, tax: int) -> tuple[Posting, ...]:
    """The customer owes so much more: the goods' worth, and the state's share of it."""
    return Posting(CUSTOMERS, amount), Posting(SALES, -(amount - tax)), Posting(TAX, -tax)


def _sale(money: OrderMoney) -> Voucher:
    """What was ordered at first: later edits stand apart."""
    order = money.order
    later = sum(each.difference for each in money.edited)
    tax = order.tax - sum(_tax_of(order, each.difference) for each in money.edited)
    postings = _revenue(order.total - later, tax)
    text = f"Order {order.number}"
    return _voucher(order, order.captured_at, "sale", text, postings, money.invoice)


def _tax_of(order: Order, amount: int) -> int:
    """An amount's share of the order's tax."""
    if not order.total:
        return 0
    part = share(abs(amount), order.tax, order.total)
    return part if amount >= 0 else -part


def _edit(order: Order, edit: Edited) -> Voucher:
    postings = _revenue(edit.difference, _tax_of(order, edit.difference))
    return _voucher(order, edit.at, "edit", f"Edit of order {order.number}", postings)


def _cancellations(money: OrderMoney) -> list[Voucher]:
    """Each takes back its units' worth by the cumulative rule; the last one all that is left."""
    order, gone = money.order, dict.fromkeys((line.id for line in money.order.bought), 0)
    found, amount_gone, tax_gone = [], 0, 0
    for each in money.canceled:
        if each.units:
            amount, tax = _worth(order, each.units, gone)
        else:
            amount, tax = _left(order, amount_gone, tax_gone)
        amount_gone, tax_gone = amount_gone + amount, tax_gone + tax
        text = f"Canceled in order {order.number}"
        found.append(_voucher(order, each.at, "cancel", text, _revenue(-amount, -tax)))
    return found


def _worth(order: Order, units: Mapping[int, int], gone: dict[int, int]) -> tuple[int, int]:
    """(money, tax) of units; those whose cancellation was undone meanwhile are worth nothing."""
    amount = tax = 0
    for line_id, quantity in units.items():
        if line_id not in gone:
            continue
        line, before = order.line(line_id), gone[line_id]
        gone[line_id] = after = max(before, min(line.canceled, before + quantity))
        for_total, for_tax = (
            paid_for_first(paid, line.ordered, after) - paid_for_first(paid, line.ordered, before)
            for paid in (line.total, line.tax)
        )
        amount, tax = amount + for_total, tax + for_tax
    return amount, tax


def _left(order: Order, amount_gone: int, tax_gone: int) -> tuple[int, int]:
    """All of an order but what has left the house and what was taken back before."""
    sent = [line for line in order.bought if line.shipped]
    amount, tax = (
        sum(paid_for_first(getattr(x, name), x.ordered, x.shipped) for x in sent)
        for name in ("total", "tax")
    )
    return order.total - amount_gone - amount, order.tax - tax_gone - tax


def _payment(order: Order, paid: Paid) -> Voucher:
    postings = (Posting(account_of(paid.gateway), paid.amount), Posting(CUSTOMERS, -paid.amount))
    return _voucher(order, paid.at, "payment", f"Payment of order {order.number}", postings)


def _chargeback(order: Order, lost: ChargedBack) -> Voucher:
    """The sale stands, its money does not."""
    postings = (
        Posting(CHARGEBACKS, lost.amount),
        Posting(account_of(lost.gateway), -lost.amount),
    )
    text = f"Chargeback of order {order.number}"
    return _voucher(order, lost.at, "chargeback", text, postings)


def _taken_back(order: Order, back: PaidBack) -> list[Voucher]:
    """The sale of what came back, its fee, and the bonus on top."""
    postings: list[Posting] = []
    for item in back.items:
        postings.append(Posting(CUSTOMERS, -item.amount))
        postings.append(Posting(_ACCOUNTS.get(item.kind, REFUNDS), item.amount - item.tax))
        postings.append(Posting(TAX, item.tax))
    if not back.is_sale_taken_back:
        return []
    return [_voucher(order, back.at, "refund", back.text, _summed(postings), back.document)]


_ACCOUNTS = {ItemKind.FEE: FEES, ItemKind.BONUS: BONUS}


def _payout(order: Order, back: PaidBack) -> Voucher:
    postings = [Posting(account_of(gateway), -amount) for gateway, amount in back.parts]
    total = sum(amount for _, amount in back.parts)
    return _voucher(
        order, back.at, "payout", back.text, _summed([Posting(CUSTOMERS, total), *postings])
    )


def _moved(order: Order, moved: Moved) -> Voucher:
    postings = (
        Posting(account_of(moved.gateway), moved.amount),
        Posting(CUSTOMERS, -moved.amount),
    )
    kind = "payout" if moved.amount < 0 else "payout came back"
    return _voucher(order, moved.at, kind, moved.text, postings)


def _summed(postings: Sequence[Posting]) -> tuple[Posting, ...]:
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.account] = sums.get(posting.account, 0) + posting.amount
    return tuple(Posting(account, amount) for account, amount in sums.items())


# --- store credit that belongs to no order -------------------------------------------------------


def credit_voucher(kind: str, at: datetime, amount: int, currency: str, text: str) -> Voucher:
    """Credit that was given, taken or has expired; `amount` above zero is the customer's."""
    other = EXPIRED if kind == "expired" else GOODWILL
    postings = (Posting(other, amount), Posting(CREDIT, -amount))
    return Voucher(at, "credit", "", text, currency, postings)
