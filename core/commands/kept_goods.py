"""Goods that come back although their money has gone back and the customer could keep them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from core.commands.choosing import in_words
from core.db.receipts import FoundBox, kept_boxes_of, match_box
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.order import Change, Line, Order
from core.registry import Done


def kept_goods_came(uow: UnitOfWork, order: Order, box: FoundBox) -> Done | None:
    """The box is the order's, and nothing more is owed for it; None when it is not of goods that
    were kept, or when there is still a return to be made of it. Stock stays in quarantine."""
    units = Counter(dict(box.lines))
    if units <= _by_sku(order, lambda line: line.returnable) or not units <= _kept(uow, order):
        return None
    place = uow.shop.locations[box.location_id].code
    match_box(uow, box, order.id, None)
    uow.orders.save(Change(order, (e.KeptGoodsCame(dict(units), place),)))
    sku, some = next(iter(units.items()))
    return Done(
        f"{in_words(dict(units))} of order {order.number} came back after their money: nothing "
        f"more is owed. They are in quarantine: `sell-again {sku} {place} {some} quality`.",
        {"order": order.number, "location": place},
    )


def _kept(uow: UnitOfWork, order: Order) -> Counter[str]:
    """Units that customers could keep, less those that came back all the same."""
    came = Counter[str]()
    for box in kept_boxes_of(uow, order.id):
        came.update(dict(box.lines))
    return _by_sku(order, lambda line: line.return_kept) - came


def _by_sku(order: Order, able: Callable[[Line], int]) -> Counter[str]:
    found = Counter[str]()
    for line in order.lines:
        found[line.sku] += able(line)
    return found
