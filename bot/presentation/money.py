"""Money: a refund before it is made, and all payments, refunds and requests of an order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Field, Section
from bot.presentation.words import ago, day, money, state, when
from core.domain.refund_wish import read_amount
from core.queries.money import MoneyView, MoveView, PaymentView, RefundView, RequestView
from core.queries.refunds import ItemView, PartView, RefundPreview

_WAYS = {
    "channel": "the way it was paid, in the shop",
    "stripe": "the card or account that paid, by Stripe",
    "manual": "paid out by a person, who records the reference",
    "credit": "store credit",
}
MONEY_CASES = {
    "refund_task": ("refunded",),
    "refund_approval": ("approve refund", "money"),
    "refund_failed": ("retry refund", "refunded"),
    "refund_unknown": ("money", "refunded"),
    "payment_due": ("paid", "money"),
    "chargeback": ("proof", "money"),
}
_KINDS = {"adjustment": "An amount beside the goods"}
_ASKED = {"sent": "asked for", "unknown": "no answer yet", "failed": "refused"}
_BY = {"channel": "by the shop", "stripe": "by Stripe", "manual": "by hand", "credit": "as credit"}
_PAID_BY = {"channel": "The shop", "stripe": "Stripe", "manual": "By hand", "credit": "Credit"}


def refund_card(view: RefundPreview, desk: Desk) -> Card:
    return Card(
        title=f"Refund of order {view.order}: {money(view.amount, view.currency, desk)}",
        sections=(
            Section(tuple(_item(each, view.currency, desk) for each in view.items), "For"),
            Section(tuple(_way(each, view.currency, desk) for each in view.parts), "Goes to"),
            Section(_kept(view)),
            Section(_approval(view), tone="warn"),
            Section(_like(view, desk), tone="warn"),
        ),
        fields=tuple(_fields(view, desk)),
        actions=kept(_go(view, desk), button(desk, "show", view.order, text="Open Order")),
        note="Nothing has moved yet.",
    )


def _fields(view: RefundPreview, desk: Desk) -> Iterable[Field]:
    if view.tax:
        yield Field("Tax in it", money(view.tax, view.currency, desk))
    reason = read_amount(view.asked.reason, view.currency)[1]
    if reason:
        yield Field("Reason", reason)
    yield Field("Left after it", money(view.left, view.currency, desk))


def _item(item: ItemView, currency: str, desk: Desk) -> str:
    what = (
        f"{item.quantity} × {item.about}"
        if item.quantity
        else _KINDS.get(item.kind) or state(item.kind).capitalize()
    )
    tax = f" (tax {money(item.tax, currency, desk)})" if item.tax else ""
    return f"{what}: {money(item.amount, currency, desk)}{tax}"


def _way(part: PartView, currency: str, desk: Desk) -> str:
    number = f" ({part.payment})" if part.payment else ""
    return f"{money(part.amount, currency, desk)}: {_WAYS[part.gateway]}{number}"


def _kept(view: RefundPreview) -> tuple[str, ...]:
    """What the refund means for the goods: whoever wants them back starts a return instead."""
    kept = [f"{each.kept} × {each.about}" for each in view.items if each.kept]
    if not kept:
        return ()
    back = f"if they shall come back: `return {view.order}`"
    return (f"The customer keeps {', '.join(kept)}; {back}.",)


def _approval(view: RefundPreview) -> tuple[str, ...]:
    return ("A second person has to approve this amount.",) if view.needs_approval else ()


def _like(view: RefundPreview, desk: Desk) -> tuple[str, ...]:
    if view.like is None:
        return ()
    return (f"A refund like this one was made {ago(view.like, desk.now)}: is it meant once more?",)


def _go(view: RefundPreview, desk: Desk) -> Action | None:
    """The wish as it was typed, and the amount that was shown: another one is refused."""
    asked: dict[str, Any] = {
        "units": [asdict(each) for each in view.asked.units],
        "what": view.asked.what.value if view.asked.what else None,
        "to": view.asked.to.value,
        "reason": view.asked.reason,
        "fee": view.asked.fee,
        "expects": view.amount,
        "sure": "again" if view.like else None,
    }
    text = "Ask for Approval" if view.needs_approval else "Refund"
    more = " Once More" if view.like else ""
    return button(
        desk,
        "refund now",
        view.order,
        version=view.version,
        style="primary",
        text=f"{text} {money(view.amount, view.currency, desk)}{more}",
        more={name: value for name, value in asked.items() if value},
    )


def money_buttons(kind: str, about: str, order: str, desk: Desk) -> Iterable[Action | None]:
    """What can be done about a case of money; `about` is a return's number, or the order's."""
    for n, verb in enumerate(MONEY_CASES[kind]):
        subject = order if verb in ("money", "retry refund", "proof") else about
        if subject:
            yield button(desk, verb, subject, style="primary" if n == 0 else "plain")


# --- all of an order's money ---------------------------------------------------------------------


def money_card(view: MoneyView, desk: Desk) -> Card:
    def amount(minor: int) -> str:
        return money(minor, view.currency, desk)

    fields = [Field("Costs", amount(view.worth)), Field("Paid", amount(view.captured))]
    if view.refunded:
        fields.append(Field("Refunded", amount(view.refunded)))
    if view.owed:
        fields.append(Field("Due to the customer", amount(view.owed), "warn"))
    fields.append(Field("Can still go back", amount(view.left)))
    sections = (
        Section(tuple(_payment(p, view.currency, desk) for p in view.payments), "Paid by"),
        Section(tuple(_refund(each, view, desk) for each in view.refunds), "Refunds"),
        Section(tuple(_request(each, view, desk) for each in view.requests), "Asked for"),
        Section(tuple(_move(each, view, desk) for each in view.moves), "Asked of gateways"),
    )
    acting = [button(desk, verb, view.order) for verb in view.actions]
    opening = button(desk, "show", view.order, text="Open Order")
    return Card(
        title=f"Money of order {view.order}",
        sections=tuple(each for each in sections if each.lines),
        fields=tuple(fields),
        actions=kept(*acting, opening)[:3],
        note="" if view.payments else "Nothing was paid yet, and nothing is set aside.",
    )


def _payment(payment: PaymentView, currency: str, desk: Desk) -> str:
    told = (
        (payment.captured, "taken"),
        (payment.refunded, "gone back"),
        (payment.let_go, "let go"),
    )
    parts = [f"{money(amount, currency, desk)} {word}" for amount, word in told if amount]
    if payment.open:
        until = f" until {when(payment.expires_at, desk)}" if payment.expires_at else ""
        parts.append(f"{money(payment.open, currency, desk)} set aside{until}")
    number = f" {payment.reference}" if payment.reference else ""
    return f"{_payer(payment)}{number}: {', '.join(parts) or 'nothing'}"


def _payer(payment: PaymentView) -> str:
    """Who took it; of several accounts, which one."""
    who = _PAID_BY[payment.gateway]
    return f"{who} ({payment.where})" if payment.gateway in ("channel", "stripe") else who


def _move(move: MoveView, view: MoneyView, desk: Desk) -> str:
    why = f": {move.reason}" if move.reason else ""
    said = _ASKED.get(move.state, state(move.state))
    amount = money(move.amount, view.currency, desk)
    return f"{when(move.at, desk)} · {move.what} of {amount}, {move.where}: {said}{why}"


def _refund(refund: RefundView, view: MoneyView, desk: Desk) -> str:
    amount = money(refund.amount, view.currency, desk)
    if refund.waits:
        return f"{amount} waits for approval"
    since = f" {ago(refund.settled_at or refund.due_at, desk.now)}"
    reference = f", {refund.reference}" if refund.reference else ""
    live = [each for each in refund.parts if each.state not in ("canceled", "reversed")]
    ways = ", ".join(
        f"{money(p.amount, view.currency, desk)} {_BY[p.gateway]}: {_far(p, refund)}" for p in live
    )
    telling = any(p.state == "failed" or _is_task(p) for p in live)
    detail = f" ({ways})" if len(live) > 1 or telling else ""
    return f"{amount} {state(refund.state)}{since}{reference}{detail}"


def _far(part: PartView, refund: RefundView) -> str:
    if _is_task(part):
        return f"waits for a person; then write `refunded {refund.about}` and the reference"
    return state(part.state)


def _is_task(part: PartView) -> bool:
    return part.gateway == "manual" and part.state == "sent"


def _request(request: RequestView, view: MoneyView, desk: Desk) -> str:
    amount = money(request.amount, view.currency, desk)
    until = f" until {day(request.due_at.date(), desk)}" if request.state == "open" else ""
    reference = f", {request.reference}" if request.reference else ""
    return f"{amount} {state(request.state)}{until}{reference}: {request.why}"
