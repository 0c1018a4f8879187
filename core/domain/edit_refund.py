"""What the money that an edit gives back is for: the goods that went, and whatever else fell."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.edit_money import share
from core.domain.edits import LineChange, Preview
from core.domain.refunds import Item, ItemKind, capped, tax_of, total_of


def refund_items(found: Preview) -> tuple[Item, ...]:
    """Items that add up to the preview's refund; prices and shipping are an adjustment."""
    goods = tuple(_goods(found, [x for x in found.lines if x.after < x.before]))
    rest = -found.difference - total_of(goods)
    tax = found.before.tax - found.after.tax - tax_of(goods)
    items = (*goods, Item(ItemKind.ADJUSTMENT, rest, tax)) if rest or tax else goods
    return capped(items, found.refund)


def _goods(found: Preview, lines: Iterable[LineChange]) -> Iterable[Item]:
    for each in lines:
        line = found.before.line(each.line_id)
        amount = each.money_before - each.money_after
        tax = share(amount, line.tax, line.total) if line.total else 0
        yield Item(ItemKind.LINE, amount, tax, each.line_id, each.before - each.after)
