"""Claims: what went wrong, what is wished for, what looked wrong, and the buttons to decide."""

from __future__ import annotations

from collections.abc import Iterable

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Page
from bot.presentation.words import ago, state
from core.domain.claims import Remedy
from core.queries.claims import ClaimBrief, ClaimList


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
        button(desk, "show", each.order, text=f"Open {each.order}") for each in view.claims[:5]
    )
    return Page(
        title=f"Claims: {len(view.claims)}",
        lines=tuple(_line(each, desk) for each in view.claims),
        actions=kept(*opening),
        empty="No claim waits for a decision.",
    )


def _line(claim: ClaimBrief, desk: Desk) -> str:
    goods = ", ".join(f"{units} × {sku}" for sku, units in claim.units.items())
    parts = [claim.number, f"order {claim.order}", f"{goods} {state(claim.reason)}"]
    parts += [f"wants a {state(claim.wish)}", ago(claim.requested_at, desk.now), *claim.flags]
    return " · ".join(parts)
