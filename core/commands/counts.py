"""Counting: a count corrects the book; one that would break promises shows them and waits for a
second one; what is far from the book costs the shelf some of its trust."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from core.commands.placing import serve_queue
from core.commands.shelves import at_own_place, require_units
from core.commands.shorting import short, victims
from core.commands.stock import AdjustStock
from core.commands.transfers import stay_home
from core.db import counts as book
from core.db.carts import let_go, live_at
from core.db.incoming import units_planned
from core.db.shelf import Product
from core.db.shorting import promises_at
from core.db.unit_of_work import UnitOfWork
from core.domain import carts, counts
from core.domain.access import Right
from core.domain.carts import Held
from core.domain.cases import CaseKind, Finding
from core.domain.counts import FirstCount, Found, Picked
from core.domain.order import Order
from core.domain.refusals import Conflict, NotPossible
from core.domain.shop import Location
from core.domain.shorting import Loss
from core.domain.stock import Level, Move, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

ORDERS_NAMED = 5


@dataclass(frozen=True, slots=True)
class SetStock:
    """Say what was counted; `expected` is the figure that the counter saw in the book.

    `picked` says whether goods that are picked but have not left were counted, too.
    """

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    on_hand: Annotated[int, Arg.QUANTITY]
    expected: Annotated[int | None, Arg.QUANTITY] = None
    picked: Annotated[Picked | None, Arg.CHOICE] = None
    reason: Annotated[str, Arg.TEXT] = "counted"


@command(
    "count",
    SetStock,
    Right.SHELF,
    examples=("count mug-red ber 12", "count mug-red ber 12 10", "count mug-red ber 9 without"),
)
def set_stock(ask: SetStock, uow: UnitOfWork) -> Done:
    product, place = at_own_place(uow, ask.sku, ask.location)
    require_units(ask.on_hand, 0)
    counted = _in_the_house(uow, ask, product, place)
    sentence, facts = _take(uow, ask, product, place, counted)
    served = serve_queue(uow, [product.sku])
    if served:
        sentence += f" Served: {', '.join(served)}."
    return Done(sentence, {"sku": product.sku, "location": place.code, "served": served, **facts})


def _in_the_house(uow: UnitOfWork, ask: SetStock, product: Product, place: Location) -> int:
    """The counted units, and what stands picked beside the shelf."""
    promised = promises_at(uow.session, uow.shop.id, product.sku, place.id)
    units = sum(promise.quantity for promise in promised if promise.is_in_hand)
    if units and ask.picked is None:
        has = "has" if units == 1 else "have"
        words = f"count {product.sku} {place.code.lower()} {ask.on_hand}"
        raise NotPossible(
            f"{units} × {product.sku} picked at {place.code} {has} not left.",
            f"Were they counted, too? Write `{words} with` or `{words} without`.",
            code="picked",
        )
    return counts.on_hand(ask.on_hand, units, ask.picked or Picked.WITH)


def _take(
    uow: UnitOfWork, ask: SetStock, product: Product, place: Location, counted: int
) -> tuple[str, dict[str, object]]:
    """Believe the count, or keep it until a second one. Returns the sentence and small facts."""
    lost = _victims(uow, product.sku, place, counted)
    level = uow.stock.begun(product.sku, place.id)
    _require_seen(ask, level)
    loose = _held_for_carts(uow, level)
    found = _compare(uow, level, counted, loose)
    if sum(loss.units for loss in lost) != found.missing:
        lost = _lose(uow, product.sku, place, found.missing)  # it moved while orders were locked
    asked = book.open_count(uow.session, uow.shop.id, product.sku, place.id)
    first = asked.first if asked else None
    within = timedelta(hours=int(uow.shop.policy["count_again_hours"]))
    if not counts.is_believed(found, first, uow.now, within):
        return _doubt(uow, asked, product, place, found, lost)
    if asked is not None:
        book.settle(uow, asked, found.book, found.on_hand)
    _free_carts(uow, level, counted, loose)
    return _believe(uow, ask, level, place, found, lost)


def _victims(uow: UnitOfWork, sku: str, place: Location, counted: int) -> tuple[Loss, ...]:
    """Whom this would short, as the book stands before anything is locked."""
    levels = [level for level in uow.stock.levels([sku]) if level.location_id == place.id]
    if not levels:
        return ()
    uow.stock.lock_queue([sku])
    held = sum(one.quantity for one in _held_for_carts(uow, levels[0]))
    held += units_planned(uow.session, uow.shop.id, sku, place.id)
    return _lose(uow, sku, place, max(0, levels[0].reserved - held - counted))


def _lose(uow: UnitOfWork, sku: str, place: Location, units: int) -> tuple[Loss, ...]:
    return victims(uow, sku, place.id, units) if units else ()


def _require_seen(ask: SetStock, level: Level) -> None:
    if ask.expected is not None and ask.expected != level.on_hand:
        raise Conflict(
            f"{level.sku} has {level.on_hand} on hand, not {ask.expected}.",
            "Look at the new figure and send your change again.",
            code="stale_stock",
            facts={"sku": level.sku, "current": level.on_hand},
        )


def _held_for_carts(uow: UnitOfWork, level: Level) -> list[Held]:
    """Nobody was promised these yet: they go before any order loses."""
    if not uow.shop.uses_carts:
        return []
    return live_at(uow.session, uow.shop.id, level.sku, level.location_id)


def _free_carts(uow: UnitOfWork, level: Level, counted: int, loose: Sequence[Held]) -> None:
    """As many units as the shelf cannot hold: transfers stay at home first, then the carts that
    end first lose theirs."""
    missing = max(0, level.reserved - counted)
    missing -= stay_home(uow, level.sku, level.location_id, missing) if missing else 0
    gone = carts.first_units(loose, missing)
    let_go(uow, gone, loose, "released")
    uow.stock.move(carts.releases(gone))


def _compare(uow: UnitOfWork, level: Level, counted: int, loose: Sequence[Held]) -> Found:
    tolerance = int(uow.shop.policy["count_tolerance_percent"])
    promised = level.reserved - sum(one.quantity for one in loose)
    promised -= units_planned(uow.session, uow.shop.id, level.sku, level.location_id)
    return counts.compare(level.on_hand, promised, counted, tolerance)


# --- a count that is doubted ---------------------------------------------------------------------


def _doubt(
    uow: UnitOfWork,
    asked: book.OpenCount | None,
    product: Product,
    place: Location,
    found: Found,
    lost: Sequence[Loss],
) -> tuple[str, dict[str, object]]:
    asked = asked or book.ask_for(uow, None, product.sku, place.id)
    book.doubt(uow, asked, found.book, FirstCount(found.on_hand, uow.actor.name, uow.now))
    again = f"count {product.sku} {place.code.lower()} {found.on_hand} {found.book} with"
    are = "is" if found.missing == 1 else "are"
    sentence = (
        f"{place.code} would have {found.on_hand} × {product.sku}, and "
        f"{found.missing} more {are} promised: {who_loses(lost)}. Nothing has changed yet; "
        f"somebody counts once more: `{again}`."
    )
    facts = {"took_effect": False, "missing": found.missing, "orders": _numbers(lost)}
    return sentence, facts


def who_loses(lost: Sequence[Loss]) -> str:
    """`1003 would lose 2 and 1001 1`, the least urgent first."""
    units: dict[str, int] = defaultdict(int)
    for loss in lost:
        units[loss.promise.order] += loss.units
    said = [f"{number} would lose {n}" for number, n in units.items()]
    hidden = len(said) - ORDERS_NAMED
    return ", ".join(said[:ORDERS_NAMED]) + (f" and {hidden} more orders" if hidden > 0 else "")


def _numbers(lost: Sequence[Loss]) -> list[str]:
    return list(dict.fromkeys(loss.promise.order for loss in lost))


# --- a count that is believed --------------------------------------------------------------------


def _believe(
    uow: UnitOfWork,
    ask: SetStock,
    level: Level,
    place: Location,
    found: Found,
    lost: Sequence[Loss],
) -> tuple[str, dict[str, object]]:
    """Lower the book and short the least urgent promises in one move, or simply set it right."""
    reason = ask.reason.strip() or "counted"
    raised = _raised(uow, level, place, found)
    moves = _moves(level, found.difference, raised, reason)
    if lost:
        mended = short(uow, lost, level.sku, place.id, reason, moves)
    elif moves:
        uow.stock.move(moves)
    if found.alarming:
        _open_case(uow, level, place, found, raised)
    elif not (lost or raised):
        uow.undo = _undo(level, place, found)
    sentence = f"{place.code} has {found.on_hand} × {level.sku} on hand."
    if lost:
        sentence += _became(mended, level.sku)
    if raised > 0:
        sentence += f" Routing leaves {level.buffer + raised} of them alone until the next count."
    return sentence, {"took_effect": True, "orders": _numbers(lost)}


def _became(orders: Iterable[Order], sku: str) -> str:
    """Whose units come from elsewhere now, and who waits for stock with a case."""
    waits = [o.number for o in orders if any(x.sku == sku and x.backordered for x in o.lines)]
    moved = [o.number for o in orders if o.number not in waits]
    served = f" Served from other stock: {', '.join(moved)}." if moved else ""
    return served + (f" Short, with a case: {', '.join(waits)}." if waits else "")


def _moves(level: Level, difference: int, raised: int, reason: str) -> list[StockMove]:
    wanted = ((Move.ADJUST, difference), (Move.BUFFER, raised))
    return [
        StockMove(kind, level.sku, level.location_id, units, reason=reason)
        for kind, units in wanted
        if units
    ]


def _undo(level: Level, place: Location, found: Found) -> AdjustStock | None:
    """The units that it moved, back again: a count the other way would doubt its own figure."""
    if not found.difference:
        return None
    return AdjustStock(level.sku, place.code, -found.difference, "taken back: counted")


# --- trust ---------------------------------------------------------------------------------------


def _raised(uow: UnitOfWork, level: Level, place: Location, found: Found) -> int:
    """How many units more routing leaves alone here; a count near the book closes the case of an
    earlier one and gives back what that one had raised."""
    if found.alarming:
        return counts.raised_buffer(level.buffer, found) - level.buffer
    subject = _subject(level.sku, place)
    case = uow.cases.open_one(CaseKind.COUNT_OFF, subject)
    if case is None:
        return 0
    uow.cases.close(CaseKind.COUNT_OFF, subject, "the next count agreed with the book")
    return -min(level.buffer, int(case.facts["raised"]))


def _subject(sku: str, place: Location) -> str:
    return f"count:{place.id}:{sku}"


def _open_case(uow: UnitOfWork, level: Level, place: Location, found: Found, raised: int) -> None:
    facts = {"sku": level.sku, "counted": found.on_hand, "book": found.book, "raised": raised}
    finding = Finding(
        CaseKind.COUNT_OFF,
        _subject(level.sku, place),
        f"{place.code} counted {found.on_hand} × {level.sku}; the book said {found.book}. "
        "Find out why, then count again.",
        location_id=place.id,
        facts=facts,
    )
    known = uow.cases.open_one(finding.kind, finding.subject)
    if known is None:
        uow.cases.open(finding)
        return
    told = {**facts, "raised": int(known.facts["raised"]) + raised}
    uow.cases.save(known, replace(known, facts=told), finding.title)
