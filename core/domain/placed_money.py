"""Money of a new order, frozen: what its channel tells of the whole is shared over its lines."""

from __future__ import annotations

from core.domain.money import allocate
from core.domain.order import Line
from core.domain.values import replace


def frozen(
    lines: tuple[Line, ...], *, shipping: int, discount: int, tax: int, total: int | None
) -> tuple[tuple[Line, ...], int]:
    """(the lines with their shares of a discount and tax of the whole order, the shipping's tax).

    A share is taken by largest remainder, so that the lines add up to what was told. What the
    lines tell themselves stays as it is.
    """
    untaxed = tax > 0 and not any(line.tax for line in lines)
    rest = discount - sum(line.discount for line in lines)
    if total is not None and rest > 0:
        lines = _discounted(lines, _off(lines, shipping, rest, tax if untaxed else 0, total))
    if not untaxed:
        return lines, max(0, tax - sum(line.tax for line in lines)) if shipping else 0
    whole = sum(line.total for line in lines) + shipping
    *shares, shipping_tax = allocate(tax, [*(line.total for line in lines), shipping])
    on_top = total is not None and total == whole + tax
    taxed = tuple(
        replace(line, tax=share, total=line.total + (share if on_top else 0))
        for line, share in zip(lines, shares, strict=True)
    )
    return taxed, shipping_tax


def _off(lines: tuple[Line, ...], shipping: int, rest: int, tax: int, total: int) -> int:
    """How much of the discount is not in the lines' totals yet; tax may come on top of them."""
    over = sum(line.total for line in lines) + shipping - total
    if tax and over == rest - tax:
        return rest
    return max(0, min(rest, over))


def _discounted(lines: tuple[Line, ...], amount: int) -> tuple[Line, ...]:
    goods = sum(line.total for line in lines)
    if not amount or amount > goods:
        return lines
    shares = allocate(amount, [line.total for line in lines])
    return tuple(
        replace(line, discount=line.discount + share, total=line.total - share)
        for line, share in zip(lines, shares, strict=True)
    )
