"""Count tasks: a location is asked to count some goods, by hand or weekly, and counts a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Annotated

from core.commands.counts import SetStock, set_stock
from core.commands.shelves import what_and_where
from core.db import counts as book
from core.db.counts import CountTask
from core.db.unit_of_work import UnitOfWork
from core.domain import counts
from core.domain.access import Right
from core.domain.counts import Picked
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.shop import Location
from core.domain.values import dataclass
from core.registry import Arg, Done, command

A_CLASS = ("a-class", "a", "aclass")
SOLD_DAYS = 90  # sales of a quarter say what class A is
A_MOST = 50
LIST_MOST = 200


@dataclass(frozen=True, slots=True)
class OpenCountTask:
    """Ask a location to count its best sellers (`a-class`), or the SKUs that you name."""

    location: Annotated[str, Arg.LOCATION]
    what: Annotated[str, Arg.TEXT] = A_CLASS[0]


@command(
    "count-task",
    OpenCountTask,
    Right.STOCK,
    examples=("count task ber a-class", "count task ber mug-red tee-black-m"),
)
def open_task(ask: OpenCountTask, uow: UnitOfWork) -> Done:
    place = uow.shop.location(ask.location)
    skus = _named(uow, ask, place)
    task = _open(uow, place, "by_hand", skus)
    if task is None:
        raise NotPossible(
            f"All of that waits to be counted at {place.code} already.",
            f"Look at `counts {place.code.lower()}`.",
            code="already",
        )
    facts = {"count_task": task.number, "location": place.code}
    return Done(f"{place.code} is asked to count: task {task.number}.", facts)


def _named(uow: UnitOfWork, ask: OpenCountTask, place: Location) -> Sequence[str]:
    if ask.what.strip().casefold() in A_CLASS:
        return _best_sellers(uow, place, A_MOST)
    words = ask.what.replace(",", " ").split()
    if len(words) > LIST_MOST:
        raise Invalid(f"One task has {LIST_MOST} SKUs at most.", "Ask in parts.")
    return [what_and_where(uow, word, place.code)[0].sku for word in words]


def _best_sellers(uow: UnitOfWork, place: Location, most: int) -> tuple[str, ...]:
    since = uow.now - timedelta(days=SOLD_DAYS)
    sold = book.sold_since(uow.session, uow.shop.id, place.id, since)
    found = counts.a_class(sold, most)
    if not found:
        raise NotPossible(
            f"{place.code} has sold nothing in {SOLD_DAYS} days.",
            f"Name what to count: `count task {place.code.lower()} mug-red`.",
        )
    return found


def _open(uow: UnitOfWork, place: Location, kind: str, skus: Iterable[str]) -> CountTask | None:
    """A task for what nobody is asked to count yet; None when that is nothing."""
    waiting = {asked.sku for asked in book.open_counts(uow.session, uow.shop.id, [place.id])}
    fresh = [sku for sku in dict.fromkeys(skus) if sku not in waiting]
    if not fresh:
        return None
    task = book.add_task(uow, place.id, kind)
    for sku in fresh:
        book.ask_for(uow, task.id, sku, place.id)
    return task


@dataclass(frozen=True, slots=True)
class CancelCountTask:
    """Nobody has to count the rest of a task any more."""

    task: Annotated[int, Arg.QUANTITY]


@command("cancel-count", CancelCountTask, Right.STOCK, examples=("cancel count 1001",))
def cancel_task(ask: CancelCountTask, uow: UnitOfWork) -> Done:
    task = _open_task(uow, ask.task)
    for asked in _waiting(uow, task):
        book.drop(uow, asked)
    return Done(f"Task {task.number} is canceled.", {"count_task": task.number})


def _open_task(uow: UnitOfWork, number: int) -> CountTask:
    task = book.task_numbered(uow.session, uow.shop.id, number)
    if task is None:
        raise NotFound(f"There is no count task {number}.", "Write `counts` to see the open ones.")
    if task.closed_at is not None:
        raise NotPossible(f"Count task {number} is closed.", "Write `counts`.", code="already")
    return task


def _waiting(uow: UnitOfWork, task: CountTask) -> list[book.OpenCount]:
    found = book.open_counts(uow.session, uow.shop.id, [task.location_id])
    return [asked for asked in found if asked.task_id == task.id]


@dataclass(frozen=True, slots=True)
class Counted:
    """Units of one SKU that somebody counted; `line` is the SKU."""

    line: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CountList:
    """Count what a task asks for; what you leave empty waits on."""

    task: Annotated[int, Arg.QUANTITY]
    counted: Annotated[tuple[Counted, ...], Arg.NONE]
    picked: Annotated[Picked | None, Arg.CHOICE] = None


@command("count-list", CountList, Right.SHELF)
def count_list(ask: CountList, uow: UnitOfWork) -> Done:
    """Each SKU by the rules of a single count; a no to one of them changes nothing at all."""
    task = _open_task(uow, ask.task)
    if not ask.counted:
        raise Invalid("Nothing was counted.", "Fill in at least one figure.")
    place = uow.shop.locations[task.location_id]
    said, doubted = [], []
    for each in sorted(ask.counted, key=lambda one: one.line):
        one = SetStock(each.line, place.code, each.quantity, picked=ask.picked)
        done = set_stock(one, uow)
        if not done.facts["took_effect"]:
            doubted.append(str(done.facts["sku"]))
            said.append(done.sentence)
    uow.undo = None
    counted = len(ask.counted) - len(doubted)
    sentence = " ".join([f"{counted} counted at {place.code}.", *said])
    return Done(sentence, {"count_task": task.number, "counted": counted, "doubted": doubted})


# --- by the clock --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Ask every location for its weekly count, where the shop wants one and a week has passed."""


@command("plan-counts", PlanCounts, Right.MACHINERY, in_chat=False)
def plan_counts(_: PlanCounts, uow: UnitOfWork) -> Done:
    most = int(uow.shop.policy["weekly_counts"])
    opened = [task.number for place in _due(uow, most) if (task := _weekly(uow, place, most))]
    return Done(f"{len(opened)} weekly counts opened.", {"tasks": opened})


def _due(uow: UnitOfWork, most: int) -> list[Location]:
    if not most:
        return []
    return [
        place
        for place in uow.shop.locations.values()
        if place.active
        and counts.is_week_over(book.last_weekly(uow.session, uow.shop.id, place.id), uow.now)
    ]


def _weekly(uow: UnitOfWork, place: Location, most: int) -> CountTask | None:
    since = uow.now - timedelta(days=SOLD_DAYS)
    sold = book.sold_since(uow.session, uow.shop.id, place.id, since)
    return _open(uow, place, "weekly", counts.a_class(sold, most))
