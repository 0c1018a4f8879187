"""Orders that ship together: joined into one parcel, taken apart again, and worked on as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Protocol, TypeVar

from core.commands import floor
from core.commands.snapshots import RestorePlacing, restore, snapshot, take_apart, with_work
from core.db import links
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.fulfillment import FulfillmentOrder
from core.domain.joining import Shelf, difference, obstacle, one_place, wanted
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotPossible, Refusal
from core.domain.stock import Move, Short, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

MOST = 10
Works = dict[int, list[FulfillmentOrder]]  # by order id


@dataclass(frozen=True, slots=True)
class MergeOrders:
    """Send orders of one customer to one address in one parcel; each keeps its number."""

    orders: Annotated[tuple[str, ...], Arg.ORDER]


@command("merge", MergeOrders, Right.MOVE, examples=("merge 1002 into 1001",))
def merge(ask: MergeOrders, uow: UnitOfWork) -> Done:
    orders = _named(ask, uow)
    first = orders[0]
    before = tuple(snapshot(uow, order) for order in orders)
    place_id = join(uow, orders)
    uow.undo = Separate(before)
    numbers, code = _words(orders), uow.shop.locations[place_id].code
    facts = {"order": first.number, "orders": [o.number for o in orders], "location": code}
    return Done(f"Orders {numbers} ship in one parcel from {code}.", facts)


def join(uow: UnitOfWork, orders: Sequence[Order]) -> int:
    """Put orders, oldest first, into one parcel; gives the id of its location.

    Raises NotPossible where they may not go together, or no location has everything.
    """
    first, *others = orders
    works = {order.id: uow.work.of(order.id) for order in orders}
    _require_joinable(uow, orders, works)
    place_id = _place_for(uow, orders, works)
    _gather(uow, orders, works, place_id)
    for other in others:
        links.add(uow, links.TOGETHER, first.id, other.id, {})
    _tell(uow, orders)
    return place_id


def gather_alone(uow: UnitOfWork, order: Order) -> int:
    """Bring all work of one order to a single location. Raises NotPossible if none has it all."""
    works = {order.id: uow.work.of(order.id)}
    place_id = _place_for(uow, [order], works)
    moves = _brought(uow, order, _open(works), place_id)
    _reserve(uow, moves)
    return place_id


def _named(ask: MergeOrders, uow: UnitOfWork) -> list[Order]:
    """The orders, oldest first; that is also the order in which they are locked."""
    found = {order.id: order for order in map(uow.orders.get, ask.orders)}
    if not 2 <= len(found) <= MOST:
        raise Invalid(f"A parcel joins 2 to {MOST} orders.", "Write `merge 1002 into 1001`.")
    return [found[order_id] for order_id in sorted(found)]


def _require_joinable(uow: UnitOfWork, orders: Sequence[Order], works: Works) -> None:
    for order in orders:
        why = obstacle(order, works[order.id]) or difference(orders[0], order)
        if links.together_with(uow.session, order.id):
            why = "ships with another order already"
        if why:
            raise NotPossible(
                f"Order {order.number} {why}; nothing was merged.",
                f"Look at it: `{order.number}`.",
            )


def _open(works: Works) -> list[FulfillmentOrder]:
    return [work for each in works.values() for work in each if work.is_open]


def _place_for(uow: UnitOfWork, orders: Sequence[Order], works: Works) -> int:
    """One location that has everything. Raises NotPossible when there is none."""
    found = one_place(wanted(_open(works)), _shelves(uow, works))
    if found is None:
        raise NotPossible(
            f"No location has everything of orders {_words(orders)}; nothing was merged.",
            "Move goods first, or ship them apart.",
        )
    return found


def _shelves(uow: UnitOfWork, works: Works) -> list[Shelf]:
    units = wanted(_open(works))
    levels = uow.stock.levels(sorted(units))
    return [
        Shelf(
            site.id,
            site.rank,
            {level.sku: level.available for level in levels if level.location_id == site.id},
            wanted(w for w in _open(works) if w.location_id == site.id),
        )
        for site in uow.shop.locations.values()
        if site.active and (site.paused_until is None or site.paused_until <= uow.now)
    ]


def _gather(uow: UnitOfWork, orders: Iterable[Order], works: Works, place_id: int) -> None:
    """Everything that lies elsewhere is promised here, in one move."""
    moves: list[StockMove] = []
    for order in orders:
        away = [w for w in works[order.id] if w.is_open and w.location_id != place_id]
        if not away:
            continue
        moves += _brought(uow, order, away, place_id)
    _reserve(uow, moves)


def _brought(
    uow: UnitOfWork, order: Order, works: Sequence[FulfillmentOrder], place_id: int
) -> list[StockMove]:
    """This work as one piece of work here; gives the moves that promise its goods here."""
    after, released = take_apart(uow, order, works)
    picks = [(item.line_id, item.sku, item.quantity) for w in works for item in w.items]
    uow.orders.save(Change(with_work(uow, after, place_id, picks)))
    return released + [StockMove(Move.RESERVE, sku, place_id, n, line) for line, sku, n in picks]


def _reserve(uow: UnitOfWork, moves: Sequence[StockMove]) -> None:
    try:
        uow.stock.move(moves)
    except Short as short:
        raise NotPossible("Somebody was faster; nothing was merged.", "Try again.") from short


def _tell(uow: UnitOfWork, orders: Sequence[Order], *, ended: bool = False) -> None:
    for order in orders:
        others = [other.number for other in orders if other is not order]
        fact = e.OrdersJoined(", ".join(others), ended)
        uow.orders.save(Change(uow.orders.by_id(order.id), (fact,)))


def _words(orders: Sequence[Order]) -> str:
    numbers = [order.number for order in orders]
    if len(numbers) == 1:
        return numbers[0]
    return f"{', '.join(numbers[:-1])} and {numbers[-1]}"


# --- apart again ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnmergeOrder:
    """Take an order out of a common parcel; what lies ready stays where it is."""

    order: Annotated[str, Arg.ORDER]


@command("unmerge", UnmergeOrder, Right.MOVE, examples=("unmerge 1002",))
def unmerge(ask: UnmergeOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    group = links.together_with(uow.session, order.id)
    if not group:
        raise NotPossible(f"Order {order.number} ships by itself already.", code="already")
    orders = [uow.orders.by_id(each) for each in sorted(group)]
    leaving = orders if group[0] == order.id or len(orders) == 2 else [order]
    _end_links(uow, leaving)
    _tell(uow, orders if leaving is orders else [order], ended=True)
    if len(leaving) == len(orders):
        uow.undo = JoinAgain(tuple(each.number for each in orders))
    return Done(f"Order {order.number} ships by itself.", {"order": order.number})


def _end_links(uow: UnitOfWork, orders: Iterable[Order]) -> None:
    ids = {order.id for order in orders}
    for order_id in ids:
        for link in links.links_of(uow.session, order_id):
            if link.kind == links.TOGETHER and link.other_id in ids:
                links.end(uow, link)


@dataclass(frozen=True, slots=True)
class Separate:
    """Take joined orders apart and put each back where it was to ship from."""

    orders: tuple[RestorePlacing, ...]

    def audited(self) -> dict[str, Any]:
        return {"orders": [each.order for each in self.orders]}


@command("separate", Separate, Right.MACHINERY, in_chat=False)
def separate(ask: Separate, uow: UnitOfWork) -> Done:
    orders = [uow.orders.get(each.order) for each in ask.orders]
    _end_links(uow, orders)
    for each in ask.orders:
        restore(each, uow)
    _tell(uow, orders, ended=True)
    return Done(f"Orders {_words(orders)} ship by themselves.", {"order": orders[0].number})


@dataclass(frozen=True, slots=True)
class JoinAgain:
    """Join orders again that were taken apart a moment ago."""

    orders: tuple[str, ...]


@command("join-again", JoinAgain, Right.MACHINERY, in_chat=False)
def join_again(ask: JoinAgain, uow: UnitOfWork) -> Done:
    orders = [uow.orders.get(number) for number in ask.orders]
    for other in orders[1:]:
        links.add(uow, links.TOGETHER, orders[0].id, other.id, {})
    _tell(uow, orders)
    return Done(f"Orders {_words(orders)} ship in one parcel.", {"order": orders[0].number})


# --- worked on as one -----------------------------------------------------------------------------


class OneOrder(Protocol):
    """A step about the work of one order at a location."""

    @property
    def order(self) -> str: ...


A = TypeVar("A", bound=OneOrder)


def as_one(uow: UnitOfWork, ask: A, step: Callable[[A, UnitOfWork], Done]) -> Done:
    """The step for an order and for all that ship in its parcel: for all of them, or for none.

    Who names one piece of work by its own number means that piece only.
    """
    word = ask.order.strip().lstrip("#")
    order, works = floor.named(uow, word)
    group = _group(uow, order, works) if word == order.number else []
    if not group:
        return step(ask, uow)
    done = [_one_of(uow, ask, step, each, order) for each in group]
    taken = [each for each in done if each is not None]
    if not taken:
        return step(ask, uow)  # says what is already so
    uow.undo = None
    facts = next((each.facts for each in taken if each.facts["order"] == order.number), {})
    works = [work for each in taken for work in each.facts["works"]]
    return Done(" ".join(each.sentence for each in taken), {**facts, "works": works})


def _group(uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder]) -> list[Order]:
    """The order and all that wait beside it for its parcel; [] when it goes by itself."""
    places = {work.location_id for work in works if work.is_open}
    found = [uow.orders.own(each) for each in sorted(links.together_with(uow.session, order.id))]
    beside = [
        other
        for other in found
        if any(w.is_open and w.location_id in places for w in uow.work.of(other.id))
    ]
    return beside if len(beside) > 1 and order in beside else []


def _one_of(
    uow: UnitOfWork, ask: A, step: Callable[[A, UnitOfWork], Done], each: Order, asked: Order
) -> Done | None:
    try:
        mine: Any = replace(ask, order=each.number)  # type: ignore[type-var]  # a dataclass
        return step(mine, uow)
    except Refusal as refusal:
        if refusal.code == "already":
            return None
        if each.id != asked.id:
            sentence = f"{refusal.sentence} It ships in one parcel with order {asked.number}."
            raise NotPossible(sentence, f"Or write `unmerge {each.number}`.") from refusal
        raise
