"""Invoices and credit notes: what stands on them, with the tax of every rate, to the last cent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from core.domain.edit_money import kept, share
from core.domain.order import Line, Order
from core.domain.refunds import Item, ItemKind
from core.domain.refusals import NotPossible
from core.domain.values import dataclass

WHEN = ("asked", "shipped")  # when an invoice is made by itself; asking for one always works


class DocumentKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


PREFIXES = {DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CN"}


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """Minor units: `total` is what was paid, `tax` the part of it that is tax. `rate` is in
    hundredths of a percent."""

    kind: str  # line, shipping, fee, adjustment
    sku: str
    title: str
    quantity: int
    total: int
    tax: int
    rate: int = 0

    @property
    def net(self) -> int:
        return self.total - self.tax


@dataclass(frozen=True, slots=True)
class RateSum:
    """All lines of one tax rate together."""

    rate: int
    net: int
    tax: int
    total: int


def number_of(kind: DocumentKind, serial: int) -> str:
    return f"{PREFIXES[kind]}-{serial:05d}"


def rate_of(total: int, tax: int) -> int:
    """The tax rate behind two amounts, in hundredths of a percent: the plainest one that explains
    them to the cent (19 % before 19.03 %)."""
    net = total - tax
    if net <= 0 or tax <= 0:
        return 0
    for step in (100, 50, 10, 5):
        rate = share(tax, 10_000, net * step) * step
        if abs(share(net, rate, 10_000) - tax) <= 1:
            return rate
    return share(tax, 10_000, net)


def by_rate(lines: Iterable[DocumentLine]) -> tuple[RateSum, ...]:
    """The sums by tax rate, the highest rate first."""
    found: dict[int, RateSum] = {}
    for line in lines:
        so_far = found.get(line.rate, RateSum(line.rate, 0, 0, 0))
        found[line.rate] = RateSum(
            line.rate, so_far.net + line.net, so_far.tax + line.tax, so_far.total + line.total
        )
    return tuple(found[rate] for rate in sorted(found, reverse=True))


# --- invoices -------------------------------------------------------------------------------------


def invoice_lines(order: Order) -> tuple[DocumentLine, ...]:
    """What the order's customer pays for: units that are not canceled, shipping, and the rest.

    Raises NotPossible when that is nothing.
    """
    goods = tuple(_goods(line) for line in order.bought if line.wanted)
    lines = (*goods, *_beside_goods(order))
    if sum(line.total for line in lines) <= 0:
        raise NotPossible(f"Order {order.number} costs nothing; there is nothing to invoice.")
    return lines


def _goods(line: Line) -> DocumentLine:
    total, tax = (kept(x, line.ordered, line.canceled) for x in (line.total, line.tax))
    title = line.title or line.sku
    return DocumentLine("line", line.sku, title, line.wanted, total, tax, rate_of(total, tax))


def _beside_goods(order: Order) -> Iterable[DocumentLine]:
    """Shipping with the tax on top of it, and what nothing explains: a tip, a rounding."""
    total, tax = _rest(order)
    is_taxed_on_top = order.shipping < total <= order.shipping + max(0, tax)
    shipping = total if is_taxed_on_top else order.shipping
    part = max(0, min(tax, shipping))
    if shipping:
        yield DocumentLine("shipping", "", "", 1, shipping, part, rate_of(shipping, part))
    if total != shipping:
        yield DocumentLine("adjustment", "", "", 1, total - shipping, tax - part)


def _rest(order: Order) -> tuple[int, int]:
    """(money, tax) of the order that belongs to none of its lines.

    An edit takes canceled units out of the order's total, a cancellation leaves them in; what is
    left over tells which it was.
    """
    whole = [(line.total, line.tax) for line in order.bought]
    left = [
        tuple(kept(x, line.ordered, line.canceled) for x in (line.total, line.tax))
        for line in order.bought
    ]
    for lines in (whole, left):
        rest = order.total - sum(x[0] for x in lines), order.tax - sum(x[1] for x in lines)
        if order.shipping <= rest[0] <= order.shipping + max(0, rest[1]):
            return rest
    if any(line.canceled for line in order.bought):
        return order.shipping, 0
    return order.total - sum(x[0] for x in whole), order.tax - sum(x[1] for x in whole)


# --- credit notes ---------------------------------------------------------------------------------


def credited_lines(order: Order, items: Sequence[Item]) -> tuple[DocumentLine, ...]:
    """A refund's items as a credit note has them.

    A bonus is a present of the shop and no part of what was sold.
    """
    return tuple(_credited(order, item) for item in items if item.kind is not ItemKind.BONUS)


def _credited(order: Order, item: Item) -> DocumentLine:
    line = order.line(item.line) if item.line else None
    return DocumentLine(
        item.kind.value,
        line.sku if line else "",
        (line.title or line.sku) if line else "",
        item.quantity or 1,
        item.amount,
        item.tax,
        rate_of(abs(item.amount), abs(item.tax)),
    )


def left_of(lines: Sequence[DocumentLine], total_left: int) -> tuple[DocumentLine, ...]:
    """What takes back all that is left of an invoice: its lines, or the rest as one sum."""
    total, tax = sum(x.total for x in lines), sum(x.tax for x in lines)
    if total_left == total:
        return tuple(lines)
    part = share(total_left, tax, total) if total else 0
    rest = DocumentLine("adjustment", "", "", 1, total_left, part)
    return (replace(rest, rate=rate_of(total_left, part)),)
