"""The money of a line that is edited: what its remaining units cost, exact to the last cent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.domain.order import Line
from core.domain.refunds import paid_for_first


def share(amount: int, part: int, whole: int) -> int:
    """`amount` times part / whole, rounded half up; whole is above zero."""
    return (2 * amount * part + whole) // (2 * whole)


def kept(amount: int, ordered: int, gone: int) -> int:
    """What is left of a line's amount when the first `gone` of `ordered` units took theirs."""
    return amount - paid_for_first(amount, ordered, gone)


def whole(left: int, ordered: int, gone: int) -> int:
    """The smallest amount of which exactly `left` is kept; `gone` is less than `ordered`.

    There always is one: one unit more of the amount keeps one more, or none.
    """
    amount = max(0, (left - 1) * ordered // (ordered - gone))
    while kept(amount, ordered, gone) < left:
        amount += 1
    return amount


def grown(line: Line, gone: int, units: int) -> Line:
    """More units at the line's own price, without its discount, taxed at the line's own share."""
    more = _price_of(line, units)
    tax = share(more, line.tax, line.total) if line.total else 0
    ordered = line.ordered + units
    return replace(
        line,
        ordered=ordered,
        total=whole(kept(line.total, line.ordered, gone) + more, ordered, gone),
        tax=whole(kept(line.tax, line.ordered, gone) + tax, ordered, gone),
        discount=whole(kept(line.discount, line.ordered, gone), ordered, gone),
    )


def _price_of(line: Line, units: int) -> int:
    """What so many more cost, tax included; a line that came without a price costs its share."""
    price = line.unit_price * units
    if not price:
        return share(line.total, units, line.ordered)
    return share(price, line.total, line.net) if line.net > 0 else price


def slashed(line: Line, gone: int, amount: int) -> Line:
    """The remaining units cost `amount` less, and their tax falls with it."""
    left = kept(line.total, line.ordered, gone)
    less_net = share(amount, line.net, line.total)
    tax = share(kept(line.tax, line.ordered, gone), left - amount, left)
    return _priced(line, gone, left - amount, tax, less_net)


def without_discount(line: Line, gone: int) -> Line:
    """The remaining units at their full price; their tax grows with it."""
    off = kept(line.discount, line.ordered, gone)
    left = kept(line.total, line.ordered, gone)
    more = share(off, line.total, line.net) if line.net > 0 else off
    tax = kept(line.tax, line.ordered, gone)
    taxed = share(tax, left + more, left) if left else tax
    return _priced(line, gone, left + more, taxed, -off)


def _priced(line: Line, gone: int, left: int, tax: int, less: int) -> Line:
    discount = kept(line.discount, line.ordered, gone) + less
    return replace(
        line,
        total=whole(left, line.ordered, gone),
        tax=whole(tax, line.ordered, gone),
        discount=whole(max(0, discount), line.ordered, gone),
    )


def new_total(lines: Iterable[Line], price: int) -> tuple[int, int]:
    """(total, tax) of goods of this price, taxed at the share of the order's other lines."""
    total = net = tax = 0
    for line in lines:
        total, net, tax = total + line.total, net + line.net, tax + line.tax
    full = share(price, total, net) if net > 0 else price
    return full, share(full, tax, total) if total else 0
