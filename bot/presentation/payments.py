"""How an order was paid, as staff read it: each payment, what was asked of it, and what is open."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Section
from bot.presentation.words import money, state, when
from core.queries.payments import MoveView, OrderMoney, PaymentView

_STATES = {
    "sent": "asked for",
    "unknown": "no answer yet",
    "planned": "waits for approval",
    "refunded": "done",
    "failed": "refused",
}


def payments_card(view: OrderMoney, desk: Desk) -> Card:
    def text(amount: int) -> str:
        return money(amount, view.currency, desk)

    fields = (
        Field("Costs", text(view.worth)),
        Field("Paid", text(view.captured)),
        Field("Refunded", text(view.refunded)),
    )
    sections = (
        Section(tuple(_payment(each, view, desk) for each in view.payments), "Payments"),
        Section(tuple(_move(each, view, desk) for each in view.moves), "What was asked"),
    )
    can = view.can_collect > 0
    back = f", {text(view.refunded)} refunded" if view.refunded else ""
    return Card(
        f"Order {view.order}: {text(view.captured)} paid{back}",
        tuple(section for section in sections if section.lines),
        fields,
        actions=kept(
            button(desk, "collect", view.order, text="Collect") if can else None,
            button(desk, "let-go", view.order, text="Let go") if can else None,
        ),
        note="" if view.payments else "Nothing was paid yet, and nothing is set aside.",
    )


def _payment(each: PaymentView, view: OrderMoney, desk: Desk) -> str:
    told = [
        f"{money(amount, view.currency, desk)} {word}"
        for amount, word in (
            (each.captured, "taken"),
            (each.refunded, "given back"),
            (each.let_go, "let go"),
        )
        if amount
    ]
    if each.open:
        until = f" until {when(each.expires_at, desk)}" if each.expires_at else ""
        told.append(f"{money(each.open, view.currency, desk)} set aside{until}")
    name = f"{each.where} {each.external_id}".strip()
    return f"{name}: {', '.join(told) or 'nothing'}"


def _move(each: MoveView, view: OrderMoney, desk: Desk) -> str:
    amount = money(each.amount, view.currency, desk)
    found = f" ({each.external_id})" if each.external_id else ""
    why = f": {each.reason}" if each.reason else ""
    by_hand = each.where == "manual"
    said = _STATES.get(each.state, state(each.state))
    if by_hand and each.state == "sent":
        said = f"waits for a person; then write `refunded {view.order}` and the reference"
    where = "by hand" if by_hand else each.where
    return f"{when(each.at, desk)} · {each.what} of {amount}, {where}: {said}{found}{why}"
