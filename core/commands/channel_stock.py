"""Telling the channels what they may sell: what is kept back from whom, and what has moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from core.commands.shelves import find_or_say
from core.db import catalog
from core.db import tables as t
from core.db.rows import micros
from core.db.shelf import Untold, mark_told, move_nothing, untold_levels
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.channel_stock import (
    NOTHING,
    UNITS_MOST,
    KeepBack,
    KeepRules,
    read_keep,
    rules_of,
    told_channels,
)
from core.domain.kits import Part, behind
from core.domain.refusals import Invalid, NotPossible
from core.domain.shop import Connection, Mode, Shop
from core.domain.values import dataclass
from core.registry import Arg, Done, command


@dataclass(frozen=True, slots=True)
class KeepBackStock:
    """Keep units (2) or a share (10%) of the stock from a channel, of every SKU or of one."""

    units: Annotated[str, Arg.WORD]
    channel: Annotated[str, Arg.WORD]
    sku: Annotated[str, Arg.SKU] = ""


@command(
    "keep-back",
    KeepBackStock,
    Right.STOCK,
    examples=("keep-back 2 nordlicht", "keep-back 10% nordlicht mug-red"),
)
def keep_back(ask: KeepBackStock, uow: UnitOfWork) -> Done:
    connection = channel_named(uow.shop, ask.channel)
    keep = read_keep(ask.units)
    sku = find_or_say(uow, ask.sku).sku if ask.sku else ""
    rules = rules_of(connection)
    before = rules.for_sku(sku) if sku else rules.usual
    if before == keep:
        raise NotPossible(f"{keep} are kept back from {connection.name} already.")
    _keep_rules(uow, connection, rules.changed(sku, keep))
    tell_anew(uow, sku)
    uow.undo = KeepBackStock(_typed(before), connection.name, sku)
    of_what = f" of {sku}" if sku else " of each SKU"
    said = (
        f"{keep}{of_what} are kept back from" if keep != NOTHING else f"All{of_what} is offered to"
    )
    return Done(f"{said} {connection.name}.", {"connection": connection.name, "sku": sku})


def _keep_rules(uow: UnitOfWork, connection: Connection, rules: KeepRules) -> None:
    config = {**connection.config, "stock": rules.as_config()}
    uow.people.put(t.connection, {"name": connection.name}, {"config": config})


def _typed(keep: KeepBack) -> str:
    return f"{keep.percent}%" if keep.percent else str(keep.units)


def channel_named(shop: Shop, word: str) -> Connection:
    known = told_channels(shop)
    for connection in known:
        if word.strip().casefold() == connection.name.casefold():
            return connection
    names = ", ".join(connection.name for connection in known) or "none yet"
    raise Invalid(f"No channel “{word}” is told of stock.", f"Channels: {names}.")


@dataclass(frozen=True, slots=True)
class TellEndless:
    """Say how many units a channel is told of what a supplier always has."""

    units: Annotated[int, Arg.QUANTITY]
    channel: Annotated[str, Arg.WORD]


@command("tell-endless", TellEndless, Right.STOCK, examples=("tell-endless 50 nordlicht",))
def tell_endless(ask: TellEndless, uow: UnitOfWork) -> Done:
    connection = channel_named(uow.shop, ask.channel)
    rules = rules_of(connection)
    if not 0 <= ask.units <= UNITS_MOST:
        raise Invalid(f"{ask.units} units make no sense.", f"Write 0 to {UNITS_MOST:,}.")
    if rules.endless == ask.units:
        raise NotPossible(f"{connection.name} is told {ask.units} already.", code="already")
    _keep_rules(uow, connection, replace(rules, endless=ask.units))
    move_nothing(uow, "")
    uow.undo = TellEndless(rules.endless, connection.name)
    return Done(
        f"{connection.name} is told {ask.units} of what a supplier always has, unless it sells "
        "that without counting.",
        {"connection": connection.name, "units": ask.units},
    )


# --- telling -------------------------------------------------------------------------------------


def plan_stock_pushes(uow: UnitOfWork, most: int = 200) -> int:
    """A chore: one effect per moved level and connected shop that carries it. Returns levels told.

    The figure is read when the effect is carried out, so that it is never an old one. Nothing is
    told in watch mode, nor ticked off: when the shop leaves it, every level is told.
    """
    if uow.shop.mode is Mode.WATCH:
        return 0
    levels = untold_levels(uow.session, uow.shop.id, most)
    moved = [level for level in levels if mark_told(uow.session, uow.shop.id, level)]
    for connection in told_channels(uow.shop):
        for level in moved:
            for location_id in _touched(uow.shop, connection, level, level.sku):
                _push(uow, connection, _news(level, location_id))
        for news in _kit_news(uow, connection, moved):
            _push(uow, connection, news)
    return len(moved)


@dataclass(frozen=True, slots=True)
class _News:
    """Another figure of a SKU at a place; `word` makes it another one than the last."""

    sku: str
    location_id: int
    word: str
    moved_at: int | None
    product_ids: Mapping[str, str]


def _news(level: Untold, location_id: int) -> _News:
    elsewhere = location_id != level.location_id
    word = f"{level.location_id}:{level.version}" if elsewhere else str(level.version)
    return _News(level.sku, location_id, word, level.moved_at, level.product_ids)


def _touched(shop: Shop, connection: Connection, level: Untold, sku: str) -> Iterable[int]:
    """Where something is kept back from the pool, a move at one place may show at another."""
    rules = rules_of(connection)
    if rules.for_sku(level.sku) == NOTHING == (rules.for_kit(sku) if sku != level.sku else NOTHING):
        return (level.location_id,)
    return shop.locations


def _kit_news(uow: UnitOfWork, connection: Connection, moved: Sequence[Untold]) -> Iterable[_News]:
    """Once per kit and place, whichever of its parts moved; heard since the first of them did."""
    holding = _kits_by_part(uow.shop.kits) if uow.shop.kits else {}
    first: dict[tuple[str, int], Untold] = {}
    for level in sorted(moved, key=lambda level: level.moved_at or 0):
        for kit in holding.get(level.sku, ()):
            for location_id in _touched(uow.shop, connection, level, kit):
                first.setdefault((kit, location_id), level)
    known = catalog.products(uow.session, uow.shop.id, sorted({kit for kit, _ in first}))
    for (kit, place), level in sorted(first.items()):
        word = f"{level.sku}:{level.location_id}:{level.version}"
        yield _News(kit, place, word, level.moved_at, catalog.ids_of(known.get(kit)))


def _kits_by_part(kits: Mapping[str, Sequence[Part]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kit, parts in kits.items():
        for part in parts:
            found.setdefault(part.sku, []).append(kit)
    return found


def tell_anew(uow: UnitOfWork, sku: str) -> None:
    """Another figure will be told of the same stock: of one SKU, of a kit, or (none) of all."""
    for name in behind(uow.shop.kits, sku):
        move_nothing(uow, name)


def tell_once(uow: UnitOfWork, sku: str) -> None:
    """What stands on no shelf has no level that would be told: tell it now, at every place."""
    if uow.shop.mode is Mode.WATCH:
        return
    ids = catalog.ids_of(catalog.products(uow.session, uow.shop.id, [sku]).get(sku))
    for connection in told_channels(uow.shop):
        for location_id in uow.shop.locations:
            word = f"command:{uow.command_id}"
            _push(uow, connection, _News(sku, location_id, word, micros(uow.now), ids))


def _push(uow: UnitOfWork, connection: Connection, news: _News) -> None:
    place = uow.shop.locations[news.location_id]
    key = str(connection.id)
    if key not in news.product_ids or key not in place.external_ids:
        return
    lane = f"stock:{connection.id}:{news.sku}:{news.location_id}"
    uow.outbox.add(
        "shopify.stock",
        f"{lane}:{news.word}",
        {"sku": news.sku, "location_id": news.location_id, "moved_at": _due_since(uow.shop, news)},
        lane=lane,
        connection_id=connection.id,
    )


def _due_since(shop: Shop, news: _News) -> int | None:
    """Nobody is told anything before a shop goes live: what moved before is news since then."""
    if news.moved_at is None or shop.live_since is None:
        return news.moved_at
    return max(news.moved_at, micros(shop.live_since))
