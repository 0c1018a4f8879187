"""What a location has to do: its queue, the most urgent first, held work listed apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from core.db.links import parcel_mates
from core.db.picks import holds_of, items_of, queue_at
from core.db.reading import Reader
from core.db.rows import from_json, moment
from core.domain.access import Right, Role
from core.domain.detect import calendar_of
from core.domain.gift import Gift, gift_of
from core.domain.order import Address
from core.domain.promise import next_cutoff
from core.domain.refusals import Invalid, NotAllowed
from core.domain.shop import Location
from core.domain.values import dataclass
from core.registry import Arg, question

PAGE = 100
_address = msgspec.json.Decoder(Address).decode


@dataclass(frozen=True, slots=True)
class PickItem:
    line_id: int
    sku: str
    title: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Pick:
    """One piece of work; `held` says why it must not be picked (empty: go on). `stays` are held
    lines of it that are left on the shelf."""

    id: int
    number: str
    order: str
    order_id: int
    version: int
    stage: str
    priority: int
    placed_at: datetime
    ready_at: datetime
    promise: date | None
    customer_name: str
    language: str
    ship_to: Address
    note: str
    items: tuple[PickItem, ...]
    held: tuple[str, ...] = ()
    gift: Gift | None = None
    stays: tuple[PickItem, ...] = ()
    together: tuple[str, ...] = ()  # other orders that go into the same parcel
    method: str = "standard"
    due: datetime | None = None  # the cut-off that it was in time for, where there is one

    @property
    def units(self) -> int:
        return sum(item.quantity for item in self.items)


@dataclass(frozen=True, slots=True)
class PickQueue:
    """`picks` in the order of work; `held` apart: do not pick. `more`: there are others behind.

    `at` is the location's own time. The names are there for its papers.
    """

    location: str
    location_name: str
    shop_name: str
    shop_email: str
    at: datetime
    picks: tuple[Pick, ...]
    held: tuple[Pick, ...]
    more: bool = False

    @property
    def units(self) -> int:
        return sum(pick.units for pick in self.picks)


@dataclass(frozen=True, slots=True)
class ListPicks:
    """Show what a location has to pick, pack and hand over."""

    location: Annotated[str, Arg.LOCATION] = ""
    works: Annotated[tuple[int, ...], Arg.NONE] = ()


@question("picks", ListPicks, Right.VIEW, aliases=("queue",), examples=("picks ber",))
def picks(ask: ListPicks, reader: Reader) -> PickQueue:
    place = _place(ask.location, reader)
    free = _read(reader, place, held=False, ids=ask.works)
    held = _read(reader, place, held=True, ids=ask.works)
    return PickQueue(
        location=place.code,
        location_name=place.name,
        shop_name=reader.shop.name,
        shop_email=reader.shop.email,
        at=reader.now.astimezone(ZoneInfo(place.time_zone)),
        picks=free[:PAGE],
        held=held[:PAGE],
        more=len(free) > PAGE,
    )


def _place(word: str, reader: Reader) -> Location:
    own = reader.actor.locations
    if not word and len(own) != 1:
        raise Invalid("The queue of which location?", "Write `picks ber`.")
    place = reader.shop.location(word or own[0])
    if reader.actor.role is Role.STORE and place.code not in own:
        names = ", ".join(own) or "no location yet"
        raise NotAllowed(f"You work at {names}, not at {place.code}.", "Look at your own queue.")
    return place


def _read(reader: Reader, place: Location, *, held: bool, ids: tuple[int, ...]) -> tuple[Pick, ...]:
    session = reader.session
    rows = queue_at(session, reader.shop.id, place.id, PAGE + 1, held=held, ids=ids)
    items: dict[int, list[PickItem]] = {}
    for item in items_of(session, [row.id for row in rows]):
        found = PickItem(item.id, item.sku, item.title, item.quantity)
        items.setdefault(item.fulfillment_id, []).append(found)
    reasons: dict[int, list[str]] = {}
    stay: set[int] = set()
    for hold in holds_of(session, [row.order_id for row in rows if row.held]):
        if held:
            reasons.setdefault(hold.order_id, []).append(f"{hold.reason} ({hold.placed_by})")
        elif hold.scope == "line":
            stay.add(hold.scope_id)
    mates = parcel_mates(session, [row.order_id for row in rows])
    picked = (
        _without(_pick(row, items.get(row.id, []), reasons.get(row.order_id, []), place), stay)
        for row in rows
    )
    return tuple(replace(each, together=tuple(mates.get(each.order_id, ()))) for each in picked)


def _without(pick: Pick, lines: set[int]) -> Pick:
    """The gate lets it go without these lines, so nobody fetches them."""
    if not lines:
        return pick
    stays = tuple(item for item in pick.items if item.line_id in lines)
    going = tuple(item for item in pick.items if item.line_id not in lines)
    return replace(pick, items=going, stays=stays)


def _due(place: Location, ready_at: datetime) -> datetime | None:
    return next_cutoff(calendar_of(place), ready_at) if place.cut_off else None


def _pick(row: Any, items: Sequence[PickItem], held: Sequence[str], place: Location) -> Pick:
    return Pick(
        id=row.id,
        number=row.number,
        order=row.order_number,
        order_id=row.order_id,
        version=row.version,
        stage=row.stage,
        priority=row.priority,
        placed_at=moment(row.placed_at),
        ready_at=moment(row.ready_at),
        promise=date.fromisoformat(row.promise) if row.promise else None,
        customer_name=row.customer_name,
        language=row.language,
        ship_to=_address(row.ship_to),
        note=row.note,
        items=tuple(items),
        held=tuple(held),
        gift=gift_of(from_json(row.extra), tuple(from_json(row.tags))),
        method=row.method,
        due=_due(place, moment(row.ready_at)),
    )
