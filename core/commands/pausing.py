"""Pausing shipping: a carrier, a lane or a location stands still, and its orders find a way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from core.commands.behind import Outcome, outcome, outcomes
from core.commands.improving import demands_of, has, own_moves, untouched
from core.commands.placing import free, place_as, serve_queue
from core.db import pauses as db
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.carriers import PAGES, carrier_name
from core.domain.carts import with_own
from core.domain.order import Change, Order
from core.domain.pauses import FOREVER, Pause, read_target
from core.domain.refusals import Conflict, Invalid, NotFound, NotPossible
from core.domain.shop import Location, Shop
from core.domain.values import dataclass
from core.registry import Arg, Done, command

SETTLED_AT_ONCE = 25
REASON_MAX = 200


# --- what is meant --------------------------------------------------------------------------------


def pause_meant(
    shop: Shop, words: str, until: datetime | None, now: datetime, reason: str = "", by: str = ""
) -> Pause:
    """The pause behind the words. Raises Invalid, NotPossible where nobody knows who would be met.

    `until` may be missing for a location only: without it the dates of parcels cannot be counted.
    """
    carrier, origin, country = target_meant(shop, words)
    if until is not None and until <= now:
        raise Invalid("That moment has passed.", "Pause until a time that is still to come.")
    pause = Pause(carrier, origin, country, until or FOREVER, reason.strip()[:REASON_MAX], by)
    if until is None and not pause.is_of_location:
        raise Invalid(
            f"Until when is {pause.words} paused?",
            f"Write `pause {pause.words.lower()} until mon`.",
        )
    return pause


def target_meant(shop: Shop, words: str) -> tuple[str, str, str]:
    """(carrier, location code, country); raises Invalid, NotPossible."""
    said = read_target(words)
    place = _place(shop, said.who)
    if place is not None and not said.origin:
        return "", place.code, said.country
    carrier = _carrier(shop, said.who)
    return carrier, shop.location(said.origin).code if said.origin else "", said.country


def _place(shop: Shop, word: str) -> Location | None:
    try:
        return shop.location(word)
    except Invalid:
        return None


def _carrier(shop: Shop, word: str) -> str:
    name = carrier_name(word)
    usual = carrier_name(str(shop.policy["usual_carrier"]))
    used = {usual, *(lane.carrier for lane in shop.lanes.lanes)}
    known = {each.casefold(): each for each in (*PAGES, *sorted(used)) if each}
    found = known.get(name.casefold())
    if found is None:
        places = ", ".join(sorted(place.code for place in shop.locations.values()))
        raise Invalid(
            f"“{word}” is no carrier and no location.",
            f"Carriers: {', '.join(sorted(set(known.values())))}. Locations: {places}.",
        )
    if used == {""}:
        raise NotPossible(
            f"Nobody has said which parcels travel with {found}.",
            f"Name the usual carrier: `wismo policy set usual_carrier {found}`, "
            "or give lanes a carrier.",
            code="carrier_unknown",
        )
    return found


# --- pausing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartPause:
    """Ship nothing by a carrier, on a lane or from a location until a moment.

    Look first with `pause`; `orders` and `dates` are the figures of that preview. Work that
    nobody has touched goes elsewhere where that keeps a promise; customers whose date moves are
    told once.
    """

    what: Annotated[str, Arg.TEXT]
    until: Annotated[datetime | None, Arg.UNTIL] = None
    reason: Annotated[str, Arg.NONE] = ""
    orders: Annotated[int | None, Arg.NONE] = None
    dates: Annotated[int | None, Arg.NONE] = None

    def __post_init__(self) -> None:
        read_target(self.what)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How many orders are behind a pause, and how many dates move."""

    orders: int
    dates: int


def foresee(ask: StartPause, reader: Reader) -> Foreseen | None:
    """Counted outside the transaction; only a button brings figures to compare with."""
    if ask.orders is None:
        return None
    pause = pause_meant(reader.shop, ask.what, ask.until, reader.now)
    found = list(outcomes(reader, pause))
    return Foreseen(len(found), sum(each.day is not None for each in found))


@command(
    "pause now",
    StartPause,
    Right.PAUSE,
    prepare=foresee,
    looks_first=True,
    examples=("pause now dhl to GB until 28 nov", "pause now ber"),
)
def start_pause(ask: StartPause, uow: UnitOfWork, seen: Foreseen | None = None) -> Done:
    pause = pause_meant(uow.shop, ask.what, ask.until, uow.now, ask.reason, uow.actor.name)
    _require_seen(ask, pause, seen)
    for known in uow.shop.pauses:
        if known.target == pause.target:
            if known.until == pause.until:
                raise NotPossible(f"{pause.words} is paused until then already.", code="already")
            db.end(uow, known, uow.actor.name)
    pause = replace(pause, id=db.start(uow, pause), since=uow.now)
    is_all = _settle(uow, pause)
    figures = db.figures(uow.session, pause)
    if is_all and not (figures.moved or figures.dates):
        uow.undo = EndPause(pause.words)  # else people may have been told already
    return Done(_started(uow, pause, is_all), {"pause": pause.words, "id": pause.id})


def _require_seen(ask: StartPause, pause: Pause, seen: Foreseen | None) -> None:
    if seen is None or (ask.orders, ask.dates) == (seen.orders, seen.dates):
        return
    raise Conflict(
        f"What pausing {pause.words} means has changed since you looked; nothing was done.",
        "Look at the new preview, then confirm again.",
        code="preview_changed",
    )


def _started(uow: UnitOfWork, pause: Pause, is_all: bool) -> str:
    figures = db.figures(uow.session, pause)
    said = [f"{pause.words} is paused."]
    if figures.orders:
        told = f"{_orders(figures.orders)} behind it: {figures.moved} shipped from elsewhere now, "
        said.append(f"{told}{figures.dates} with a later date.")
    if not is_all:
        said.append("The rest is worked through within minutes.")
    return " ".join(said)


def _orders(number: int) -> str:
    return f"{number} order" if number == 1 else f"{number} orders"


# --- the orders behind it -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettlePauses:
    """Think the orders behind a new pause through, some at a time; end what is over."""


@command("settle pauses", SettlePauses, Right.MACHINERY, in_chat=False)
def settle_pauses(_: SettlePauses, uow: UnitOfWork) -> Done:
    over = [pause for pause in uow.shop.pauses if pause.until <= uow.now]
    for pause in over:
        db.end(uow, pause, "time")
    waiting = db.unsettled(uow.session, uow.shop.id) if uow.shop.pauses else None
    more = waiting is not None and not _settle(uow, waiting)
    return Done(f"{len(over)} pauses are over.", {"ended": len(over), "more": more})


def _settle(uow: UnitOfWork, pause: Pause) -> bool:
    """The next orders behind a pause; True when these were the last."""
    since = pause.since or uow.now
    after = db.settled_to(uow.session, pause)
    ids: list[int] = []
    for order_id in db.orders_behind(uow.session, uow.shop.id, pause, since, after):
        if len(ids) == SETTLED_AT_ONCE:
            break
        ids.append(order_id)
    orders = [uow.orders.own(order_id) for order_id in ids]  # all locked before any stock
    for order in orders:
        _apply(uow, uow.orders.own(order.id), pause)
    is_all = len(ids) < SETTLED_AT_ONCE
    db.note_settled(uow, pause, ids[-1] if ids else after, is_all=is_all)
    return is_all


def _apply(uow: UnitOfWork, order: Order, pause: Pause) -> None:
    found = outcome(uow, order, pause)
    if found is None:
        return
    if found.plan is not None and not _goes_elsewhere(uow, order, found):
        found = replace(found, plan=None, to="")
    if found.day is not None:
        _tell(uow, uow.orders.own(order.id), found.day, pause)
    db.note_order(uow, pause, order.id, (found.promise, found.day), found.to)


def _tell(uow: UnitOfWork, order: Order, day: date, pause: Pause) -> None:
    """The new date is the promise from now on; the customer hears of it by this fact."""
    until = pause.until.date().isoformat()
    after = replace(order, promise=day, promise_basis=f"{pause.words} is paused until {until}")
    promised = order.promise.isoformat() if order.promise else None
    reason = "warehouse" if pause.is_of_location else "carrier_paused"
    uow.orders.save(Change(after, (e.PromiseChanged(promised, day.isoformat(), reason),)))


def _goes_elsewhere(uow: UnitOfWork, order: Order, found: Outcome) -> bool:
    """Move the work, unless its goods are gone meanwhile; then it waits where it is."""
    works, plan = untouched(uow, order), found.plan
    if not works or plan is None:
        return False
    own = own_moves(works)
    uow.stock.lock_queue([move.sku for move in own])
    there = with_own(uow.stock.levels([demand.sku for demand in demands_of(own)]), own)
    if not has(there, uow, plan.picks):
        return False
    freed = uow.orders.save(Change(free(uow, order, works)))
    place_as(uow, freed, plan)
    serve_queue(uow, [move.sku for move in own])
    return True


# --- resuming -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EndPause:
    """Ship by a paused carrier, on a paused lane or from a paused location again."""

    what: Annotated[str, Arg.TEXT]

    def __post_init__(self) -> None:
        read_target(self.what)


@command("resume", EndPause, Right.PAUSE, examples=("resume dhl", "resume dhl to GB", "resume ber"))
def end_pause(ask: EndPause, uow: UnitOfWork) -> Done:
    target = target_meant(uow.shop, ask.what)
    meant = [pause for pause in uow.shop.pauses if pause.target == target]
    if not meant:
        words = Pause(*target, FOREVER).words
        known = ", ".join(f"`resume {pause.words.lower()}`" for pause in uow.shop.pauses)
        raise NotFound(f"{words} is not paused.", f"Paused: {known}." if known else "Nothing is.")
    db.end(uow, meant[0], uow.actor.name)
    said = f"{meant[0].words} is not paused any more."
    return Done(f"{said} What was sent around it is looked at again.", {"pause": meant[0].words})
