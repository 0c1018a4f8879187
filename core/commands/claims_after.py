"""What happens to a claim afterwards: its replacement is canceled, or what was lost arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.commands.canceling import UNITS_CANCELED
from core.commands.choosing import by_sku, in_words
from core.commands.claims import ask_somebody, next_number
from core.commands.handover import RECEIVED
from core.commands.orders import CANCELED
from core.commands.replacing import CHANNEL as REPLACEMENT
from core.commands.replacing import stood_for
from core.db import links
from core.db.claims import (
    add_claim,
    claim_made_good_by,
    claims_of,
    save_decision,
    save_lines,
)
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind, Finding
from core.domain.claims import UNSEEN, Claim, ClaimStatus, Remedy
from core.domain.fulfillment import Parcel
from core.domain.kits import in_parts
from core.domain.order import Order


def _reopen(uow: UnitOfWork, canceled: Order) -> None:
    """Goods that were to make a claim good do not go out: somebody decides anew."""
    if made := _behind(uow, canceled):
        _ask_again(uow, made)


def _reopen_part(uow: UnitOfWork, again: Order, units: Mapping[int, int]) -> None:
    """Some of them do not: those are an open claim of their own, and the rest stays settled."""
    made = _behind(uow, again)
    if made is None:
        return
    order = uow.orders.own(made.order_id)
    open_again = _claimed_units(order, made, _originals(uow, order, again, units))
    if open_again == made.units:
        _ask_again(uow, made)
    elif open_again:
        rest, apart = made.part(open_again, uow.new_id(), next_number(uow, order))
        save_lines(uow, made, rest)
        add_claim(uow, apart)
        ask_somebody(uow, order, apart)
        uow.undo = None


def _ask_again(uow: UnitOfWork, made: Claim) -> None:
    uow.undo = None  # put back, they would make good what is asked for again
    again = save_decision(uow, made.reopen(), made.status)
    ask_somebody(uow, uow.orders.own(made.order_id), again)


def _behind(uow: UnitOfWork, again: Order) -> Claim | None:
    """The claim that this order was to make good."""
    if again.channel != REPLACEMENT:
        return None
    return claim_made_good_by(uow.session, uow.shop.id, again.number)


def _originals(
    uow: UnitOfWork, order: Order, again: Order, units: Mapping[int, int]
) -> dict[int, int]:
    """Units of a replacement as units of the lines that it replaces."""
    mine = (link for link in links.links_of(uow.session, order.id) if link.other_id == again.id)
    lines = next((stood_for(link) for link in mine if link.kind == links.REPLACES), {})
    found = {lines.get(again.line(i).position, 0): n for i, n in units.items()}
    return {i: n for i, n in found.items() if i and n}


def _claimed_units(order: Order, made: Claim, gone: Mapping[int, int]) -> dict[int, int]:
    """The claimed units that these leave without a replacement; of a kit, every part counts."""
    found = {}
    for line_id, most in made.units.items():
        parts = in_parts(order, {line_id: 1})
        broken = max((-(-gone.get(i, 0) // n) for i, n in parts.items()), default=0)
        found[line_id] = min(most, broken)
    return {i: n for i, n in found.items() if n}


CANCELED.append(_reopen)
UNITS_CANCELED.append(_reopen_part)


# --- what was lost arrives -----------------------------------------------------------------------


def _arrived_after_all(uow: UnitOfWork, order: Order, parcel: Parcel) -> None:
    """Goods that were made good as lost, or are about to be, are with the customer now."""
    if not any(line.claimed for line in order.lines):
        return
    for made in claims_of(uow.session, order.id):
        units = _of_parcel(order, made, parcel)
        if units and made.status is ClaimStatus.SETTLED:
            _tell_somebody(uow, order, made, units)
        elif units and made.status is ClaimStatus.REQUESTED:
            _note(uow, made)


def _of_parcel(order: Order, made: Claim, parcel: Parcel) -> dict[int, int]:
    """The units of a claim about goods that never came which must be among those that did."""
    if made.reason not in UNSEEN:
        return {}
    inside = {line_id for line_id, _, _ in parcel.items}
    found = {}
    for line_id, units in made.units.items():
        behind = set(in_parts(order, {line_id: 1}))
        missing = order.line(line_id).shipped - order.line(line_id).delivered
        if behind & inside and units > missing:
            found[line_id] = units - missing
    return found


def _tell_somebody(uow: UnitOfWork, order: Order, made: Claim, units: dict[int, int]) -> None:
    words = in_words(by_sku(order, units))
    how = f"sent again as {made.result}" if made.remedy is Remedy.REPLACEMENT else "paid back"
    uow.cases.open(
        Finding(
            CaseKind.CLAIM_ARRIVED,
            f"claim:{made.id}:arrived",
            f"Order {order.number}: {words} {how} as lost has arrived after all.",
            order_id=order.id,
            facts={
                "claim": made.number,
                "order": order.number,
                "replacement": made.result,
                "next": _next(made),
            },
        )
    )


def _next(made: Claim) -> str:
    if made.remedy is Remedy.REPLACEMENT:
        return (
            f"Cancel {made.result} if it is still here, "
            "or ask the customer to keep one and send the other back."
        )
    return "Ask the customer to pay for it or to send it back; or let it be, and resolve the case."


def _note(uow: UnitOfWork, made: Claim) -> None:
    """Whoever decides about it has to know."""
    known = uow.cases.open_one(CaseKind.CLAIM_DECISION, f"claim:{made.id}")
    if known is not None:
        words = "The parcel has arrived after all."
        uow.cases.save(known, replace(known, facts={**known.facts, "arrived": words}), words)


RECEIVED.append(_arrived_after_all)
