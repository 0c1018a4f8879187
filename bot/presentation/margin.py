"""What an order has earned, as a card."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field
from bot.presentation.words import money
from core.queries.margin import MarginView


def margin_card(view: MarginView, desk: Desk) -> Card:
    def told(amount: int) -> str:
        return money(amount, view.currency, desk)

    share = "" if view.percent is None else f", {view.percent}% of its revenue"
    most = "at most " if view.unknown else ""
    share = "" if view.unknown else share
    taken = (
        ("Goods", view.goods),
        ("Parcels", view.parcels),
        ("Presents", view.presents),
        ("Chargebacks", view.chargebacks),
    )
    unknown = (
        f"Nobody has said what {', '.join(view.unknown)} cost in buying: import the products with "
        "a column `cost`."
    )
    return Card(
        f"Order {view.order} has earned {most}{told(view.earned)}{share}",
        fields=(
            Field("Revenue without tax", told(view.revenue)),
            *(Field(name, told(-amount)) for name, amount in taken if amount),
        ),
        actions=kept(button(desk, "show", view.order)),
        note=unknown if view.unknown else "",
        tone="plain" if view.earned >= 0 else "warn",
    )
