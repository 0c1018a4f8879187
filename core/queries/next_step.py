"""Who acts next on an order and until when, and what this person may do with it now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.db.blocking import facts_of
from core.db.reading import Reader
from core.domain.access import Actor, Right
from core.domain.blocking import Next, next_step
from core.domain.fulfillment import FulfillmentOrder, Parcel, Stage
from core.domain.holds import Answer, Exit, answer, box_of, gate
from core.domain.order import Order, OrderStatus
from core.domain.pickup import is_pickup

_VERBS = {
    Stage.READY: "picked",
    Stage.PRINTED: "picked",
    Stage.PICKED: "packed",
    Stage.PACKED: "shipped",
}


def next_steps(reader: Reader, order_ids: Collection[int]) -> dict[int, Next]:
    """Who acts next on each of these orders; one that is done has nobody."""
    found = facts_of(reader.session, order_ids)
    steps = {i: next_step(facts, reader.shop, reader.now) for i, facts in found.items()}
    return {order_id: step for order_id, step in steps.items() if step is not None}


def legal_actions(
    actor: Actor,
    order: Order,
    works: Sequence[FulfillmentOrder],
    parcels: Sequence[Parcel],
    recalled: Collection[int] = (),
) -> tuple[str, ...]:
    """What this person may do next, the most likely first. `recalled` parcels (ids) were asked
    back already."""
    may = actor.may
    open_works = [w for w in works if w.is_open]
    free = [w for w in open_works if not gate(order.holds, Exit.PICK, box_of(w)).stopped_by]
    found = _about_holds(actor, order, open_works, parcels) if order.is_held else []
    if free and may(Right.FULFILL):
        found.append(_verb(order, free[0]))
    if any(line.returnable > 0 for line in order.lines) and may(Right.RETURN_REQUEST):
        found.append("return")
    if open_works and not order.is_held and may(Right.HOLD):
        found.append("hold")
    if open_works and all(w.is_untouched for w in open_works):
        found += ["move"] if may(Right.MOVE) else []
        found += ["cancel"] if may(Right.CANCEL) else []
    if order.status is OrderStatus.OPEN and not order.handed_over and may(Right.EDIT):
        found.append("edit")
    if free and may(Right.FULFILL):
        found.append("short")
    found.append("note")
    if any(_is_on_its_way(p) and p.id not in recalled for p in parcels) and may(Right.HOLD):
        found.append("recall")
    if any(line.shipped for line in order.shippable) and may(Right.EDIT):
        found.append("resend")  # it costs a parcel: never the first thing to press
    return tuple(found)


def _verb(order: Order, work: FulfillmentOrder) -> str:
    """The next step of this work; what is collected is laid ready instead of packed and shipped."""
    verb = _VERBS[work.stage]
    if not is_pickup(order) or verb == "picked":
        return verb
    return "ready" if verb == "packed" else "collected"


def _about_holds(
    actor: Actor, order: Order, works: Sequence[FulfillmentOrder], parcels: Sequence[Parcel]
) -> list[str]:
    """The answer of the location first, then the release."""
    asked = any(answer(hold, box_of(w)) is Answer.ASKED for w in works for hold in order.holds)
    labeled = any(not parcel.has_left for parcel in parcels)
    found = ["got it"] if asked and actor.may(Right.FULFILL) else []
    found += ["release"] if actor.may(Right.HOLD) else []
    return found + (["void"] if labeled and actor.may(Right.FULFILL) else [])


def _is_on_its_way(parcel: Parcel) -> bool:
    return parcel.has_left and parcel.delivered_at is None
