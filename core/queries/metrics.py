"""The day at a glance: `today` for the shop or for one location."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from core.db import metrics, scanning
from core.db.cases import count_open_cases
from core.db.reading import Reader
from core.db.telling import lag_of_shop
from core.domain import detect
from core.domain.access import Right, Role
from core.domain.metrics import Counted, Day, Today, Waits, local_day, their_count
from core.domain.refusals import NotAllowed
from core.domain.shop import Location
from core.domain.values import dataclass
from core.queries.holds import blocked_orders
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class ShowToday:
    """Show the day in figures: placed, shipped, late, held, cases, returns and refunds."""

    location: Annotated[str, Arg.LOCATION] = ""


@question("today", ShowToday, Right.VIEW, examples=("today", "today ber"))
def today(ask: ShowToday, reader: Reader) -> Today:
    places = _places(ask, reader)
    ids = None if places is None else [place.id for place in places]
    zone = places[0].time_zone if places else reader.shop.time_zone
    day = local_day(reader.now, zone)
    session, shop_id = reader.session, reader.shop.id
    return Today(
        day=day.date,
        location=" ".join(place.code for place in places or ()),
        placed=metrics.placed(session, shop_id, day, ids),
        shipped=metrics.shipped(session, shop_id, day, ids),
        delivered=metrics.delivered(session, shop_id, day, ids),
        past_cutoff=_past_cutoff(reader, ids),
        held=metrics.held(session, shop_id, ids),
        cases=count_open_cases(reader, ids),
        returns_requested=metrics.returns_requested(session, shop_id, day, ids),
        returns_received=metrics.returns_received(session, shop_id, day, ids),
        refunds_due=metrics.refunds_due(session, shop_id, ids),
        refunds_recorded=metrics.refunds_recorded(session, shop_id, day, ids),
        counted=() if places else _counted(reader, day),
        told=None if places else lag_of_shop(session, reader.now, reader.shop),
        waits=_waits(reader, ids),
    )


def _waits(reader: Reader, ids: list[int] | None) -> tuple[Waits, ...]:
    """Whom the blocked orders wait for, whoever has most of them first."""
    found = blocked_orders(reader, ids)
    waiting = Counter(each.next.party for each in found)
    late = Counter(each.next.party for each in found if each.next.escalated)
    return tuple(Waits(party, n, late[party]) for party, n in waiting.most_common())


def _places(ask: ShowToday, reader: Reader) -> list[Location] | None:
    """The named place; people of a store see their own places and no others."""
    own = reader.actor.locations if reader.actor.role is Role.STORE else None
    if ask.location:
        place = reader.shop.location(ask.location)
        if own is not None and place.code not in own:
            raise NotAllowed(f"You cannot look at {place.code}.", f"Your own: {', '.join(own)}.")
        return [place]
    return None if own is None else [reader.shop.location(code) for code in own]


def _past_cutoff(reader: Reader, ids: list[int] | None) -> int:
    works = scanning.open_work(reader.session, reader.shop.id, reader.now)
    mine = [work for work in works if ids is None or work.location_id in ids]
    late = detect.past_cutoff(mine, reader.shop.locations, reader.now)
    return len({finding.order_id for finding in late})


def _counted(reader: Reader, day: Day) -> tuple[Counted, ...]:
    """Each shop's snapshot beside our count of that same moment."""
    shops = metrics.shops_counts(reader.session, reader.shop.id, day)
    return tuple(_compared(reader, day, *shop) for shop in shops)


def _compared(reader: Reader, day: Day, name: str, told: object, ours: int) -> Counted:
    theirs = their_count(told, day.date)
    at = None if theirs is None else _counted_at(told)
    if at is None:
        return Counted(name, theirs, ours)
    until = metrics.shops_counts(reader.session, reader.shop.id, replace(day, end=at))
    then = next(count for shop, _, count in until if shop == name)
    return Counted(name, theirs, then, at)


def _counted_at(told: object) -> datetime | None:
    at = told.get("at") if isinstance(told, dict) else None
    return datetime.fromisoformat(at) if isinstance(at, str) else None
