"""Holds as people see them: what each came to at every box, and which orders wait for whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from core.db.blocking import blocked_ids, facts_of
from core.db.reading import Reader
from core.domain.access import Right, Role
from core.domain.blocking import IN_THE_WAY, Facts, Next, hold_due, next_step
from core.domain.fulfillment import FulfillmentOrder, Parcel
from core.domain.holds import Answer, Hold, HoldReason, Party, Scope, ahead, answer, box_of, passed
from core.domain.order import Order
from core.domain.refusals import Invalid
from core.domain.shop import Shop
from core.domain.values import dataclass
from core.registry import Arg, question

PAGE = 20


@dataclass(frozen=True, slots=True)
class BoxAnswer:
    """What a hold came to for one box: `closed` exits wait, `passed` ones are behind it.

    `by` and `at` tell who put the box aside.
    """

    box: str
    location: str
    answer: Answer
    closed: tuple[str, ...]
    passed: tuple[str, ...]
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldView:
    """An open hold. `what` is a SKU or the number of a box (empty: the order); `owner` decides
    until `due_at`."""

    id: int
    reason: HoldReason
    note: str
    by: str
    at: datetime
    until: datetime | None
    what: str
    owner: Party
    due_at: datetime
    answers: tuple[BoxAnswer, ...]


def hold_views(
    order: Order, works: Sequence[FulfillmentOrder], parcels: Sequence[Parcel], shop: Shop
) -> tuple[HoldView, ...]:
    labeled = {parcel.fulfillment_id for parcel in parcels if not parcel.has_left}
    return tuple(_view(order, hold, works, labeled, shop) for hold in order.holds)


def _view(
    order: Order,
    hold: Hold,
    works: Sequence[FulfillmentOrder],
    labeled: set[int | None],
    shop: Shop,
) -> HoldView:
    answers = (_box_answer(hold, work, work.id in labeled, shop) for work in works)
    return HoldView(
        id=hold.id,
        reason=hold.reason,
        note=hold.note,
        by=hold.by,
        at=hold.at,
        until=hold.until,
        what=what_is_held(order, hold, works),
        owner=hold.party,
        due_at=hold_due(shop, hold),
        answers=tuple(found for found in answers if found is not None),
    )


def what_is_held(order: Order, hold: Hold, works: Sequence[FulfillmentOrder]) -> str:
    if hold.scope is Scope.LINE:
        return order.line(hold.scope_id).sku
    numbers = {work.id: work.number for work in works}
    return numbers.get(hold.scope_id, "") if hold.scope is Scope.BOX else ""


def _box_answer(
    hold: Hold, work: FulfillmentOrder, is_labeled: bool, shop: Shop
) -> BoxAnswer | None:
    box = box_of(work)
    said = answer(hold, box)
    if said is None:
        return None
    got = next((g for g in hold.answers if g.box_id == work.id), None)
    return BoxAnswer(
        box=work.number,
        location=shop.locations[work.location_id].code,
        answer=said,
        closed=tuple(exit.value for exit in ahead(box, is_labeled)),
        passed=tuple(exit.value for exit in passed(box, is_labeled)),
        by=got.by if got else "",
        at=got.at if got else None,
    )


# --- who waits for whom --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlockedOrder:
    """An order that does not go on by itself, with who acts next and until when."""

    number: str
    placed_at: datetime
    next: Next


@dataclass(frozen=True, slots=True)
class BlockedPage:
    """The most urgent first; `total` counts those beyond the page too."""

    orders: tuple[BlockedOrder, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ListBlocked:
    """List the orders that are blocked, whom each waits for, and until when."""

    owner: Annotated[Party | None, Arg.CHOICE] = None
    location: Annotated[str, Arg.LOCATION] = ""
    limit: Annotated[int, Arg.NONE] = PAGE


@question(
    "blocked",
    ListBlocked,
    Right.VIEW,
    aliases=("waiting",),
    examples=("blocked", "blocked ber", "blocked finance"),
)
def blocked(ask: ListBlocked, reader: Reader) -> BlockedPage:
    if not 1 <= ask.limit <= 200:
        raise Invalid("A page has 1 to 200 orders.")
    place = reader.shop.location(ask.location).id if ask.location else None
    found = [
        each
        for each in blocked_orders(reader, None if place is None else [place])
        if ask.owner in (None, each.next.owner)
    ]
    return BlockedPage(tuple(found[: ask.limit]), len(found))


def blocked_orders(reader: Reader, places: Sequence[int] | None) -> list[BlockedOrder]:
    """Every blocked order with work at these locations (None: everywhere), the most urgent
    first; people of a store see those of their own places."""
    shop = reader.shop
    ids = blocked_ids(reader.session, shop.id, IN_THE_WAY)
    own = _own_places(reader)
    seen = own if places is None else set(places) & (set(places) if own is None else own)
    found = []
    for facts in facts_of(reader.session, ids).values():
        step = next_step(facts, shop, reader.now) if _is_seen(facts, seen) else None
        if step is not None and step.blocked:
            found.append(BlockedOrder(facts.number, facts.placed_at, step))
    return sorted(found, key=lambda each: (each.next.until or each.placed_at, each.number))


def _own_places(reader: Reader) -> set[int] | None:
    if reader.actor.role is not Role.STORE:
        return None
    own = reader.actor.locations
    return {place.id for place in reader.shop.locations.values() if place.code in own}


def _is_seen(facts: Facts, places: set[int] | None) -> bool:
    return places is None or any(each.location_id in places for each in facts.boxes)
