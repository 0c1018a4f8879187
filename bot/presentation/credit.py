"""A customer's store credit as staff read it: what is there, and how it came and went."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Section
from bot.presentation.words import money, state, when
from core.queries.credit import BalanceView, CreditEntryView, CreditView


def credit_card(view: CreditView, desk: Desk) -> Card:
    left = " and ".join(money(x.balance, x.currency, desk) for x in view.balances)
    more = {"who": view.email}
    return Card(
        f"{left} of store credit: {view.email}" if left else f"No store credit: {view.email}",
        tuple(_section(each, desk) for each in view.balances),
        actions=kept(
            button(desk, "credit add", more=more),
            button(desk, "credit take", more=more) if left else None,
        ),
    )


def _section(each: BalanceView, desk: Desk) -> Section:
    lines = tuple(_line(entry, each.currency, desk) for entry in each.entries)
    return Section(lines, each.currency)


def _line(entry: CreditEntryView, currency: str, desk: Desk) -> str:
    sign = "+" if entry.amount > 0 else ""
    order = f", order {entry.order}" if entry.order else ""
    ends = f", until {when(entry.expires_at, desk)}" if entry.expires_at else ""
    amount = f"{sign}{money(entry.amount, currency, desk)}"
    what = f"{amount} {state(entry.kind)}{order}: {entry.reason}{ends}"
    return f"{when(entry.at, desk)} · {what} ({entry.actor})"
