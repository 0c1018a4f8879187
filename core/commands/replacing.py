"""Goods that go out once more, free of charge: an order of its own, linked to the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from core.commands.choosing import Units, by_sku, choose, in_words
from core.commands.disputing import asked_back
from core.commands.orders import CancelOrder
from core.commands.owing import given
from core.commands.placing import open_short_case, open_unknown_case, place
from core.db import links
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.kits import in_parts
from core.domain.order import Change, Line, Order
from core.domain.refusals import NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

CHANNEL = "replacement"


class Why(StrEnum):
    """What was the matter with what was sent first."""

    LOST = "lost"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    MISSING = "missing"
    DEFECTIVE = "defective"
    GOODWILL = "goodwill"


class Sure(StrEnum):
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class ResendOrder:
    """Send units of an order once more at no price; without units, all that was shipped.

    What was sent again or paid back before, or is asked back by the customer's bank, needs
    `again`: nothing goes out twice by accident.
    """

    order: Annotated[str, Arg.ORDER]
    reason: Annotated[Why, Arg.CHOICE]
    units: Annotated[tuple[Units, ...], Arg.UNITS] = ()
    sure: Annotated[Sure | None, Arg.CHOICE] = None
    note: Annotated[str, Arg.TEXT] = ""


@command(
    "resend",
    ResendOrder,
    Right.EDIT,
    aliases=("replace",),
    examples=("resend 1001 lost", "resend 1001 mug-red 1 damaged"),
)
def resend(ask: ResendOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    before = made_good(uow, order)
    units = _units(order, ask, before)
    number = free_number(uow, order, "R")
    twice = {i: n for i, n in units.items() if before[i] + n > order.line(i).shipped}
    if twice and ask.sure is None:
        raise _once_more(order, ask, by_sku(order, twice))
    if ask.sure is None and (said := asked_back(uow, order)):
        raise NotPossible(said, _all_the_same(order, ask), code="confirm")
    made = _make(uow, order, number, units, ask)
    words = by_sku(order, units)
    fact = e.ReplacementSent(number, words, ask.reason.value)
    uow.orders.save(Change(order, (fact,)))
    links.add(uow, links.REPLACES, order.id, made.id, {str(i): n for i, n in units.items()})
    uow.undo = CancelOrder(number, "the replacement was taken back")
    short = sum(line.backordered for line in made.lines)
    waits = f" {short} of them wait for stock." if short else ""
    go = "goes" if sum(words.values()) == 1 else "go"
    facts = {"order": number, "original": order.number}
    return Done(
        f"{in_words(words)} of order {order.number} {go} out again as {number}.{waits}", facts
    )


def made_good(uow: UnitOfWork, order: Order) -> Counter[int]:
    """By line, units that were sent again or whose money has gone back, or is owed."""
    back = given(order, uow.refunds.of(order.id)).units
    kept = {x.id: back[x.id] - x.canceled for x in order.bought if back[x.id] > x.canceled}
    return _sent_again(uow, order) + Counter(in_parts(order, kept))


def _sent_again(uow: UnitOfWork, order: Order) -> Counter[int]:
    """By line, what replacements that still stand have sent or will send."""
    found: Counter[int] = Counter()
    for link in links.links_of(uow.session, order.id):
        if link.kind != links.REPLACES or link.order_id != order.id:
            continue
        again = uow.orders.own(link.other_id)
        if not again.is_canceled:
            gone = {stood_for(link)[line.position]: line.canceled for line in first_of(link, again)}
            found.update({int(i): int(n) - gone.get(int(i), 0) for i, n in link.data.items()})
    return found


def stood_for(link: links.Link) -> dict[int, int]:
    """The line of the first order behind each position of its replacement."""
    return dict(enumerate(map(int, link.data), 1))


def first_of(link: links.Link, again: Order) -> list[Line]:
    """The lines that the replacement was made with: what an edit added later replaces nothing."""
    return [line for line in again.lines if line.position in stood_for(link)]


def _units(order: Order, ask: ResendOrder, before: Mapping[int, int]) -> dict[int, int]:
    if ask.units:
        return in_parts(order, choose(order, ask.units, lambda line: line.shipped, "were shipped"))
    shipped = {line.id: line.shipped for line in order.shippable if line.shipped}
    if not shipped:
        raise NotPossible(
            f"Nothing of order {order.number} has been shipped yet.",
            f"Look at it: `{order.number}`; `reroute` or `cancel` may be what you need.",
        )
    left = {i: n - before[i] for i, n in shipped.items() if n > before[i]}
    return left or shipped


def _all_the_same(order: Order, ask: ResendOrder) -> str:
    said = " ".join(f"{wish.line} {wish.quantity}" for wish in ask.units)
    words = " ".join(filter(None, (f"resend {order.number}", said, ask.reason.value, "again")))
    return f"If they have to go out all the same, write `{words}`."


def _once_more(order: Order, ask: ResendOrder, twice: Mapping[str, int]) -> NotPossible:
    return NotPossible(
        f"{in_words(dict(twice))} of order {order.number} were sent again, or paid back, already.",
        _all_the_same(order, ask).replace("all the same", "once more"),
        code="confirm",
    )


def free_number(uow: UnitOfWork, order: Order, mark: str) -> str:
    """The next number of an order behind this one: 1001-R1, 1001-X2."""
    serial = 1
    while uow.orders.number_taken(f"{order.number}-{mark}{serial}"):
        serial += 1
    return f"{order.number}-{mark}{serial}"


def _make(
    uow: UnitOfWork, order: Order, number: str, units: Mapping[int, int], ask: ResendOrder
) -> Order:
    """A new order for the same person and address, routed like any other."""
    uow.founding = True
    lines = tuple(_lines(uow, order, units))
    new = replace(
        copy_of(order, uow.new_id(), number, CHANNEL),
        lines=lines,
        placed_at=uow.now,
        captured_at=uow.now,
    )
    uow.emit(new.id, e.ReplacementMade(order.number, ask.reason.value))
    if ask.note.strip():
        uow.emit(new.id, e.OrderNoted(ask.note.strip()))
    new = place(uow, new)
    uow.orders.add(Change(new))
    if any(line.backordered for line in new.lines):
        open_short_case(uow, new)
    if any(line.unplaced > 0 for line in new.lines):
        open_unknown_case(uow, new)
    return new


def _lines(uow: UnitOfWork, order: Order, units: Mapping[int, int]) -> Iterable[Line]:
    for position, (line_id, quantity) in enumerate(units.items(), 1):
        was = order.line(line_id)
        yield Line(uow.new_id(), position, None, was.sku, was.title, quantity)


def copy_of(order: Order, new_id: int, number: str, channel: str) -> Order:
    """Who and where to, but nothing of the money or of what has happened."""
    return replace(
        order,
        id=new_id,
        number=number,
        channel=channel,
        connection_id=None,
        external_id=None,
        subtotal=0,
        discount=0,
        shipping=0,
        tax=0,
        total=0,
        captured=0,
        refunded=0,
        promise=None,
        promise_basis="",
        note="",
        tags=(channel,),
        holds=(),
        canceled_at=None,
        cancel_reason="",
        handed_over=False,
        source_updated_at=None,
        payment_note="",
        version=0,
    )
