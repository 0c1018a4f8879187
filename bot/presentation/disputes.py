"""Chargebacks in a list: how much, of which order, how it stands and until when to answer."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Page
from bot.presentation.words import money, state, when
from core.queries.disputes import DisputeBrief, DisputeList

OPENED = 5


def disputes_page(view: DisputeList, desk: Desk) -> Page:
    known = list(dict.fromkeys(each.order for each in view.disputes if each.order))
    proofs = (button(desk, "proof", n, text=f"Proof of {n}") for n in known[:OPENED])
    waiting = sum(1 for each in view.disputes if each.dispute.ended_at is None)
    return Page(
        title=f"Chargebacks: {waiting} open{', older ones not shown' if view.more else ''}",
        lines=tuple(_line(each, desk) for each in view.disputes),
        actions=kept(*proofs),
        empty="No bank has asked for money back.",
    )


def _line(brief: DisputeBrief, desk: Desk) -> str:
    found = brief.dispute
    parts = [
        f"Order {brief.order}" if brief.order else "A payment that no order here knows",
        money(found.amount, found.currency, desk),
        state(found.reason) if found.reason else "",
        "inquiry" if found.is_inquiry else "",
        f"{state(found.state.value)} since {when(found.ended_at or found.opened_at, desk)}",
    ]
    if found.due_at is not None and found.ended_at is None:
        parts.append(f"evidence until {when(found.due_at, desk)}")
    return " · ".join(part for part in parts if part)
