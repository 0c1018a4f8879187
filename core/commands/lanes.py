"""Lanes and shipping methods: how long parcels travel, and which words mean which method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from core.commands.imports import ImportedRow, each_row
from core.db import lanes as db
from core.db import roster
from core.db.unit_of_work import UnitOfWork
from core.domain import cells
from core.domain.access import Right
from core.domain.lanes import STANDARD, Lane, checked_lane, require_method
from core.domain.refusals import Invalid, NotFound
from core.domain.values import dataclass
from core.registry import Arg, Done, command

LANES_MAX = 20_000  # they ride with the shop in memory
LINE_MAX = 100


@dataclass(frozen=True, slots=True)
class ImportLanes:
    """Make or change lanes; a row's key is its country. With `dry_run` only say what would be."""

    rows: tuple[ImportedRow, ...]
    dry_run: bool = False

    def audited(self) -> dict[str, Any]:
        return {"rows": len(self.rows), "dry_run": self.dry_run}


@command("import lanes", ImportLanes, Right.MANAGE, in_chat=False)
def import_lanes(ask: ImportLanes, uow: UnitOfWork) -> Done:
    known = {_ends(lane): lane for lane in uow.shop.lanes.lanes}
    codes = {site.code for site in uow.shop.locations.values()}

    def one(row: ImportedRow) -> str:
        lane = _lane(row.key, row.values)
        if len(lane.origin) > 2 and lane.origin not in codes:
            raise Invalid(f"There is no location {lane.origin}.", "Name one, a country or nothing.")
        before = known.get(_ends(lane))
        if before is None and len(known) >= LANES_MAX:
            raise Invalid(f"A shop has {LANES_MAX:,} lanes at most.")
        known[_ends(lane)] = lane
        if lane == before:
            return "same"
        if not ask.dry_run:
            db.put_lane(uow, lane)
        return "made" if before is None else "changed"

    return each_row(ask.rows, one, "lane")


_TEXTS = ("origin", "zip_prefix", "method", "carrier")
LANE: dict[str, cells.Read] = {
    **dict.fromkeys(_TEXTS, cells.text),
    **dict.fromkeys(("days", "cost"), cells.whole),
}


def _lane(country: str, row: Mapping[str, Any]) -> Lane:
    told = cells.known(row, LANE)
    return checked_lane(
        told.get("origin", ""),
        country,
        told.get("zip_prefix", ""),
        told.get("method", STANDARD),
        cells.whole(told, "days"),
        told.get("cost"),
        told.get("carrier", ""),
    )


def _ends(lane: Lane) -> tuple[str, str, str, str, str]:
    return lane.origin, lane.country, lane.zip_prefix, lane.method, lane.carrier


@dataclass(frozen=True, slots=True)
class DropLane:
    """Take a lane out of the table, named as the table shows it."""

    country: Annotated[str, Arg.WORD]
    zip_prefix: Annotated[str, Arg.WORD] = ""
    method: Annotated[str, Arg.WORD] = STANDARD
    origin: Annotated[str, Arg.WORD] = ""
    carrier: Annotated[str, Arg.WORD] = ""


@command("lane drop", DropLane, Right.MANAGE, examples=("lane drop DE 25849 standard BER",))
def drop_lane(ask: DropLane, uow: UnitOfWork) -> Done:
    lane = checked_lane(ask.origin, ask.country, ask.zip_prefix, ask.method, 0, None, ask.carrier)
    known = next((one for one in uow.shop.lanes.lanes if _ends(one) == _ends(lane)), None)
    if known is None or not db.drop_lane(uow, lane):
        raise NotFound(f"There is no lane from {lane.words}.", "Write `lanes` to see the table.")
    uow.undo = ImportLanes((_row(known),))
    return Done(f"The lane from {lane.words} is gone.")


def _row(lane: Lane) -> ImportedRow:
    values = {name: getattr(lane, name) for name in LANE if getattr(lane, name) is not None}
    return ImportedRow(1, lane.country, values)


@dataclass(frozen=True, slots=True)
class NameShipping:
    """Say which method a channel's shipping line means; `standard` forgets what was said."""

    method: Annotated[str, Arg.WORD]
    line: Annotated[str, Arg.TEXT]


@command(
    "shipping", NameShipping, Right.MANAGE, examples=("shipping express DHL Paket bis morgen",)
)
def name_shipping(ask: NameShipping, uow: UnitOfWork) -> Done:
    method, words = require_method(ask.method), " ".join(ask.line.casefold().split())
    if not 1 <= len(words) <= LINE_MAX:
        raise Invalid(f"A shipping line has 1 to {LINE_MAX} characters.")
    stored = roster.settings_of(uow.session, uow.shop.id)
    named = {**stored.get("shipping", {}), words: method}
    before = dict(uow.shop.shipping).get(words, STANDARD)
    uow.people.set_shop(settings=stored | {"shipping": named})
    uow.undo = NameShipping(before, ask.line)
    return Done(f"“{ask.line.strip()}” means {method} now.", {"before": before})
