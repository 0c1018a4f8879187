"""Bringing tables in: locations, products and stock, row by row, so that twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from core.commands.placing import open_short_case, open_unknown_case, place, serve_queue
from core.commands.setup import location_values
from core.db import catalog, channels, pauses
from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain import cells
from core.domain.access import Right
from core.domain.cases import CaseKind
from core.domain.channel_stock import kept_from
from core.domain.pauses import FOREVER, Pause
from core.domain.refusals import Invalid, NotFound, NotPossible, Refusal
from core.domain.shop import Connection, Shop
from core.domain.stock import Level, Move, StockMove, free
from core.domain.values import dataclass
from core.registry import Done, command

ROWS_MAX = 500
_TEXTS = ("name", "kind", "street", "zip", "city", "country", "time_zone", "hours", "cut_off")
LOCATION: dict[str, cells.Read] = {
    **dict.fromkeys((*_TEXTS, "channel"), cells.text),
    **dict.fromkeys(("lat", "lon"), cells.number),
    **dict.fromkeys(("rank", "parcel_cost", "unit_cost"), cells.whole),
    **dict.fromkeys(("closing_days", "groups", "abilities"), cells.words),
    **dict.fromkeys(("active", "starts_paused"), cells.yes),
}
PRODUCT: dict[str, cells.Read] = {
    **dict.fromkeys(("title", "barcode", "category"), cells.text),
    **dict.fromkeys(("price", "cost", "weight"), cells.whole),
    "flags": cells.words,
    "active": lambda row, name: int(cells.yes(row, name)),
}
STOCK: dict[str, cells.Read] = {
    "location": cells.text,
    **dict.fromkeys(("on_hand", "available", "safety"), cells.whole),
}


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row of a table: where it stood, what names it, and what it says.

    `external` maps a connection's name to the id that the row has there.
    """

    line: int
    key: str
    values: Mapping[str, Any]
    external: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportLocations:
    """Make or change locations; with `dry_run` only say what would happen.

    A row may say `starts_paused`: a new location is made so, a known one is left as it is.
    """

    rows: tuple[ImportedRow, ...]
    dry_run: bool = False

    def audited(self) -> dict[str, Any]:
        return {"rows": len(self.rows), "dry_run": self.dry_run}


@command("import locations", ImportLocations, Right.MANAGE, in_chat=False)
def import_locations(ask: ImportLocations, uow: UnitOfWork) -> Done:
    known = catalog.locations(uow.session, uow.shop.id)

    def one(row: ImportedRow) -> str:
        code = row.key.strip().upper()
        if not code:
            raise Invalid("A location needs a code.", "Give it one, such as BER.")
        before = known.get(code)
        told = cells.known(row.values, LOCATION)
        starts_paused = told.pop("starts_paused", False)
        values: dict[str, Any] = {"name": code} if before is None else {}
        values |= location_values(told)
        values |= _external(uow.shop, row, before)
        outcome = catalog.outcome(before, catalog.as_row(values))
        if outcome != "same" and not ask.dry_run:
            uow.people.put(t.location, {"code": code}, values)
            if starts_paused and before is None:
                pauses.start(uow, Pause("", code, "", FOREVER, by=uow.actor.name))
        return outcome

    return each_row(ask.rows, one, "location")


@dataclass(frozen=True, slots=True)
class ImportProducts:
    """Make or change products; with `dry_run` only say what would happen."""

    rows: tuple[ImportedRow, ...]
    dry_run: bool = False

    def audited(self) -> dict[str, Any]:
        return {"rows": len(self.rows), "dry_run": self.dry_run}


@command("import products", ImportProducts, Right.MANAGE, in_chat=False)
def import_products(ask: ImportProducts, uow: UnitOfWork) -> Done:
    known = catalog.products(uow.session, uow.shop.id, [row.key for row in ask.rows])

    def one(row: ImportedRow) -> str:
        if not row.key.strip():
            raise Invalid("A product needs a SKU.", "Give it the one of your shop.")
        before = known.get(row.key)
        values = catalog.as_row(
            {**cells.known(row.values, PRODUCT), **_external(uow.shop, row, before)}
        )
        outcome = catalog.outcome(before, values)
        if outcome != "same" and not ask.dry_run:
            catalog.put_product(uow, row.key, before, values)
        return outcome

    done = each_row(ask.rows, one, "product")
    if not ask.dry_run:
        _route_what_waited(uow, {row.key for row in ask.rows} - set(known))
    return done


def _route_what_waited(uow: UnitOfWork, new_skus: set[str]) -> None:
    """Orders that were kept back for an unknown SKU go on by themselves once it is known."""
    for case in uow.cases.open_of_kind(CaseKind.UNKNOWN_SKU):
        if case.order_id is None or not new_skus & set(case.facts.get("skus", ())):
            continue
        order = uow.orders.by_id(case.order_id)
        after = place(uow, order)
        open_short_case(uow, after)
        open_unknown_case(uow, after)


@dataclass(frozen=True, slots=True)
class ImportStock:
    """Set what is on hand and the safety stock; rows are keyed by SKU and name a location.

    A row may say `available` in place of `on_hand`: what `connection` may sell there. What is
    promised, kept back or left out of that figure lies beside it.
    Without `overwrite`, levels that moved for another reason than this are reported, not changed.
    """

    rows: tuple[ImportedRow, ...]
    reason: str
    dry_run: bool = False
    overwrite: bool = True
    connection: str = ""

    def audited(self) -> dict[str, Any]:
        return {"rows": len(self.rows), "reason": self.reason, "dry_run": self.dry_run}


@command("import stock", ImportStock, Right.STOCK, in_chat=False)
def import_stock(ask: ImportStock, uow: UnitOfWork) -> Done:
    skus = sorted({row.key for row in ask.rows})
    known = uow.stock.known(skus)
    moved: set[tuple[str, int]] = set()
    if not ask.overwrite:
        moved = catalog.moved_otherwise(uow.session, uow.shop.id, skus, ask.reason)
    unsaid = _Unsaid(uow, skus, _connection(uow.shop, ask.connection) if ask.connection else None)
    arrived: set[str] = set()

    def one(row: ImportedRow) -> str:
        if row.key not in known:
            raise Invalid(f"There is no product {row.key}.", "Import the products first.")
        if row.key in uow.shop.kits:
            raise Invalid(f"{row.key} is a kit; its parts are counted.", "Bring in the parts.")
        told = cells.known(row.values, STOCK)
        location_id = uow.shop.location(cells.text(told, "location")).id
        level = _level(uow, row.key, location_id)
        moves = _to_reach(level, told, unsaid.at(level), ask.reason)
        if moves and (row.key, location_id) in moved:
            raise _differs(uow.shop, level, told, unsaid.at(level))
        if moves and not ask.dry_run:
            uow.stock.move(moves)
            arrived.add(row.key)
        return "changed" if moves else "same"

    done = each_row(ask.rows, one, "stock")
    if arrived:
        serve_queue(uow, arrived)
    return done


class _Unsaid:
    """How much of a level a figure of what is available leaves out, beside promises and floors.

    A store was told less than there is: without the buffer, and without what is kept back from
    it. Where it was never told anything, its figure is its own count and leaves nothing out.
    """

    def __init__(self, uow: UnitOfWork, skus: Sequence[str], connection: Connection | None) -> None:
        self._everywhere = connection is None
        self._told, self._kept = set[tuple[str, int]](), dict[tuple[str, int], int]()
        if connection is not None:
            self._told = channels.told_levels(uow.session, connection.id, skus)
            self._kept = kept_from(uow.shop, connection, uow.stock.levels(skus))

    def at(self, level: Level) -> int:
        here = (level.sku, level.location_id)
        if not self._everywhere and here not in self._told:
            return 0
        return level.buffer + self._kept.get(here, 0)


def _to_reach(level: Level, told: cells.Row, unsaid: int, reason: str) -> list[StockMove]:
    """The moves that lead from what the book says to what the row says."""
    safety = cells.whole(told, "safety") if "safety" in told else level.safety
    wanted = _wanted(level, told, safety, unsaid)
    if wanted < level.reserved:
        raise Invalid(
            f"{level.reserved} × {level.sku} are promised to orders; {wanted} cannot be all "
            "there is.",
            "Move or cancel those orders first.",
        )
    changes = (
        (Move.ADJUST, wanted - level.on_hand),
        (Move.SAFETY, safety - level.safety),
    )
    return [
        StockMove(kind, level.sku, level.location_id, change, reason=reason)
        for kind, change in changes
        if change
    ]


def _wanted(level: Level, told: cells.Row, safety: int, unsaid: int) -> int:
    """The units on hand that a row means."""
    if "available" not in told:
        return cells.whole(told, "on_hand")
    theirs = cells.whole(told, "available")
    if theirs == _ours(level, unsaid) and safety == level.safety:
        return level.on_hand
    return theirs + unsaid + level.reserved + safety + level.frozen


def _ours(level: Level, unsaid: int) -> int:
    return max(0, int(free(level)) - unsaid)


def _level(uow: UnitOfWork, sku: str, location_id: int) -> Level:
    found = uow.stock.level(sku, location_id)
    return found[0] if found else Level(sku, location_id, 0, 0)


def _differs(shop: Shop, level: Level, told: cells.Row, unsaid: int) -> Refusal:
    code = shop.locations[level.location_id].code
    if "available" in told:
        here, there = _ours(level, unsaid), f"{told['available']} there"
        said = f"{code} has {here} available here and {there}"
    else:
        said = f"{code} has {level.on_hand} on hand here and {told['on_hand']} there"
    return NotPossible(f"{said}, and it has moved here since.", "`--overwrite` takes their figure.")


# --- shared ----------------------------------------------------------------------------------


def each_row(rows: Sequence[ImportedRow], one: Callable[[ImportedRow], str], what: str) -> Done:
    """Do row by row; a row that is refused is named and the others go on."""
    if len(rows) > ROWS_MAX:
        raise Invalid(f"{len(rows)} rows are too many at once.", f"Send {ROWS_MAX} at most.")
    counts = {"made": 0, "changed": 0, "same": 0}
    problems = []
    for row in rows:
        try:
            counts[one(row)] += 1
        except Refusal as refusal:
            problems.append([row.line, what, str(refusal)])
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    return Done(f"Rows: {told}, {len(problems)} refused.", {**counts, "problems": problems})


def _external(
    shop: Shop, row: ImportedRow, before: Mapping[str, Any] | None
) -> dict[str, dict[str, str]]:
    """The row's ids in connected systems, beside those that are known already."""
    if not row.external:
        return {}
    known = catalog.ids_of(before)
    told = {str(_connection(shop, name).id): external for name, external in row.external.items()}
    return {"external_ids": known | told}


def _connection(shop: Shop, name: str) -> Connection:
    found = next((one for one in shop.connections.values() if one.name == name), None)
    if found is None:
        raise NotFound(f"There is no connection {name}.", "See `wismo connection list`.")
    return found
