"""What waits to be counted, where; and whom a doubted count would short."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.db.counts import CountTask, OpenCount, open_counts, open_tasks
from core.db.reading import Reader
from core.db.shelf import find_product
from core.db.shorting import promises_at
from core.db.stock import levels_of
from core.domain.access import Right, Role
from core.domain.shop import Location
from core.domain.shorting import losses
from core.domain.values import dataclass
from core.registry import Arg, question

BY_ITSELF = 0  # the number of the group of counts that no task asked for


@dataclass(frozen=True, slots=True)
class LoserView:
    order: str
    units: int


@dataclass(frozen=True, slots=True)
class CountView:
    """A SKU to count; `first` is a count that is doubted and `losers` are whom it would short,
    the least urgent first. The book is not shown to the counter."""

    sku: str
    title: str
    state: str
    book: int
    picked: int
    first: int | None = None
    first_by: str = ""
    first_at: datetime | None = None
    losers: tuple[LoserView, ...] = ()


@dataclass(frozen=True, slots=True)
class CountTaskView:
    """`number` 0 holds what was counted without being asked for."""

    number: int
    location: str
    kind: str
    opened_by: str
    opened_at: datetime | None
    counts: tuple[CountView, ...]


@dataclass(frozen=True, slots=True)
class CountsView:
    tasks: tuple[CountTaskView, ...]


@dataclass(frozen=True, slots=True)
class ListCounts:
    """List what waits to be counted, at one location or at all of yours."""

    location: Annotated[str, Arg.LOCATION] = ""


@question("counts", ListCounts, Right.VIEW_STOCK, examples=("counts", "counts ber"))
def list_counts(ask: ListCounts, reader: Reader) -> CountsView:
    places = _places(ask, reader)
    ids = [place.id for place in places]
    waiting = open_counts(reader.session, reader.shop.id, ids)
    tasks = [
        _task(reader, task, [one for one in waiting if one.task_id == task.id])
        for task in open_tasks(reader.session, reader.shop.id, ids)
    ]
    for place in places:
        loose = [one for one in waiting if one.task_id is None and one.location_id == place.id]
        if loose:
            counts = tuple(_count(reader, one) for one in loose)
            tasks.append(CountTaskView(BY_ITSELF, place.code, "by_itself", "", None, counts))
    return CountsView(tuple(tasks))


def _places(ask: ListCounts, reader: Reader) -> list[Location]:
    if ask.location:
        return [reader.shop.location(ask.location)]
    is_store, own = reader.actor.role is Role.STORE, reader.actor.locations
    return [p for p in reader.shop.locations.values() if not is_store or p.code in own]


def _task(reader: Reader, task: CountTask, waiting: list[OpenCount]) -> CountTaskView:
    return CountTaskView(
        task.number,
        reader.shop.locations[task.location_id].code,
        task.kind,
        task.opened_by,
        task.opened_at,
        tuple(_count(reader, one) for one in waiting),
    )


def _count(reader: Reader, one: OpenCount) -> CountView:
    product = find_product(reader.session, reader.shop.id, one.sku)
    levels = levels_of(reader.session, reader.shop.id, [one.sku])
    level = next((each for each in levels if each.location_id == one.location_id), None)
    promised = promises_at(reader.session, reader.shop.id, one.sku, one.location_id)
    first = one.first
    short = max(0, level.reserved - first.on_hand) if first and level else 0
    return CountView(
        sku=one.sku,
        title=product.title if product else "",
        state=one.state,
        book=level.on_hand if level else 0,
        picked=sum(p.quantity for p in promised if p.is_in_hand),
        first=first.on_hand if first else None,
        first_by=first.by if first else "",
        first_at=first.at if first else None,
        losers=tuple(LoserView(loss.promise.order, loss.units) for loss in losses(promised, short)),
    )
