"""Claims: what went wrong, what is wished for, what looked wrong, how it ended, and the buttons."""

from __future__ import annotations

from collections.abc import Iterable

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Field, Page, Section
from bot.presentation.words import ago, money, state
from core.domain.claims import Remedy
from core.queries.claims import ClaimBrief, ClaimList, ClaimView


def claim_buttons(number: str, wish: str, desk: Desk) -> Iterable[Action | None]:
    """First what the customer would like, then the other way, then no."""
    for remedy in sorted(Remedy, key=lambda each: each.value != wish):
        yield button(
            desk,
            "accept claim",
            text="Send Again" if remedy is Remedy.REPLACEMENT else "Refund",
            style="primary" if remedy.value == wish else "plain",
            more={"claim": number, "remedy": remedy.value},
        )
    yield button(desk, "reject claim", more={"claim": number})


def claims_page(view: ClaimList, desk: Desk) -> Page:
    opening = (
        button(desk, "show-claim", each.number, text=f"Open {each.number}")
        for each in view.claims[:5]
    )
    return Page(
        title=f"Claims of {view.about}: {len(view.claims)}"
        if view.about
        else f"Claims: {len(view.claims)}",
        lines=tuple(_line(each, desk) for each in view.claims),
        actions=kept(*opening),
        empty=f"Nothing was claimed of order {view.about}."
        if view.about
        else "No claim waits for a decision.",
    )


def _line(claim: ClaimBrief, desk: Desk) -> str:
    parts = [claim.number, f"order {claim.order}", _goods(claim), _stands(claim)]
    return " · ".join((*parts, ago(claim.requested_at, desk.now), *claim.flags))


def _goods(claim: ClaimBrief) -> str:
    goods = ", ".join(f"{units} × {sku}" for sku, units in claim.units.items())
    return f"{goods} {state(claim.reason)}"


def _stands(claim: ClaimBrief) -> str:
    """What is wished for while it waits; afterwards, how it ended."""
    if claim.status == "requested":
        return f"wants a {state(claim.wish)}"
    if claim.result:
        return f"sent again as {claim.result}"
    return "refunded" if claim.remedy == "refund" else state(claim.status)


def claim_card(view: ClaimView, desk: Desk) -> Card:
    brief = view.brief
    deciding = claim_buttons(brief.number, brief.wish, desk) if view.may_decide else ()
    again = (
        button(desk, "show", brief.result, text=f"Open {brief.result}") if brief.result else None
    )
    opening = button(desk, "show", brief.order, text="Open Order")
    photos = button(desk, "photos", brief.order) if brief.photos else None
    buttons = kept(*deciding, again, opening, photos)
    return Card(
        title=f"Claim {brief.number} · {view.customer_name} · {_stands(brief)}",
        sections=tuple(each for each in _sections(view) if each.lines),
        fields=tuple(_fields(view, desk)),
        actions=buttons[:4],
        more=buttons[4:],
        tone="warn" if brief.status == "requested" else "plain",
    )


def _fields(view: ClaimView, desk: Desk) -> Iterable[Field]:
    brief = view.brief
    by = f" by {brief.requested_by}" if brief.requested_by else ""
    yield Field("Order", brief.order)
    yield Field("What", _goods(brief))
    yield Field("Asked", f"{ago(brief.requested_at, desk.now)}{by}")
    if view.decided_by and view.decided_at is not None:
        yield Field("Decided", f"{ago(view.decided_at, desk.now)} by {view.decided_by}")
    if view.refund:
        amount = money(view.refund, view.currency, desk)
        yield Field("Money", f"{amount} {state(view.refund_state)}")


def _sections(view: ClaimView) -> Iterable[Section]:
    yield Section((view.decision,) if view.decision else (), "Decision")
    yield Section(view.brief.flags, "What looked wrong", tone="warn")
    yield Section((f"“{view.note}”",) if view.note else (), "Note")
