"""The margin of an order after returns, derived from the ledgers whenever it is asked for."""

from __future__ import annotations

from typing import Annotated

from core.db import margin as book
from core.db.journal import money_of
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.margin import margin_of
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class MarginView:
    """Minor units without tax; `percent` is of the revenue (None: there is none). `unknown` are
    SKUs without a cost, counted as nothing."""

    order: str
    currency: str
    revenue: int
    goods: int
    parcels: int
    presents: int
    earned: int
    percent: int | None
    unknown: tuple[str, ...]
    chargebacks: int = 0


@dataclass(frozen=True, slots=True)
class ShowMargin:
    """Show what an order has earned: its money without tax, less goods, parcels and presents."""

    order: Annotated[str, Arg.ORDER]


@question("margin", ShowMargin, Right.REFUND, examples=("margin 1001",))
def show_margin(ask: ShowMargin, reader: Reader) -> MarginView:
    order = reader.orders.get(ask.order)
    found = margin_of(
        money_of(reader, order.id),
        book.costs_of(reader, {line.sku for line in order.lines}),
        book.restocked_of(reader, order.id),
        book.parcels_of_order(reader, order.id) + book.labels_of_order(reader, order.id),
    )
    return MarginView(
        order.number,
        order.currency,
        found.revenue,
        found.goods,
        found.parcels,
        found.presents,
        found.earned,
        found.percent,
        found.unknown,
        found.chargebacks,
    )
